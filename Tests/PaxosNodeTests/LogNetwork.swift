import ConsensusCore

@testable import PaxosNode

/// Nodes of a log and clients on a network with a fixed delay, for tests of single events.
///
/// Faults at large are the simulator's matter; here a test cuts links and stops nodes by hand.
struct LogNetwork {
    let cluster: LogCluster
    var nodes: [LogNode?] = []
    var clients: [LogClient] = []
    /// What each node would find again after a crash.
    var disks: [[LogRecord]] = []
    /// Pairs that cannot hear each other: sender, recipient.
    var cut: Set<[NodeID]> = []
    var now = Instant(nanoseconds: 0)
    var answers: [UInt64: ClientAnswer] = [:]
    var outputs: [(node: NodeID, output: LogOutput)] = []
    /// How many messages of each kind were sent.
    var sent: [String: Int] = [:]
    var delay = Interval.microseconds(100)
    private var queue: [(time: Instant, from: Origin, to: NodeID, message: LogMessage)] = []
    private let options: LogOptions
    private var nextCall: UInt64 = 1
    private var nextSeed: UInt64 = 1

    /// The ID of a client by its position.
    static func client(_ position: Int) -> NodeID { NodeID(UInt32(0x8000_0000 + position)) }

    init(_ cluster: LogCluster, clients: Int = 1, options: LogOptions = LogOptions()) {
        self.cluster = cluster
        self.options = options
        nodes = Array(repeating: nil, count: cluster.nodeCount)
        disks = Array(repeating: [], count: cluster.nodeCount)
        for position in 0..<clients {
            self.clients.append(
                LogClient(
                    cluster: cluster, seed: 1_000 + UInt64(position), preferredProposer: position))
        }
        for node in cluster.nodes { start(node) }
    }

    /// Starts a life of a node with what its disk holds.
    mutating func start(_ node: NodeID) {
        nextSeed += 1
        var automaton = LogNode(
            cluster: cluster, node: node, state: Recorder(), seed: nextSeed, options: options)
        for record in disks[node.index] { automaton.recover(record) }
        nodes[node.index] = automaton
        step(node) { node, now, lanes in node.start(at: now, into: &lanes) }
    }

    /// Has the first client begin a new life.
    mutating func restartClient() {
        nextSeed += 1
        clients[0] = LogClient(cluster: cluster, seed: 5_000 + nextSeed)
    }

    mutating func stop(_ node: NodeID) {
        nodes[node.index] = nil
    }

    mutating func isolate(_ node: NodeID) {
        for other in cluster.nodes { cut.formUnion([[node, other], [other, node]]) }
    }

    /// Has a client begin a call; returns its number.
    mutating func call(
        _ operation: ClientCall.Operation, of position: Int = 0,
        timeout: Interval = .seconds(20)
    ) -> UInt64 {
        let number = nextCall
        nextCall += 1
        var lanes = LogClient.Lanes()
        clients[position].handle(
            .call(ClientCall(number: number, operation: operation, timeout: timeout)), at: now,
            into: &lanes)
        finish(position, &lanes)
        return number
    }

    /// Runs until a condition holds; returns whether it came to hold in time.
    mutating func run(
        _ limit: Interval = .seconds(30), until condition: (LogNetwork) -> Bool = { _ in false }
    ) -> Bool {
        let end = now + limit
        while !condition(self) {
            var next = queue.map(\.time).min() ?? .never
            for node in nodes { next = min(next, node?.wakeTime ?? .never) }
            for client in clients { next = min(next, client.wakeTime) }
            next = max(next, now)
            guard next <= end else {
                now = end
                return condition(self)
            }
            now = next
            deliver()
            for node in cluster.nodes where nodes[node.index].map({ $0.wakeTime <= now }) == true {
                step(node) { node, now, lanes in node.wake(at: now, into: &lanes) }
            }
            for position in clients.indices where clients[position].wakeTime <= now {
                var lanes = LogClient.Lanes()
                clients[position].wake(at: now, into: &lanes)
                finish(position, &lanes)
            }
        }
        return true
    }

