import ConsensusCore
import Testing

@testable import PaxosNode

/// A state of constant size, whose snapshot takes several datagrams.
private struct Weight: ReplicatedState {
    private var total: UInt64 = 0

    static let size = 150_000

    mutating func apply(_ header: CommandHeader, _ command: Span<UInt8>) -> Reply {
        total &+= UInt64(command.count)
        return header.id.session == 0 ? .opened(session: total) : .done([])
    }

    func standing(of header: CommandHeader) -> Standing {
        header.id.session == 0 ? .opens : .fresh
    }

    func read(_ query: Span<UInt8>) -> [UInt8] { [UInt8(truncatingIfNeeded: total)] }

    func snapshot() -> [UInt8] {
        var writer = ByteWriter()
        writer.write(total)
        writer.bytes += LogSamples.bytes(Weight.size - 8)
        return writer.bytes
    }

    mutating func restore(_ snapshot: Span<UInt8>) throws(WireError) {
        var reader = snapshot
        guard reader.count == Weight.size else { throw .invalidField }
        total = try reader.readUInt64()
    }
}

/// Whole, undamaged messages that make no sense: what a forger, or a bug elsewhere, could send.
@Suite("Messages that no peer of a log would send")
struct LogHostileTests {
    private static let replicas = LogCluster(replicas: 3)
    private static let roles = LogCluster(proposers: 2, acceptors: 3, learners: 2)

    /// What a driver is to be when the noise begins.
    enum Part: String, CaseIterable, Sendable {
        case leadingReplica, followingReplica, strangeReplica, onlyReplica
        case leadingProposer, waitingProposer, acceptor, learner

        fileprivate var driver: LogDriver {
            var driver: LogDriver
            switch self {
            case .leadingReplica, .followingReplica:
                driver = LogDriver(0, of: replicas, state: Weight())
            case .strangeReplica: return LogDriver(1, of: replicas, state: Weight())
            case .onlyReplica:
                driver = LogDriver(0, of: LogCluster(replicas: 1), state: Weight())
            case .leadingProposer, .waitingProposer:
                driver = LogDriver(1, of: roles, state: Weight())
            case .acceptor: driver = LogDriver(3, of: roles, state: Weight())
            case .learner: driver = LogDriver(6, of: roles, state: Weight())
            }
            driver.meetAll()
            switch self {
            case .leadingReplica, .onlyReplica, .leadingProposer: driver.lead()
            default: break
            }
            return driver
        }

        /// What it says at least, however the noise goes.
        fileprivate var kinds: Set<String> {
            switch self {
            case .leadingReplica: ["heartbeat", "promise", "accepted", "fetch"]
            case .followingReplica: ["promise", "accepted", "canvass", "fetch"]
            case .strangeReplica: ["hello", "welcome"]
            case .onlyReplica: ["reply"]
            case .leadingProposer: ["heartbeat", "pulse"]
            case .waitingProposer: ["canvass"]
            case .acceptor: ["promise", "accepted", "nack"]
            case .learner: ["fetch", "pulse"]
            }
        }
    }

    /// Tells a source which numbers mean something to a node.
    private func prime(_ source: inout LogSource, for node: LogNode) {
        let span = SlotLog<Int>.maximumSpan
        var bounds: [Slot] = [1, 2]
        if let acceptor = node.acceptor {
            bounds += [acceptor.accepted.first, acceptor.accepted.end]
        }
        if let learner = node.learner {
            bounds += [learner.applied, learner.values.first, learner.values.end]
        }
        if let tenure = node.tenure { bounds += [tenure.inFlight.first, tenure.nextSlot] }
        if let preparation = node.preparation {
            bounds += [preparation.from, preparation.found.end]
        }
        var slots = bounds + bounds.map { $0 - min($0, 1) } + bounds.map { $0 + 1 }
        // What is far away ends much of the rest, so it comes seldom.
        if source.random.below(40) == 0 {
            slots += bounds.flatMap { [$0 + span - 1, $0 + span] } + [.maximum - 1, .maximum]
        }
        source.slots = slots.map { min($0, .maximum) }
        source.ballots = [
            node.tenure?.ballot, node.preparation?.ballot, node.followed, node.acceptor?.promised,
        ].compactMap(\.self)
        for owner in node.cluster.nodes {
            let number = UInt64(owner.rawValue) + UInt64(node.cluster.nodeCount)
            source.ballots += [ballot(number, life: 1), ballot(number, life: .max)]
        }
        source.numbers = [
            0, 1, 2, node.incarnation, node.incarnation, node.canvass?.attempt ?? 0,
            node.reign.round, node.reign.round + 1,
        ]
        source.snapshots = [
            Weight().snapshot(), Weight().snapshot(), LogSamples.bytes(Weight.size), [],
        ]
    }

