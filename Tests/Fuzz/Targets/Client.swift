import ConsensusCore
import PaxosNode

/// Clients that are lied to: none is trapped or kept busy, and every call is answered exactly once.
func fuzz(_ bytes: [UInt8]) {
    var input = Input(bytes)
    if input.below(2) == 0 { ofLog(&input) } else { ofValue(&input) }
}

/// Hands a client what an input makes up and, now and then, its own words with some bytes changed.
private struct Liar<Client: Automaton> {
    var client: Client
    let nodeCount: Int
    var now = Instant(nanoseconds: 0)
    var outputs: [Client.Output] = []
    private var said: [[UInt8]] = []

    init(_ client: Client, nodeCount: Int) {
        self.client = client
        self.nodeCount = nodeCount
        event { client, now, lanes in client.start(at: now, into: &lanes) }
    }

    mutating func event(_ body: (inout Client, Instant, inout Client.Lanes) -> Void) {
        var lanes = Client.Lanes()
        body(&client, now, &lanes)
        client.checkInvariants()
        outputs += lanes.outputs
        for envelope in lanes.envelopes {
            let bytes = encoded(envelope.message)
            expect(
                bytes.count + DatagramFormat.headerSize <= DatagramFormat.maximumSize,
                "a \(envelope.message.kind) of \(bytes.count) bytes fits no datagram")
            if said.count == 32 { said.removeFirst() }
            said.append(bytes)
        }
    }

    mutating func pass(_ length: Interval) {
        now = now + length
        var wakes = 0
        while client.wakeTime <= now {
            wakes += 1
            expect(wakes < 64, "it wakes and wakes")
            event { client, now, lanes in client.wake(at: now, into: &lanes) }
        }
    }

    /// The next event, unless it is a request.
    mutating func step(_ input: inout Input) {
        switch input.below(4) {
        case 0: pass(.milliseconds(Int64(input.byte())))
        case 1, 2:
            let origin = origin(&input)
            guard let message = input.value(Client.Message.self) else { return }
            receive(message, from: origin)
        default:
            let origin = origin(&input)
            guard let tag = said.isEmpty ? nil : input.byte() else { return }
            // What the client has drawn (numbers, lives) is what an answer must name.
            var answer = [tag] + input.take(input.below(32))
            let words = said[input.below(said.count)]
            answer += words.dropFirst(input.below(32)).prefix(input.below(64))
            answer += input.take(input.below(64))
            guard let message = decoded(Client.Message.self, answer) else { return }
            receive(message, from: origin)
        }
    }

    private mutating func receive(_ message: Client.Message, from origin: Origin) {
        event { client, now, lanes in
            client.receive(message, from: origin, at: now, into: &lanes)
        }
    }

    private func origin(_ input: inout Input) -> Origin {
        let node = NodeID(index: input.below(nodeCount + 2))
        let stamp = Stamp(epoch: UInt64(input.below(4)), incarnation: 1 + UInt64(input.below(2)))
        return Origin(node: node, stamp: stamp)
    }
}

private func ofLog(_ input: inout Input) {
    let cluster = LogCluster(proposers: 2, acceptors: 3, learners: 2)
    var liar = Liar(LogClient(cluster: cluster, seed: 5), nodeCount: cluster.nodeCount)
    var calls: UInt64 = 0
    var cancelled: Set<UInt64> = []
    var events = 0
    while !input.isEmpty, events < 400 {
        events += 1
        switch input.below(8) {
        case 0:
            calls += 1
            let call = ClientCall(
                number: calls, operation: operation(&input),
                timeout: .milliseconds(1 + 8 * Int64(input.byte())))
            liar.event { client, now, lanes in
                client.handle(.call(call), at: now, into: &lanes)
            }
        case 1 where calls > 0 && input.below(4) == 0:
            let number = 1 + UInt64(input.byte()) % calls
            cancelled.insert(number)
            liar.event { client, now, lanes in
                client.handle(.cancel(number), at: now, into: &lanes)
            }
        default: liar.step(&input)
        }
    }
    for _ in 0..<40 { liar.pass(.milliseconds(100)) }
    var answers: [UInt64: Int] = [:]
    for answer in liar.outputs { answers[answer.number, default: 0] += 1 }
    for number in 0..<calls {
        let count = answers[number + 1, default: 0]
        let isEnough = cancelled.contains(number + 1) ? count <= 1 : count == 1
        expect(isEnough, "call \(number + 1) was answered \(count) times")
    }
    expect(answers.count <= Int(calls), "an answer to a call that was not made")
    expect(liar.client.wakeTime == .never, "it wants to be woken for nothing")
}

private func operation(_ input: inout Input) -> ClientCall.Operation {
    switch input.below(6) {
    case 0: .query([1])
    case 1: .status(.computed)
    case 2: .command(Array(repeating: 1, count: 40_000))
    case 3: .command(Array(repeating: 2, count: 20_000))
    default: .command([3])
    }
}

private func ofValue(_ input: inout Input) {
    let cluster = Cluster(proposers: 2, acceptors: 3, learners: 2, clients: 1)
    let client = ClientNode(
        cluster: cluster, client: NodeID(index: 7), value: [1, 2, 3], preferredProposer: 1,
        timeout: .seconds(2), seed: 5)
    var liar = Liar(client, nodeCount: cluster.nodeCount)
    var events = 0
    while !input.isEmpty, events < 400 {
        events += 1
        liar.step(&input)
    }
    for _ in 0..<100 { liar.pass(.milliseconds(100)) }
    var (values, timeouts, ends) = (0, 0, 0)
    for output in liar.outputs {
        switch output {
        case .chosen: values += 1
        case .timedOut: timeouts += 1
        case .finished: ends += 1
        }
    }
    expect(values + timeouts == 1, "\(values) values and \(timeouts) timeouts")
    expect(ends == 1, "it ended \(ends) times")
}
