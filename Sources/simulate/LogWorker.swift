import ConsensusCore
import PaxosNode
import Simulation

/// A client of a log service with work to do: it begins its next operation some time after the last was
/// answered or given up, or several at a time.
///
/// When it is told to conclude it begins no more of these. Every line does one more write, beside it
/// another does a write and a read, each with as much patience as it takes, and then one of some seconds.
struct LogWorker: Automaton {
    typealias Message = LogMessage
    typealias Record = LogRecord

    enum Input {
        case conclude
    }

    enum Output {
        /// A process, which has one operation under way at a time, begins one.
        case begins(ServiceOperation, process: Int)
        case ends(process: Int, reply: [UInt8])
        /// It may or may not have been carried out.
        case fails(process: Int, ClientFailure)
        /// An operation was not carried out though the healthy had all the time that it takes.
        case isNeglected
        /// The last operations were answered.
        case concludes
    }

    private var client: LogClient
    private var random: RandomSource
    private let tuning: LogTuning
    private var draw: OperationDraw
    private var lines: [Line]
    /// Whether it also asks the nodes how they are, at times; and where that is drawn from.
    private let asksStatus: Bool
    private var inquiries: RandomSource
    private var remaining: Int
    /// Which operations of this life are left out; see ``Simulation/Plan/omitted``.
    private let omitted: [Int]
    private var nextNumber: UInt64 = 0
    private var nextProcess: Int
    /// How many of the last line's operations are still to be answered.
    private var lastSteps = 0
    /// How many of the other lines still have a last operation to be answered.
    private var openLines = 0

    /// A sequence of operations, one under way at a time.
    private struct Line {
        var process: Int
        /// The call under way, if any.
        var number: UInt64?
        var nextTime = Instant.never
        /// The line that is there for the last operations alone.
        var isLast = false
        /// Whether a last operation, of any patience, is still to be answered.
        var isOwed = false
        /// Whether that is under way.
        var isLate = false
    }

    /// How long it waits at most after a failure.
    private static let longestRetreat = Interval.milliseconds(200)
    /// The patience of the last operations.
    private static let lastTimeout = Interval.seconds(1_000)
    /// The patience of the very last, when others were answered just before.
    private static let promptTimeout = Interval.seconds(40)

    init(
        _ client: LogClient, service: Service, plan: Plan, node: NodeID, life: Int, seed: UInt64
    ) {
        let tuning = LogTuning(plan)
        self.client = client
        self.tuning = tuning
        random = RandomSource(seed: seed)
        inquiries = RandomSource(seed: Dice.mix(seed ^ 0x494e_5155))
        asksStatus = inquiries.below(8) == 0
        draw = OperationDraw(service, name: "\(node).\(life)", &random)
        remaining = tuning.operations
        omitted = (0..<tuning.operations).filter {
            plan.omitted.containsAscending(
                LogWorker.key(of: $0, life: life, original: plan.originals[node.index]))
        }
        nextProcess = (node.index * 256 + life) * 1_000
        lines = []
        for _ in 0..<tuning.outstanding { addLine() }
    }

    /// The number in ``Simulation/Plan/omitted`` of an operation of a client's life.
    private static func key(of operation: Int, life: Int, original: UInt8) -> UInt64 {
        UInt64(original) << 32 | UInt64(life & 0xff) << 16 | UInt64(operation)
    }

    /// All operations that clients of a plan can leave out: those of some lives, ascending.
    static func omissible(of plan: Plan) -> [UInt64] {
        let tuning = LogTuning(plan)
        let clients = plan.originals.suffix(plan.shape.last ?? 0)
        return clients.flatMap { original in
            (0..<4).flatMap { life in
                (0..<tuning.operations).map { key(of: $0, life: life, original: original) }
            }
        }
    }

    private mutating func addLine() {
        lines.append(Line(process: nextProcess))
        nextProcess += 1
    }

    var stamp: Stamp { client.stamp }

    var wakeTime: Instant {
        var time = client.wakeTime
        for line in lines where line.number == nil { time = min(time, line.nextTime) }
        return time
    }

    mutating func recover(_ record: LogRecord) { client.recover(record) }
    var recoveryFault: String? { client.recoveryFault }
    var wantsCheckpoint: Bool { client.wantsCheckpoint }
    mutating func checkpoint() -> [LogRecord] { client.checkpoint() }

    mutating func start(at now: Instant, into lanes: inout Lanes) {
        for index in lines.indices { lines[index].nextTime = now + randomPause() }
        pass(&lanes, at: now) { client, lanes in client.start(at: now, into: &lanes) }
    }