    private mutating func deliver() {
        let due = queue.filter { $0.time <= now }
        queue.removeAll { $0.time <= now }
        for entry in due {
            if cut.contains([entry.from.node, entry.to]) { continue }
            if entry.to.rawValue >= 0x8000_0000 {
                let position = Int(entry.to.rawValue - 0x8000_0000)
                var lanes = LogClient.Lanes()
                clients[position].receive(
                    entry.message, from: entry.from, at: now, into: &lanes)
                finish(position, &lanes)
            } else if nodes[entry.to.index] != nil {
                step(entry.to) { node, now, lanes in
                    node.receive(entry.message, from: entry.from, at: now, into: &lanes)
                }
            }
        }
    }

    private mutating func step(
        _ node: NodeID, _ body: (inout LogNode, Instant, inout LogNode.Lanes) -> Void
    ) {
        var lanes = LogNode.Lanes()
        guard var automaton = nodes[node.index] else { return }
        nodes[node.index] = nil
        body(&automaton, now, &lanes)
        automaton.checkInvariants()
        disks[node.index] += lanes.records
        if automaton.wantsCheckpoint { disks[node.index] = automaton.checkpoint() }
        let origin = Origin(node: node, stamp: automaton.stamp)
        nodes[node.index] = automaton
        outputs += lanes.outputs.map { (node, $0) }
        send(lanes.envelopes, from: origin)
    }

    private mutating func finish(_ position: Int, _ lanes: inout LogClient.Lanes) {
        for answer in lanes.outputs { answers[answer.number] = answer }
        send(
            lanes.envelopes,
            from: Origin(node: LogNetwork.client(position), stamp: clients[position].stamp))
    }

    private mutating func send(_ envelopes: [Envelope<LogMessage>], from origin: Origin) {
        for envelope in envelopes {
            var writer = ByteWriter()
            envelope.message.encode(into: &writer)
            var reader = writer.bytes.span
            guard let message = try? LogMessage(from: &reader), message == envelope.message else {
                fatalError("\(envelope.message) is not what it was on the wire")
            }
            envelope.recipients.forEach { node in
                sent[message.kind, default: 0] += 1
                queue.append((now + delay, origin, node, message))
            }
        }
    }
}

/// A state that remembers every command applied, and answers with how many there were.
struct Recorder: ReplicatedState {
    var commands: [[UInt8]] = []
    private var sessions: UInt64 = 0

    mutating func apply(_ header: CommandHeader, _ command: Span<UInt8>) -> Reply {
        guard header.id.session != 0 else {
            sessions += 1
            return .opened(session: sessions)
        }
        var bytes: [UInt8] = []
        for index in 0..<command.count { bytes.append(command[index]) }
        commands.append(bytes)
        return .done([UInt8(commands.count & 0xff)])
    }

    func standing(of header: CommandHeader) -> Standing {
        header.id.session == 0 ? .opens : .fresh
    }

    func read(_ query: Span<UInt8>) -> [UInt8] { commands.flatMap(\.self) }

    func snapshot() -> [UInt8] {
        var writer = ByteWriter()
        writer.write(sessions)
        writer.write(count: commands.count)
        for command in commands { writer.write(command) }
        return writer.bytes
    }

    mutating func restore(_ snapshot: Span<UInt8>) throws(WireError) {
        var reader = snapshot
        var restored = Recorder()
        restored.sessions = try reader.readUInt64()
        for _ in 0..<(try reader.readCount(upTo: 1 << 20)) {
            restored.commands.append(try reader.readBytes(upTo: 1 << 16))
        }
        self = restored
    }
}

extension LogNode {
    /// What this node has applied.
    var applied: [[UInt8]] { (learner?.state as? Recorder)?.commands ?? [] }
}
