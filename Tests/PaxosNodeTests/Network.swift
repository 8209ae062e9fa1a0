import ConsensusCore
import Testing

@testable import PaxosNode

/// A whole cluster and its clients in one queue of events: a clock that jumps from one to the next, and
/// faults drawn from a seed.
///
/// Deliveries of one instant come in the order of sending, so that a run is a function of its arguments.
struct Network {
    struct Delivery {
        var time: Instant
        var to: NodeID
        var from: Origin
        var message: Message
    }

    struct Faults {
        var lossPerMillion = 0
        var duplicationPerMillion = 0
        var delay = Interval.microseconds(100)...Interval.microseconds(100)

        static let heavy = Faults(
            lossPerMillion: 300_000, duplicationPerMillion: 200_000,
            delay: .zero...Interval.milliseconds(20))
    }

    let cluster: Cluster
    let seed: UInt64
    var nodes: [ConsensusNode?]
    var clients: [ClientNode?]
    private(set) var now = milliseconds(0)
    private var queue: [Delivery] = []
    private var random: RandomSource
    private var lives: UInt64 = 0
    var faults: Faults
    /// What the network never delivers.
    var loses: (Delivery) -> Bool = { _ in false }

    /// All that was sent, reported and recorded, with the time.
    private(set) var sent: [Delivery] = []
    private(set) var outputs: [(node: NodeID, output: NodeOutput, time: Instant)] = []
    private(set) var clientOutputs: [(client: NodeID, output: ClientOutput, time: Instant)] = []
    private(set) var records: [[NodeRecord]]
    /// Who wanted to be woken at once again and again, doing nothing.
    private(set) var spinning: Set<NodeID> = []
    private var idleWakes: [Int]

    init(_ cluster: Cluster, seed: UInt64 = 1, faults: Faults = Faults()) {
        self.cluster = cluster
        self.seed = seed
        self.faults = faults
        random = RandomSource(seed: seed)
        let count = cluster.nodeCount + cluster.clientCount
        nodes = [ConsensusNode?](repeating: nil, count: cluster.nodeCount)
        clients = [ClientNode?](repeating: nil, count: cluster.clientCount)
        records = [[NodeRecord]](repeating: [], count: cluster.nodeCount)
        idleWakes = [Int](repeating: 0, count: count)
    }

    /// Starts a node, perhaps in a further life.
    mutating func start(
        _ id: NodeID, options: NodeOptions = NodeOptions(), recovering: [NodeRecord] = []
    ) {
        lives += 1
        var node = ConsensusNode(
            cluster: cluster, node: id, seed: seed &* 1_000 + lives, options: options)
        for record in recovering { node.recover(record) }
        var lanes = ConsensusNode.Lanes()
        node.start(at: now, into: &lanes)
        nodes[id.index] = node
        carryOut(lanes, of: id)
    }

    mutating func startAll(options: NodeOptions = NodeOptions()) {
        for node in cluster.nodes { start(node, options: options) }
    }

    /// Starts a client, by its position, whose value is 100 more than that.
    mutating func startClient(
        _ position: Int, proposer: Int = 0, timeout: Interval = .seconds(10)
    ) {
        lives += 1
        var client = ClientNode(
            cluster: cluster, client: cluster.client(at: position), value: [UInt8(100 + position)],
            preferredProposer: proposer, timeout: timeout, seed: seed &* 1_000 + lives)
        var lanes = ClientNode.Lanes()
        client.start(at: now, into: &lanes)
        clients[position] = client
        carryOut(lanes, of: client)
    }

    mutating func startClients(timeout: Interval = .seconds(10)) {
        for position in 0..<cluster.clientCount {
            startClient(position, proposer: position, timeout: timeout)
        }
    }

    mutating func kill(_ node: NodeID) {
        nodes[node.index] = nil
    }

    /// Puts a message into the network as if a host had sent it.
    mutating func inject(_ message: Message, from origin: Origin, to node: NodeID) {
        enqueue(Delivery(time: now, to: node, from: origin, message: message))
    }

    /// Runs until a time, or until a condition holds after some event.
    ///
    /// - Returns: whether the condition held.
    @discardableResult
    mutating func run(
        until end: Instant, stop: (borrowing Network) -> Bool = { _ in false }
    ) -> Bool {
        while !stop(self) {
            let delivery = queue.last
            var next = delivery?.time ?? .never
            var waker: NodeID?
            for node in nodes {
                if let node, node.wakeTime < next { (next, waker) = (node.wakeTime, node.node) }
            }
            for client in clients {
                if let client, client.wakeTime < next {
                    (next, waker) = (client.wakeTime, client.client)
                }
            }
            guard next <= end else {
                now = end
                return false
            }
            now = max(now, next)
            if let waker {
                wake(waker)
            } else if let delivery {
                queue.removeLast()
                deliver(delivery)
            }
            guard spinning.isEmpty else { return false }
        }
        return true
    }

