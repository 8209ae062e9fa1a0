import ConsensusCore

/// A small cluster with its clients, whose schedule, faults and forgeries are an input's bytes.
///
/// Datagrams wait in a queue as bytes. An input has them delivered, dropped, repeated, changed, mixed with
/// one another, or made up; it lets time pass, crashes and wipes nodes, and asks for checkpoints. After
/// every event the invariants of whoever took it are checked, what it recorded is read back, and what it
/// sends must fit a datagram and be read as it was written.
struct Rig<Node: Automaton, Client: Automaton>
where Client.Message == Node.Message {
    private(set) var nodes: [Node] = []
    private(set) var clients: [Client] = []
    private let nodeIDs: [NodeID]
    private let clientIDs: [NodeID]
    private let makeNode: (NodeID, UInt64) -> Node
    /// What every node's records are, all of them durable.
    private var disks: [[Node.Record]]
    private var queue: [Letter] = []
    private var lives: UInt64 = 0
    private(set) var now = Instant(nanoseconds: 0)
    /// What the clients have reported, each with its position.
    private(set) var reports: [(client: Int, output: Client.Output)] = []
    /// Compares a node with what its records alone make of it.
    var compare: (Node, Node) -> Void = { _, _ in }
    /// Makes what a client is asked to do out of an input.
    var nextRequest: (inout Input) -> Client.Input? = { _ in nil }

    private struct Letter {
        var bytes: [UInt8]
        var origin: Origin
        var recipient: NodeID
    }

    /// The most datagrams under way; what is sent beyond it is lost.
    private static var queueLimit: Int { 400 }
    /// The most events of one input, so that none takes long.
    private static var eventLimit: Int { 200 }

    init(
        nodes nodeIDs: [NodeID], clients: [(NodeID, Client)],
        make makeNode: @escaping (NodeID, UInt64) -> Node
    ) {
        self.nodeIDs = nodeIDs
        self.makeNode = makeNode
        clientIDs = clients.map { $0.0 }
        disks = Array(repeating: [], count: nodeIDs.count)
        for id in nodeIDs {
            lives += 1
            nodes.append(makeNode(id, lives))
        }
        for index in nodes.indices {
            var lanes = Node.Lanes()
            nodes[index].start(at: now, into: &lanes)
            take(lanes, of: index)
        }
        for (_, client) in clients { self.clients.append(client) }
        for index in self.clients.indices {
            var lanes = Client.Lanes()
            self.clients[index].start(at: now, into: &lanes)
            take(lanes, ofClient: index)
        }
    }

    // MARK: Events

    /// Plays an input to its end, then crashes every node once.
    mutating func play(_ input: inout Input) {
        var events = 0
        while !input.isEmpty, events < Rig.eventLimit {
            events += 1
            step(&input)
        }
        for index in nodes.indices { restart(index) }
    }

    private mutating func step(_ input: inout Input) {
        switch input.below(16) {
        case 0, 1: run(for: Interval.milliseconds(Int64(input.byte())))
        case 2: run(for: Interval.milliseconds(10 * Int64(input.byte())))
        case 3: if let letter = pick(&input) { deliver(queue.remove(at: letter)) }
        case 4: if let letter = pick(&input) { deliver(queue[letter]) }
        case 5: if let letter = pick(&input) { queue.remove(at: letter) }
        case 6: queue.removeAll()
        case 7: pass(Interval.milliseconds(Int64(input.byte())))
        case 8, 9: deliverChanged(&input)
        case 10: deliverMixed(&input)
        case 11, 12: deliverForged(&input)
        case 13: request(&input)
        case 14: restart(input.below(nodes.count))
        default:
            let index = input.below(nodes.count)
            if input.below(4) == 0 { wipe(index) } else { checkpoint(index) }
        }
    }

    private mutating func pick(_ input: inout Input) -> Int? {
        let index = input.short()
        return queue.isEmpty ? nil : index % queue.count
    }

    /// Some bytes of a datagram are others.
    private mutating func deliverChanged(_ input: inout Input) {
        guard let index = pick(&input) else { return }
        var letter = queue[index]
        let offset = input.short() % letter.bytes.count
        for (place, byte) in input.take(1 + input.below(8)).enumerated()
        where offset + place < letter.bytes.count {
            letter.bytes[offset + place] = byte
        }
        deliver(letter)
    }

    /// A field of one datagram is another one's.
    private mutating func deliverMixed(_ input: inout Input) {
        guard let index = pick(&input), let other = pick(&input) else { return }
        var letter = queue[index]
        let from = input.short() % queue[other].bytes.count
        let to = input.short() % letter.bytes.count
        for place in 0..<(input.below(2) == 0 ? 8 : 16)
        where from + place < queue[other].bytes.count && to + place < letter.bytes.count {
            letter.bytes[to + place] = queue[other].bytes[from + place]
        }
        deliver(letter)
    }

    /// A datagram is made up altogether, under the name of a node, a client or a stranger.
    private mutating func deliverForged(_ input: inout Input) {
        let sender = input.byte()
        let recipient = recipient(&input)
        guard let message = input.value(Node.Message.self) else { return }
        deliver(
            Letter(bytes: encoded(message), origin: origin(sender), recipient: recipient))
    }

    private func origin(_ byte: UInt8) -> Origin {
        let index = Int(byte & 0x3f) % (nodes.count + clients.count + 1)
        var origin = Origin(
            node: NodeID.anonymous, stamp: Stamp(epoch: 0, incarnation: UInt64(byte) + 1))
        if index < nodes.count {
            origin = Origin(node: nodeIDs[index], stamp: nodes[index].stamp)
        } else if index < nodes.count + clients.count {
            let client = index - nodes.count
            origin = Origin(node: clientIDs[client], stamp: clients[client].stamp)
        }
        if byte >= 0xc0 { origin.stamp.incarnation = UInt64(byte) }
        if byte & 0x40 != 0 { origin.stamp.epoch = UInt64(byte) }
        return origin
    }

    private func recipient(_ input: inout Input) -> NodeID {
        let index = input.below(nodes.count + clients.count)
        return index < nodes.count ? nodeIDs[index] : clientIDs[index - nodes.count]
    }

    private mutating func request(_ input: inout Input) {
        guard !clients.isEmpty else { return }
        let index = input.below(clients.count)
        guard let request = nextRequest(&input) else { return }
        var lanes = Client.Lanes()
        clients[index].handle(request, at: now, into: &lanes)
        take(lanes, ofClient: index)
    }

    // MARK: Time

    /// Lets time pass while everything arrives at once and everybody is woken when due.
    private mutating func run(for length: Interval) {
        let end = now + length
        var steps = 0
        repeat {
            while !queue.isEmpty, steps < 300 {
                steps += 1
                deliver(queue.removeFirst())
            }
            let next = min(nodes.map(\.wakeTime).min() ?? .never, clientWakeTime)
            guard next <= end else { break }
            now = max(now, next)
            wakeAllDue()
        } while steps < 300
        now = max(now, end)
    }

    private var clientWakeTime: Instant { clients.map(\.wakeTime).min() ?? .never }

    private mutating func pass(_ length: Interval) {
        now = now + length
        wakeAllDue()
    }

    private mutating func wakeAllDue() {
        for index in nodes.indices {
            var wakes = 0
            while nodes[index].wakeTime <= now {
                wakes += 1
                expect(wakes < 64, "a node wakes and wakes")
                var lanes = Node.Lanes()
                nodes[index].wake(at: now, into: &lanes)
                take(lanes, of: index)
            }
        }
        for index in clients.indices {
            var wakes = 0
            while clients[index].wakeTime <= now {
                wakes += 1
                expect(wakes < 64, "a client wakes and wakes")
                var lanes = Client.Lanes()
                clients[index].wake(at: now, into: &lanes)
                take(lanes, ofClient: index)
            }
        }
    }

    // MARK: Crashes

    /// Crashes a node; it comes back with what it had recorded.
    private mutating func restart(_ index: Int) {
        var again = freshNode(index)
        for record in disks[index] { again.recover(record) }
        expect(again.recoveryFault == nil, "what it recorded: \(again.recoveryFault ?? "")")
        again.checkInvariants()
        compare(nodes[index], again)
        start(again, as: index)
    }

    /// Crashes a node; it comes back without what it had recorded.
    private mutating func wipe(_ index: Int) {
        disks[index] = []
        start(freshNode(index), as: index)
    }

    private mutating func freshNode(_ index: Int) -> Node {
        lives += 1
        return makeNode(nodeIDs[index], lives)
    }

    private mutating func start(_ node: Node, as index: Int) {
        nodes[index] = node
        var lanes = Node.Lanes()
        nodes[index].start(at: now, into: &lanes)
        take(lanes, of: index)
    }

    private mutating func checkpoint(_ index: Int) {
        guard nodes[index].wantsCheckpoint else { return }
        disks[index] = readBack(nodes[index].checkpoint())
        nodes[index].checkInvariants()
    }

    private func readBack(_ records: [Node.Record]) -> [Node.Record] {
        records.map { record in
            let again = decoded(Node.Record.self, encoded(record))
            expect(again == record, "\(record) is recorded and cannot be read back")
            return again!
        }
    }

    // MARK: Effects

    private mutating func deliver(_ letter: Letter) {
        guard let message = decoded(Node.Message.self, letter.bytes) else { return }
        if let index = nodeIDs.firstIndex(of: letter.recipient) {
            var lanes = Node.Lanes()
            nodes[index].receive(message, from: letter.origin, at: now, into: &lanes)
            take(lanes, of: index)
        } else if let index = clientIDs.firstIndex(of: letter.recipient) {
            var lanes = Client.Lanes()
            clients[index].receive(message, from: letter.origin, at: now, into: &lanes)
            take(lanes, ofClient: index)
        }
    }

    private mutating func take(_ lanes: Node.Lanes, of index: Int) {
        nodes[index].checkInvariants()
        disks[index] += readBack(lanes.records)
        send(lanes.envelopes, from: Origin(node: nodeIDs[index], stamp: nodes[index].stamp))
    }

    private mutating func take(_ lanes: Client.Lanes, ofClient index: Int) {
        clients[index].checkInvariants()
        for output in lanes.outputs { reports.append((index, output)) }
        send(lanes.envelopes, from: Origin(node: clientIDs[index], stamp: clients[index].stamp))
    }

    private mutating func send(_ envelopes: [Envelope<Node.Message>], from origin: Origin) {
        for envelope in envelopes {
            let bytes = encoded(envelope.message)
            expect(
                bytes.count + DatagramFormat.headerSize <= DatagramFormat.maximumSize,
                "a \(envelope.message.kind) of \(bytes.count) bytes fits no datagram")
            expect(
                decoded(Node.Message.self, bytes) == envelope.message,
                "\(envelope.message) is sent and cannot be read")
            envelope.recipients.forEach { recipient in
                guard queue.count < Rig.queueLimit else { return }
                queue.append(Letter(bytes: bytes, origin: origin, recipient: recipient))
            }
        }
    }
}
