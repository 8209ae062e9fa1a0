import ConsensusCore

@testable import PaxosNode

/// Two proposers 0 and 1, acceptors 2 to 4, learners 5 and 6, clients 7 and 8.
let smallCluster = Cluster(proposers: 2, acceptors: 3, learners: 2, clients: 2)

func milliseconds(_ count: Int64) -> Instant { Instant(nanoseconds: count * 1_000_000) }

func ballot(_ number: UInt64, life: UInt64 = 1) -> Ballot {
    Ballot(number: number, incarnation: life)
}

func proposal(_ number: UInt64, _ value: Value) -> Proposal {
    Proposal(ballot: ballot(number), value: value)
}

func origin(_ node: NodeID, epoch: UInt64 = 0, life: UInt64) -> Origin {
    Origin(node: node, stamp: Stamp(epoch: epoch, incarnation: life))
}

extension Recipients {
    var members: [NodeID] {
        var members: [NodeID] = []
        forEach { members.append($0) }
        return members
    }

    func contains(_ node: NodeID) -> Bool {
        switch self {
        case .one(let one): one == node
        case .nodes(let nodes): nodes.contains(node)
        }
    }
}

extension Effects where Message == PaxosNode.Message {
    /// What is to be sent to one host, in order.
    func sent(to node: NodeID) -> [Message] {
        envelopes.filter { $0.recipients.contains(node) }.map(\.message)
    }

    /// The messages of one kind, whoever is to have them.
    func sent(_ kind: String) -> [Envelope<Message>] {
        envelopes.filter { $0.message.kind == kind }
    }

    var kinds: [String] { envelopes.map(\.message.kind) }
}

/// One node, driven by hand: each event gives the effects of that event alone.
struct Driver {
    var node: ConsensusNode
    private var lanes = ConsensusNode.Lanes()

    /// The epoch, leader and claim of ``enrolled(_:of:options:)``.
    static let epoch: UInt64 = 77
    static let leaderLife: UInt64 = 600

    init(
        _ id: NodeID, of cluster: Cluster = smallCluster, seed: UInt64? = nil,
        options: NodeOptions = NodeOptions()
    ) {
        node = ConsensusNode(
            cluster: cluster, node: id, seed: seed ?? 1_000 + UInt64(id.rawValue),
            options: options)
    }

    var own: Origin { Origin(node: node.node, stamp: node.stamp) }

    @discardableResult
    mutating func start(at now: Instant = milliseconds(0)) -> ConsensusNode.Lanes {
        lanes.removeAll()
        node.start(at: now, into: &lanes)
        node.checkInvariants()
        return lanes
    }

    @discardableResult
    mutating func receive(
        _ message: Message, from origin: Origin, at now: Instant = milliseconds(1)
    ) -> ConsensusNode.Lanes {
        lanes.removeAll()
        node.receive(message, from: origin, at: now, into: &lanes)
        node.checkInvariants()
        return lanes
    }

    @discardableResult
    mutating func wake(at now: Instant) -> ConsensusNode.Lanes {
        lanes.removeAll()
        node.wake(at: now, into: &lanes)
        node.checkInvariants()
        return lanes
    }

    /// Wakes it at its own deadlines up to an instant; gives all effects.
    mutating func wake(until end: Instant) -> ConsensusNode.Lanes {
        var all = ConsensusNode.Lanes()
        while node.wakeTime <= end {
            let effects = wake(at: node.wakeTime)
            all.records += effects.records
            all.envelopes += effects.envelopes
            all.outputs += effects.outputs
        }
        return all
    }

    /// The highest con node leads.
    static func claim(of cluster: Cluster = smallCluster, round: UInt32 = 1) -> LeaderClaim {
        LeaderClaim(
            round: round, leader: NodeID(index: cluster.nodeCount - 1), incarnation: leaderLife)
    }

    /// The assignment this node would be given.
    func assign(round: UInt32 = 1, proof: UInt64? = nil, roster: Roster = Roster()) -> Assign {
        let cluster = node.cluster
        return Assign(
            claim: Driver.claim(of: cluster, round: round), proof: proof ?? node.incarnation,
            role: cluster.role(of: node.node), proposers: cluster.proposers,
            acceptors: cluster.acceptors, learners: cluster.learners, roster: roster)
    }

    static func leader(
        of cluster: Cluster = smallCluster, epoch: UInt64 = Driver.epoch
    ) -> Origin {
        origin(claim(of: cluster).leader, epoch: epoch, life: leaderLife)
    }

    /// A started node that has its role, by the leader's assignment.
    static func enrolled(
        _ id: NodeID, of cluster: Cluster = smallCluster, seed: UInt64? = nil,
        options: NodeOptions = NodeOptions()
    ) -> Driver {
        var driver = Driver(id, of: cluster, seed: seed, options: options)
        driver.start()
        driver.receive(.assign(driver.assign()), from: leader(of: cluster))
        driver.admit()
        return driver
    }

    /// Lets an acceptor find its own life in the leader's roster, so that it votes.
    @discardableResult
    mutating func admit() -> ConsensusNode.Lanes {
        guard node.acceptor != nil else { return lanes }
        var roster = Roster()
        roster.note(node.node, incarnation: node.incarnation)
        return receive(.assign(assign(roster: roster)), from: Driver.leader(of: node.cluster))
    }

    /// The highest con node, elected, its news come round, and so assigning roles.
    static func leading(
        _ cluster: Cluster = smallCluster, options: NodeOptions = NodeOptions()
    ) -> Driver {
        var driver = Driver(NodeID(index: cluster.nodeCount - 1), of: cluster, options: options)
        driver.start()
        let before = origin(NodeID(index: cluster.nodeCount - 2), life: 5)
        let own = driver.own
        driver.receive(
            .token(Token(round: 1, candidate: own.node, incarnation: own.stamp.incarnation)),
            from: before)
        let claim = LeaderClaim(
            round: 1, leader: own.node, incarnation: own.stamp.incarnation)
        driver.receive(.elected(Elected(claim: claim, lap: 0)), from: before)
        return driver
    }

    /// What a member of this leader's run confirms.
    func confirm(roster: Roster = Roster(), done: ClientSet = ClientSet()) -> Confirm {
        let claim = LeaderClaim(round: 1, leader: node.node, incarnation: node.incarnation)
        return Confirm(
            claim: claim, epoch: node.stamp.epoch, roster: roster, done: done, heard: [])
    }

    /// A con node's origin in the enrolled run.
    static func member(_ node: NodeID, life: UInt64? = nil) -> Origin {
        origin(node, epoch: epoch, life: life ?? 10 + UInt64(node.rawValue))
    }
}

func clients(_ positions: Int...) -> ClientSet {
    var set = ClientSet()
    for position in positions { set.insert(position) }
    return set
}