    // MARK: - Steps

    private mutating func wake(_ id: NodeID) {
        var wakeTime = Instant.never
        var isIdle = false
        if id.index < cluster.nodeCount {
            var lanes = ConsensusNode.Lanes()
            nodes[id.index]?.wake(at: now, into: &lanes)
            nodes[id.index]?.checkInvariants()
            wakeTime = nodes[id.index]?.wakeTime ?? .never
            isIdle = lanes.isEmpty
            carryOut(lanes, of: id)
        } else if var client = clients[id.index - cluster.nodeCount] {
            var lanes = ClientNode.Lanes()
            client.wake(at: now, into: &lanes)
            clients[id.index - cluster.nodeCount] = client
            wakeTime = client.wakeTime
            isIdle = lanes.isEmpty
            carryOut(lanes, of: client)
        }
        idleWakes[id.index] = isIdle && wakeTime <= now ? idleWakes[id.index] + 1 : 0
        if idleWakes[id.index] > 5 { spinning.insert(id) }
    }

    private mutating func deliver(_ delivery: Delivery) {
        let id = delivery.to
        if id.index < cluster.nodeCount {
            guard var node = nodes[id.index] else { return }
            var lanes = ConsensusNode.Lanes()
            nodes[id.index] = nil
            node.receive(delivery.message, from: delivery.from, at: now, into: &lanes)
            node.checkInvariants()
            nodes[id.index] = node
            carryOut(lanes, of: id)
        } else if cluster.isClient(id), var client = clients[id.index - cluster.nodeCount] {
            var lanes = ClientNode.Lanes()
            client.receive(delivery.message, from: delivery.from, at: now, into: &lanes)
            clients[id.index - cluster.nodeCount] = client
            carryOut(lanes, of: client)
        }
    }

    private mutating func carryOut(_ lanes: ConsensusNode.Lanes, of id: NodeID) {
        guard let node = nodes[id.index] else { return }
        records[id.index] += lanes.records
        send(lanes.envelopes, from: Origin(node: id, stamp: node.stamp))
        for output in lanes.outputs {
            outputs.append((id, output, now))
            if output == .finished { nodes[id.index] = nil }
        }
    }

    private mutating func carryOut(_ lanes: ClientNode.Lanes, of client: ClientNode) {
        send(lanes.envelopes, from: Origin(node: client.client, stamp: client.stamp))
        for output in lanes.outputs {
            clientOutputs.append((client.client, output, now))
            if output == .finished { clients[client.client.index - cluster.nodeCount] = nil }
        }
    }

    private mutating func send(_ envelopes: [Envelope<Message>], from origin: Origin) {
        for envelope in envelopes {
            envelope.recipients.forEach { recipient in
                let copies = random.happens(perMillion: faults.duplicationPerMillion) ? 2 : 1
                for _ in 0..<copies {
                    let delivery = Delivery(
                        time: now + random.interval(in: faults.delay), to: recipient,
                        from: origin, message: envelope.message)
                    sent.append(delivery)
                    guard !random.happens(perMillion: faults.lossPerMillion), !loses(delivery)
                    else { continue }
                    enqueue(delivery)
                }
            }
        }
    }

    /// The queue is kept in descending order of time; among equals, the latest sent comes first.
    private mutating func enqueue(_ delivery: Delivery) {
        var low = 0
        var high = queue.count
        while low < high {
            let middle = (low + high) / 2
            if queue[middle].time > delivery.time { low = middle + 1 } else { high = middle }
        }
        queue.insert(delivery, at: low)
    }

    // MARK: - What has been seen

    var leaders: [NodeID] { outputs.filter { $0.output == .elected }.map(\.node) }

    /// The nodes that consider themselves leaders now.
    var leading: [NodeID] { nodes.compactMap { $0 }.filter(\.election.isLeader).map(\.node) }

    func roles(of id: NodeID) -> [Role] {
        outputs.compactMap { entry in
            guard entry.node == id, case .assigned(let role) = entry.output else { return nil }
            return role
        }
    }

    /// All values that clients were told or learners learned, each time.
    var values: [Value] {
        clientOutputs.compactMap { entry in
            guard case .chosen(let value) = entry.output else { return nil }
            return value
        }
    }

    var learned: [Value] {
        outputs.compactMap { entry in
            guard case .learned(let value) = entry.output else { return nil }
            return value
        }
    }

    var finishedNodes: [NodeID] { outputs.filter { $0.output == .finished }.map(\.node) }

    var isOver: Bool {
        nodes.allSatisfy { $0 == nil } && clients.allSatisfy { $0 == nil }
    }
}

extension Network: CustomTestStringConvertible {
    var testDescription: String { "network of seed \(seed) at \(now.nanoseconds / 1_000) µs" }
}
