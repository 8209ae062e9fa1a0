import ConsensusCore
import PaxosNode
import Simulation
import StateMachines

/// How the nodes and clients of one run are set up, drawn from its seed.
struct LogTuning {
    var options = LogOptions()
    /// What is remembered of client sessions.
    var sessions = SessionSizes()
    /// Whether the last client forges commands of others' sessions.
    let hasForger: Bool
    /// How many operations a life of a client begins, and how many at a time.
    let operations: Int
    let outstanding: Int
    /// How long a client waits at most between two operations.
    let pause: Interval
    /// How long its calls wait for an answer.
    let timeout: ClosedRange<Interval>

    init(_ plan: Plan) {
        var random = RandomSource(seed: Dice.mix(plan.seed ^ 0x5455_4e45))
        // Tiny, so that slots are forgotten and snapshots sent all the time.
        if random.below(4) != 0 { options.snapshotSlots = UInt64(random.number(in: 0...8)) }
        if random.below(4) != 0 { options.snapshotBytes = random.number(in: 100...2_000) }
        options.keptSlots = UInt64(random.number(in: 0...6))
        // Few, so that those of former lives are forgotten all the time. With fewer than there are clients
        // these could have each other's forgotten for ever.
        let clients = plan.shape.last ?? 0
        if random.below(4) == 0 {
            sessions.limit = max(0, clients - 1) + random.number(in: 1...3)
        }
        let few = random.number(in: random.below(3) == 0 ? 12...40 : 1...12)
        // Whoever is to lead alone must have something to do all the time.
        operations = plan.hasSolos ? max(few, 24) : few
        outstanding = [1, 1, 2, 4][random.number(in: 0...3)]
        let drawn = Interval.milliseconds(Int64([1, 20, 100, 400][random.number(in: 0...3)]))
        pause = plan.hasSolos ? max(drawn, .milliseconds(100)) : drawn
        timeout =
            random.below(2) == 0
            ? .milliseconds(100)...Interval.milliseconds(600)
            : .milliseconds(500)...Interval.seconds(4)
        var others = RandomSource(seed: Dice.mix(plan.seed ^ 0x464f_5247))
        hasForger = others.below(4) == 0
        options.sizes = LogTuning.sizes(plan)
        sessions.draw(plan)
    }

    /// Small in half of the runs, so that everything of several pages, pieces or rounds happens all the
    /// time.
    private static func sizes(_ plan: Plan) -> LogSizes {
        // A source of its own, so that the draws above stay what they were.
        var random = RandomSource(seed: Dice.mix(plan.seed ^ 0x5349_5a45))
        var sizes = LogSizes()
        guard random.below(2) == 0 else { return sizes }
        func draw(_ size: inout Int, tiny: ClosedRange<Int>, middling: ClosedRange<Int>) {
            switch random.below(5) {
            case 0: return
            case 1, 2: size = random.number(in: middling)
            default: size = random.number(in: tiny)
            }
        }
        draw(&sizes.page, tiny: 60...100, middling: 100...400)
        draw(&sizes.entries, tiny: 1...1, middling: 2...4)
        draw(&sizes.batch, tiny: 64...90, middling: 90...400)
        var slots = Int(sizes.windowSlots)
        draw(&slots, tiny: 1...2, middling: 2...8)
        sizes.windowSlots = UInt64(slots)
        draw(&sizes.windowBytes, tiny: 1...100, middling: 100...600)
        draw(&sizes.piece, tiny: 20...60, middling: 60...200)
        draw(&sizes.burst, tiny: 1...1, middling: 2...4)
        draw(&sizes.commands, tiny: 2...5, middling: 5...20)
        draw(&sizes.batches, tiny: 1...2, middling: 2...20)
        draw(&sizes.queryBytes, tiny: 200...500, middling: 500...3_000)
        draw(&sizes.reads, tiny: 2...5, middling: 5...20)
        draw(&sizes.relayed, tiny: 2...5, middling: 5...20)
        draw(&sizes.outstanding, tiny: 1...1, middling: 2...4)
        draw(&sizes.answerBytes, tiny: 1...500, middling: 500...20_000)
        return sizes
    }

