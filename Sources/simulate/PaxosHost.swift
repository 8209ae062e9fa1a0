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
    private let node: Boxed<ConsensusNode>?
    private let client: Boxed<ClientNode>?
    private let bug: PlantedBug?

    init(_ node: ConsensusNode, bug: PlantedBug?) {
        self.node = Boxed(node)
        client = nil
        self.bug = bug
    }

    init(_ client: ClientNode) {
        node = nil
        self.client = Boxed(client)
        bug = nil
    }

    var stamp: Stamp { node?.stamp ?? client?.stamp ?? Stamp(epoch: 0, incarnation: 0) }
    var wakeTime: Instant { node?.wakeTime ?? client?.wakeTime ?? .never }

    var recoveryFault: String? { node?.recoveryFault ?? client?.recoveryFault }
    var wantsCheckpoint: Bool { node?.wantsCheckpoint ?? client?.wantsCheckpoint ?? false }

    mutating func checkpoint() -> [NodeRecord] { node?.checkpoint() ?? client?.checkpoint() ?? [] }

    mutating func recover(_ record: NodeRecord) {
        if let bug, bug.forgets(record) { return }
        node?.recover(record)
        client?.recover(record)
    }

    mutating func start(at now: Instant, into lanes: inout Lanes) {
        node?.step(&lanes, wrapping: Output.node) { node, lanes in node.start(at: now, into: &lanes)
        }
        client?.step(&lanes, wrapping: Output.client) { client, lanes in
            client.start(at: now, into: &lanes)
        }
    }

    mutating func receive(
        _ message: Message, from origin: Origin, at now: Instant, into lanes: inout Lanes
    ) {
        if let bug, node != nil {
            return receive(message, from: origin, at: now, into: &lanes, with: bug)
        }
        node?.step(&lanes, wrapping: Output.node) { node, lanes in
            node.receive(message, from: origin, at: now, into: &lanes)
        }
        client?.step(&lanes, wrapping: Output.client) { client, lanes in
            client.receive(message, from: origin, at: now, into: &lanes)
        }
    }

    mutating func handle(_ input: Never, at now: Instant, into lanes: inout Lanes) {}

    mutating func wake(at now: Instant, into lanes: inout Lanes) {
        node?.step(&lanes, wrapping: Output.node) { node, lanes in node.wake(at: now, into: &lanes)
        }
        client?.step(&lanes, wrapping: Output.client) { client, lanes in
            client.wake(at: now, into: &lanes)
        }
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
        let earlier = node?.automaton.acceptor
        withRoles { roles in bug.before(&message, from: origin.node, &roles) }
        node?.step(&lanes, wrapping: Output.node) { [message] node, lanes in
            node.receive(message, from: origin, at: now, into: &lanes)
        }
        withRoles { roles in bug.after(message, earlier: earlier, &roles) }
    }

    private func withRoles(_ body: (inout RoleStates) -> Void) {
        guard let node else { return }
        var roles = RoleStates(
            proposer: node.automaton.proposer, acceptor: node.automaton.acceptor,
            learner: node.automaton.learner)
        body(&roles)
        node.automaton.proposer = roles.proposer
        node.automaton.acceptor = roles.acceptor
        node.automaton.learner = roles.learner
    }
}