    private func sender(for message: LogMessage, to node: LogNode, _ source: inout LogSource)
        -> Origin
    {
        let count = node.cluster.nodeCount
        switch source.random.below(12) {
        case 0: return origin(NodeID(UInt32(source.random.below(64))), life: source.number() | 1)
        case 1: return origin(NodeID(UInt32(64 + source.random.below(3))), life: 9)
        case 2: return origin(.firstGuest, life: 9)
        case 3: return origin(.anonymous, life: 9)
        case 4...7 where message.ballotNumber != nil:
            let owner = NodeID(index: Int(message.ballotNumber! % UInt64(count)))
            return LogDriver.peer(owner)
        default: return LogDriver.peer(NodeID(index: Int(source.random.below(UInt64(count)))))
        }
    }

    /// What must hold of every node at every time, so that it neither burns nor eats up its host.
    private func check(_ node: LogNode, at now: Instant) {
        let span = SlotLog<Int>.maximumSpan
        #expect(node.acceptor.map { $0.accepted.end - $0.accepted.first <= span } ?? true)
        #expect(node.learner.map { $0.values.end - $0.values.first <= span } ?? true)
        #expect(node.tenure.map { $0.inFlight.end - $0.inFlight.first <= span } ?? true)
        #expect(node.preparation.map { $0.found.end - $0.found.first <= span } ?? true)
        #expect(node.votesDue.slots.count <= 64)
        #expect((node.catchUp.assembly?.bytes.count ?? 0) <= LogRecord.maximumSnapshotSize)
    }

    @Test(
        "neither trap a node, nor leave it with a deadline in the past, nor have it say too much",
        arguments: Part.allCases)
    func node(part: Part) throws {
        var kinds: Set<String> = []
        for seed in 0..<6 as Range<UInt64> { try attack(part, seed: seed, sending: &kinds) }
        // It got past the greeting, and did what its part is.
        #expect(kinds.isSuperset(of: part.kinds))
    }

    /// - Parameter kinds: the kinds of messages that it sends are added to these.
    private func attack(_ part: Part, seed: UInt64, sending kinds: inout Set<String>) throws {
        var source = LogSource(seed: 100 * seed + UInt64(part.rawValue.count))
        for _ in 0..<3 {
            var driver = part.driver
            for _ in 0..<350 {
                driver.pass(source.random.interval(in: .zero...(.milliseconds(12))))
                prime(&source, for: driver.node)
                let drawn = source.message(tag: source.random.number(in: LogSamples.messageTags))
                let message = try decoded(LogMessage.self, encoded(drawn))
                // The refused vote no more, so that not every run ends as one of those.
                if message.kind == "welcome", source.random.below(20) != 0 { continue }
                let sender = sender(for: message, to: driver.node, &source)
                let effects = driver.receive(message, from: sender)
                #expect(effects.fitDatagrams)
                kinds.formUnion(effects.envelopes.map(\.message.kind))
                guard driver.node.wakeTime <= driver.now else { continue }
                var wakes = 0
                repeat {
                    let effects = driver.wake()
                    #expect(effects.fitDatagrams)
                    kinds.formUnion(effects.envelopes.map(\.message.kind))
                    wakes += 1
                } while driver.node.wakeTime <= driver.now && wakes < 8
                #expect(driver.node.wakeTime > driver.now, "it wakes and wakes")
                check(driver.node, at: driver.now)
                if source.random.below(150) == 0 { restart(&driver) }
            }
        }
    }

    /// Has it come back from a checkpoint, as after a crash.
    private func restart(_ driver: inout LogDriver) {
        let records = driver.node.checkpoint()
        let applied = driver.node.learner?.applied
        let promised = driver.node.acceptor?.promised
        let again = LogDriver(
            driver.node.node, of: driver.node.cluster, state: Weight(), records: records)
        #expect(again.node.incarnation == driver.node.incarnation)
        #expect(again.node.learner?.applied == applied)
        #expect(again.node.acceptor?.promised == promised)
    }

