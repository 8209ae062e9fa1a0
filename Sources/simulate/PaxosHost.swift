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
    ///
    /// They are boxed, so that a step moves no more than it changes.
    private let node: Box<ConsensusNode>?
    private let client: Box<ClientNode>?
    private let bug: PlantedBug?
    private(set) var stamp = Stamp(epoch: 0, incarnation: 0)
    private(set) var wakeTime = Instant.never

    private final class Box<Value> {
        var value: Value

        init(_ value: Value) {
            self.value = value
        }
    }

    init(_ node: ConsensusNode, bug: PlantedBug?) {
        self.node = Box(node)
        client = nil
        self.bug = bug
    }

    init(_ client: ClientNode) {
        node = nil
        self.client = Box(client)
        bug = nil
    }

    mutating func recover(_ record: NodeRecord) {
        if let bug, bug.forgets(record) { return }
        node?.value.recover(record)
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
        if let node { PaxosHost.check(&node.value) }
    }

    /// Takes a message as a node with a planted bug does.
    private mutating func receive(
        _ message: Message, from origin: Origin, at now: Instant, into lanes: inout Lanes,
        with bug: PlantedBug
    ) {
        var message = message
        let earlier = node?.value.acceptor
        withRoles { roles in bug.before(&message, from: origin.node, &roles) }
        withNodeLanes(&lanes) { [message] node, lanes in
            node.receive(message, from: origin, at: now, into: &lanes)
        }
        withRoles { roles in bug.after(message, earlier: earlier, &roles) }
    }

    private func withRoles(_ body: (inout RoleStates) -> Void) {
        guard let node else { return }
        var roles = RoleStates(
            proposer: node.value.proposer, acceptor: node.value.acceptor,
            learner: node.value.learner)
        body(&roles)
        node.value.proposer = roles.proposer
        node.value.acceptor = roles.acceptor
        node.value.learner = roles.learner
    }

    // Through `inout`, since reading a property of a boxed value copies the value.

    private static func read(_ automaton: inout some Automaton) -> (Stamp, Instant) {
        (automaton.stamp, automaton.wakeTime)
    }

    private static func check(_ automaton: inout some Automaton) {
        automaton.checkInvariants()
    }

    /// Lends the lanes to the con node, if it is one: records and envelopes are the same, outputs are
    /// wrapped.
    private mutating func withNodeLanes(
        _ lanes: inout Lanes, _ body: (inout ConsensusNode, inout ConsensusNode.Lanes) -> Void
    ) {
        guard let node else { return }
        var own = ConsensusNode.Lanes()
        swap(&own.records, &lanes.records)
        swap(&own.envelopes, &lanes.envelopes)
        body(&node.value, &own)
        (stamp, wakeTime) = PaxosHost.read(&node.value)
        swap(&own.records, &lanes.records)
        swap(&own.envelopes, &lanes.envelopes)
        for output in own.outputs { lanes.report(.node(output)) }
    }

    private mutating func withClientLanes(
        _ lanes: inout Lanes, _ body: (inout ClientNode, inout ClientNode.Lanes) -> Void
    ) {
        guard let client else { return }
        var own = ClientNode.Lanes()
        swap(&own.records, &lanes.records)
        swap(&own.envelopes, &lanes.envelopes)
        body(&client.value, &own)
        (stamp, wakeTime) = PaxosHost.read(&client.value)
        swap(&own.records, &lanes.records)
        swap(&own.envelopes, &lanes.envelopes)
        for output in own.outputs { lanes.report(.client(output)) }
    }
}
