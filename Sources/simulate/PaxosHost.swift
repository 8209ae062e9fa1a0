import ConsensusCore
import PaxosNode

/// A host of the simulated cluster: a con node or a client, the very types that the drivers run.
struct PaxosHost: Automaton {
    typealias Message = PaxosNode.Message
    typealias Record = NodeRecord
    typealias Input = Never

    enum Output {
        case node(NodeOutput)
        case client(ClientOutput)
    }

    /// Exactly one of the two is there.
    private(set) var node: ConsensusNode?
    private(set) var client: ClientNode?
    private let bug: PlantedBug?

    init(_ node: ConsensusNode, bug: PlantedBug?) {
        self.node = node
        self.bug = bug
    }

    init(_ client: ClientNode) {
        self.client = client
        self.bug = nil
    }

    var stamp: Stamp { node?.stamp ?? client?.stamp ?? Stamp(epoch: 0, incarnation: 0) }

    var wakeTime: Instant { node?.wakeTime ?? client?.wakeTime ?? .never }

    mutating func recover(_ record: NodeRecord) {
        if let bug, bug.forgets(record) { return }
        node?.recover(record)
    }

    mutating func start(at now: Instant, into lanes: inout Lanes) {
        withNodeLanes(&lanes) { node, lanes in node.start(at: now, into: &lanes) }
        withClientLanes(&lanes) { client, lanes in client.start(at: now, into: &lanes) }
    }

    mutating func receive(
        _ message: Message, from origin: Origin, at now: Instant, into lanes: inout Lanes
    ) {
        if let bug, node != nil {
            return receive(message, from: origin, at: now, into: &lanes, with: bug)
        }
        withNodeLanes(&lanes) { node, lanes in
            node.receive(message, from: origin, at: now, into: &lanes)
        }
        withClientLanes(&lanes) { client, lanes in
            client.receive(message, from: origin, at: now, into: &lanes)
        }
    }

    mutating func handle(_ input: Never, at now: Instant, into lanes: inout Lanes) {}

    mutating func wake(at now: Instant, into lanes: inout Lanes) {
        withNodeLanes(&lanes) { node, lanes in node.wake(at: now, into: &lanes) }
        withClientLanes(&lanes) { client, lanes in client.wake(at: now, into: &lanes) }
    }

    func checkInvariants() {
        // A planted bug breaks the very rules that are checked here; the oracle is to find it.
        guard bug == nil else { return }
        node?.checkInvariants()
    }

    /// Takes a message as a node with a planted bug does.
    private mutating func receive(
        _ message: Message, from origin: Origin, at now: Instant, into lanes: inout Lanes,
        with bug: PlantedBug
    ) {
        var message = message
        let earlier = node?.acceptor
        withRoles { roles in bug.before(&message, from: origin.node, &roles) }
        let first = lanes.records.count
        withNodeLanes(&lanes) { [message] node, lanes in
            node.receive(message, from: origin, at: now, into: &lanes)
        }
        withRoles { roles in bug.after(message, earlier: earlier, &roles) }
        guard bug == .forgetAccepted else { return }
        // What is forgotten in memory is not found on the disk either, but for its ballot.
        for index in first..<lanes.records.count {
            guard case .accepted(let proposal) = lanes.records[index] else { continue }
            lanes.records[index] = .promised(proposal.ballot)
        }
    }

    private mutating func withRoles(_ body: (inout RoleStates) -> Void) {
        guard let node else { return }
        var roles = RoleStates(
            proposer: node.proposer, acceptor: node.acceptor, learner: node.learner)
        body(&roles)
        self.node?.proposer = roles.proposer
        self.node?.acceptor = roles.acceptor
        self.node?.learner = roles.learner
    }

    /// Lends the lanes to the con node, if it is one: records and envelopes are the same, outputs are
    /// wrapped.
    private mutating func withNodeLanes(
        _ lanes: inout Lanes, _ body: (inout ConsensusNode, inout ConsensusNode.Lanes) -> Void
    ) {
        guard node != nil else { return }
        var own = ConsensusNode.Lanes()
        swap(&own.records, &lanes.records)
        swap(&own.envelopes, &lanes.envelopes)
        body(&node!, &own)
        swap(&own.records, &lanes.records)
        swap(&own.envelopes, &lanes.envelopes)
        for output in own.outputs { lanes.report(.node(output)) }
    }

    private mutating func withClientLanes(
        _ lanes: inout Lanes, _ body: (inout ClientNode, inout ClientNode.Lanes) -> Void
    ) {
        guard client != nil else { return }
        var own = ClientNode.Lanes()
        swap(&own.records, &lanes.records)
        swap(&own.envelopes, &lanes.envelopes)
        body(&client!, &own)
        swap(&own.records, &lanes.records)
        swap(&own.envelopes, &lanes.envelopes)
        for output in own.outputs { lanes.report(.client(output)) }
    }
}