    /// What the log is applied to.
    func state(of service: Service, bug: PlantedBug? = nil) -> any ReplicatedState {
        service == .list
            ? state(of: ReplicatedList(), bug: bug) : state(of: KeyValueStore(), bug: bug)
    }

    private func state(
        of machine: some StateMachine, bug: PlantedBug?
    ) -> any ReplicatedState {
        switch bug {
        case .doubleApply: Forgetful(machine)
        case .answeredTooHigh: Hasty(sessions.sessions(of: machine))
        case .guessableSession: Trusting(sessions.sessions(of: machine))
        default: sessions.sessions(of: machine)
        }
    }
}

/// The bug: sessions that take all commands before the last for answered.
private struct Hasty<State: ReplicatedState>: ReplicatedState {
    private var state: State

    init(_ state: State) {
        self.state = state
    }

    mutating func apply(_ header: CommandHeader, _ command: Span<UInt8>) -> Reply {
        state.apply(CommandHeader(id: header.id, answeredBelow: header.id.sequence), command)
    }

    func standing(of header: CommandHeader) -> Standing { state.standing(of: header) }

    func read(_ query: Span<UInt8>) -> [UInt8] { state.read(query) }

    func snapshot() -> [UInt8] { state.snapshot() }

    mutating func restore(_ snapshot: Span<UInt8>) throws(WireError) {
        try state.restore(snapshot)
    }
}

/// The bounds of what is remembered of client sessions.
struct SessionSizes {
    /// The most of them.
    var limit = 4_096
    /// Fewer commands than this do not make a session idle.
    private var lately: UInt64 = 1_024
    private var ownReplyBytes = 40_960
    private var replyBytes = 36 << 20

    /// Whether a session may be forgotten though there are no more of them than the limit.
    var isShortOfReplies: Bool { replyBytes < 36 << 20 }

    /// Draws what depends on the limit, and the bytes of replies, which are none at times.
    mutating func draw(_ plan: Plan) {
        // A source of its own, so that other draws stay what they were.
        var random = RandomSource(seed: Dice.mix(plan.seed ^ 0x524f_4f4d))
        // Where there are few, nobody is to wait for a thousand commands that nobody sends.
        if limit < 4_096 { lately = UInt64(random.number(in: 1...8)) }
        guard random.below(2) == 0 else { return }
        ownReplyBytes = [0, ServiceLimits.maximumReplySize + 200][random.number(in: 0...1)]
        replyBytes = [0, ServiceLimits.maximumReplySize + 300][random.number(in: 0...1)]
    }

    func sessions<Machine: StateMachine>(of machine: Machine) -> Sessions<Machine> {
        Sessions(
            machine, limit: limit, lately: lately, ownReplyBytes: ownReplyBytes,
            replyBytes: replyBytes)
    }
}

/// The bug: sessions that do not know which commands were applied.
private struct Forgetful<Machine: StateMachine>: ReplicatedState {
    private var machine: Machine
    private var opened: UInt64 = 0

    init(_ machine: Machine) {
        self.machine = machine
    }

    mutating func apply(_ header: CommandHeader, _ command: Span<UInt8>) -> Reply {
        guard header.id.session == 0 else { return .done(machine.apply(command)) }
        opened += 1
        return .opened(session: opened)
    }

    func standing(of header: CommandHeader) -> Standing {
        header.id.session == 0 ? .opens : .fresh
    }

    func read(_ query: Span<UInt8>) -> [UInt8] { machine.read(query) }

    func snapshot() -> [UInt8] {
        var writer = ByteWriter()
        writer.write(opened)
        return writer.bytes + machine.snapshot()
    }

    mutating func restore(_ snapshot: Span<UInt8>) throws(WireError) {
        var reader = snapshot
        let opened = try reader.readUInt64()
        try machine.restore(reader)
        self.opened = opened
    }
}