    @Test("wide and overlapping votes are counted in bounded time and memory")
    func wideVotes() {
        // As many as a datagram has room for; counted one by one, they would take minutes.
        let wide = Array(repeating: SlotRange(first: 1, last: .maximum), count: 4_000)
        for part in [Part.leadingReplica, .leadingProposer, .learner] {
            var driver = part.driver
            let ballot = driver.node.tenure?.ballot ?? ballot(1)
            for acceptor in driver.node.cluster.acceptors.removing(driver.node.node) {
                driver.receive(
                    .accepted(LogAccepted(ballot: ballot, slots: wide, written: 0)), from: acceptor)
            }
            check(driver.node, at: driver.now)
            #expect(driver.node.learner?.applied ?? 0 == 0)
        }
    }

    @Test("do no harm to a client either", arguments: 0..<12 as Range<UInt64>)
    func client(seed: UInt64) throws {
        let cluster = LogHostileTests.roles
        var source = LogSource(seed: 700 + seed)
        source.slots = [0, 1, 2, .maximum]
        var client = LogClient(cluster: cluster, seed: seed, preferredProposer: 1)
        var lanes = LogClient.Lanes()
        client.start(at: milliseconds(0), into: &lanes)
        var now = milliseconds(1)
        var answers: [UInt64: Int] = [:]
        var began: UInt64 = 0
        for round in 0..<2_500 {
            now = now + source.random.interval(in: .zero...(.milliseconds(12)))
            lanes.removeAll()
            if round < 2_000, source.random.below(10) == 0 {
                let operations: [ClientCall.Operation] = [
                    .command([1]), .command([2]), .query([3]), .status(.omitted),
                    .status(.computed), .command(LogSamples.bytes(40_000)),
                ]
                began += 1
                client.handle(
                    .call(
                        ClientCall(
                            number: began, operation: operations[Int(source.random.below(6))],
                            timeout: source.random.interval(
                                in: .milliseconds(1)...(.milliseconds(2_500))))),
                    at: now, into: &lanes)
            }
            for envelope in lanes.envelopes {
                if case .request(let request) = envelope.message {
                    source.numbers = request.operations.flatMap {
                        [$0.header.id.session, $0.header.id.owner, $0.header.id.sequence, 1]
                    }
                }
            }
            let kind = source.random.below(2) == 0 ? 17 : source.random.number(in: 1...20)
            let message = try decoded(LogMessage.self, encoded(source.message(tag: kind)))
            let id = NodeID(UInt32(source.random.below(UInt64(cluster.nodeCount + 2))))
            client.receive(message, from: LogDriver.peer(id), at: now, into: &lanes)
            var wakes = 0
            while client.wakeTime <= now, wakes < 8 {
                client.wake(at: now, into: &lanes)
                wakes += 1
            }
            #expect(client.wakeTime > now, "it wakes and wakes")
            #expect(lanes.fitDatagrams)
            client.checkInvariants()
            for output in lanes.outputs { answers[output.number, default: 0] += 1 }
        }
        now = now + .seconds(5)
        lanes.removeAll()
        while client.wakeTime <= now { client.wake(at: now, into: &lanes) }
        for output in lanes.outputs { answers[output.number, default: 0] += 1 }
        #expect(answers.count == Int(began) && answers.values.allSatisfy { $0 == 1 })
        #expect(client.wakeTime == .never)
    }

    @Test(
        "random records of earlier lives are taken without a trap",
        arguments: 0..<60 as Range<UInt64>)
    func records(seed: UInt64) throws {
        var source = LogSource(seed: 900 + seed)
        let span = SlotLog<Int>.maximumSpan
        source.slots = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
        if seed % 4 == 0 { source.slots += [span, span + 1, .maximum] }
        source.snapshots = [Weight().snapshot()]
        for id: NodeID in [0, 3, 6] {
            for cluster in [LogHostileTests.roles, LogCluster(replicas: 7)] {
                var records: [LogRecord] = []
                for _ in 0..<60 {
                    let record = source.record(tag: source.random.number(in: 1...10))
                    records.append(try decoded(LogRecord.self, encoded(record)))
                }
                var driver = LogDriver(id, of: cluster, state: Weight(), records: records)
                check(driver.node, at: driver.now)
                for _ in 0..<5 { _ = driver.wakeInTime() }
                driver.node.checkInvariants()
                for record in driver.node.checkpoint() {
                    // What comes from the highest slot of all may go on above it.
                    guard seed % 4 != 0 else { continue }
                    #expect(try decoded(LogRecord.self, encoded(record)) == record)
                }
            }
        }
    }
}