    mutating func receive(
        _ message: LogMessage, from origin: Origin, at now: Instant, into lanes: inout Lanes
    ) {
        pass(&lanes, at: now) { client, lanes in
            client.receive(message, from: origin, at: now, into: &lanes)
        }
    }

    mutating func handle(_ input: Input, at now: Instant, into lanes: inout Lanes) {
        remaining = 0
        lastSteps = 3
        openLines = lines.count
        for index in lines.indices { lines[index].isOwed = true }
        addLine()
        lines[lines.count - 1].isLast = true
        for index in lines.indices where lines[index].number == nil {
            begin(index, at: now, into: &lanes)
        }
    }

    mutating func wake(at now: Instant, into lanes: inout Lanes) {
        for index in lines.indices where lines[index].number == nil && lines[index].nextTime <= now
        {
            begin(index, at: now, into: &lanes)
        }
        guard client.wakeTime <= now else { return }
        pass(&lanes, at: now) { client, lanes in client.wake(at: now, into: &lanes) }
    }

    func checkInvariants() { client.checkInvariants() }

    private mutating func randomPause() -> Interval {
        random.interval(in: .zero...tuning.pause)
    }

    /// Begins the next operation of a line, if there is one.
    private mutating func begin(_ index: Int, at now: Instant, into lanes: inout Lanes) {
        lines[index].nextTime = .never
        let operation: ServiceOperation
        if lines[index].isLast {
            guard lastSteps > 0 else { return }
            operation = lastSteps == 2 ? draw.lastRead(&random) : draw.write(&random)
        } else if lines[index].isOwed {
            operation = draw.write(&random)
        } else {
            guard remaining > 0 else { return }
            if asksStatus && inquiries.below(4) == 0 {
                return call(
                    .status(.computed), on: index, within: .seconds(2), at: now, into: &lanes)
            }
            remaining -= 1
            operation = draw.next(&random)
            if omitted.contains(tuning.operations - 1 - remaining) {
                lines[index].nextTime = now + randomPause()
                return
            }
        }
        let timeout: Interval
        if lines[index].isLast && lastSteps == 1 {
            timeout = LogWorker.promptTimeout
        } else if lines[index].isLast || lines[index].isOwed {
            timeout = LogWorker.lastTimeout
        } else {
            timeout = random.interval(in: tuning.timeout)
        }
        lines[index].isLate = lines[index].isOwed
        lanes.report(.begins(operation, process: lines[index].process))
        call(operation.call, on: index, within: timeout, at: now, into: &lanes)
    }

    private mutating func call(
        _ operation: ClientCall.Operation, on index: Int, within timeout: Interval,
        at now: Instant, into lanes: inout Lanes
    ) {
        nextNumber += 1
        lines[index].number = nextNumber
        let call = ClientCall(number: nextNumber, operation: operation, timeout: timeout)
        pass(&lanes, at: now) { client, lanes in
            client.handle(.call(call), at: now, into: &lanes)
        }
    }

    /// Lends the lanes to the client and takes its answers.
    private mutating func pass(
        _ lanes: inout Lanes, at now: Instant,
        _ body: (inout LogClient, inout LogClient.Lanes) -> Void
    ) {
        var own = LogClient.Lanes()
        swap(&own.envelopes, &lanes.envelopes)
        body(&client, &own)
        swap(&own.envelopes, &lanes.envelopes)
        for answer in own.outputs { take(answer, at: now, into: &lanes) }
    }

    private mutating func take(
        _ answer: ClientAnswer, at now: Instant, into lanes: inout Lanes
    ) {
        guard let index = lines.firstIndex(where: { $0.number == answer.number }) else { return }
        lines[index].number = nil
        lines[index].nextTime = now + randomPause()
        switch answer.result {
        case .success(.bytes(let reply)):
            lanes.report(.ends(process: lines[index].process, reply: reply))
            if lines[index].isLast {
                lastSteps -= 1
            } else if lines[index].isLate {
                openLines -= 1
                lines[index].isOwed = false
                lines[index].isLate = false
            } else {
                return
            }
            if lastSteps == 0 && openLines == 0 { lanes.report(.concludes) }
        case .success(.status): return
        case .failure(let failure):
            lanes.report(.fails(process: lines[index].process, failure))
            if lines[index].isLast && lastSteps == 1, case .timedOut = failure {
                lanes.report(.isNeglected)
            }
            // Clients that drive out each other's sessions in step would do so for ever.
            lines[index].nextTime = now + random.interval(in: .zero...LogWorker.longestRetreat)
            // What was given up stays under way, as far as anybody knows.
            lines[index].process = nextProcess
            nextProcess += 1
        }
    }
}
