public import ConsensusCore

/// The shape of a cluster that agrees on a log: who proposes, who votes and who applies.
///
/// In role form each con node has one of the three roles, as in ``Cluster``; among replicas each has all
/// three.
public struct LogCluster: Hashable, Sendable {
    public let proposers: NodeSet
    public let acceptors: NodeSet
    public let learners: NodeSet
    public let form: Form

    public enum Form: Hashable, Sendable {
        /// Every con node has one role.
        case roles
        /// Every con node has every role.
        case replicas
    }

    /// - Precondition: there are 1 to 64 replicas.
    public init(replicas: Int) {
        precondition(replicas >= 1 && replicas <= NodeSet.maximumCount)
        proposers = NodeSet(0..<replicas)
        acceptors = proposers
        learners = proposers
        form = .replicas
    }

    /// - Precondition: there is at least one node of each role, and at most 64 in all.
    public init(proposers: Int, acceptors: Int, learners: Int) {
        let cluster = Cluster(
            proposers: proposers, acceptors: acceptors, learners: learners, clients: 0)
        self.proposers = cluster.proposers
        self.acceptors = cluster.acceptors
        self.learners = cluster.learners
        form = .roles
    }

    /// Every con node.
    public var nodes: NodeSet { proposers.union(acceptors).union(learners) }

    public var nodeCount: Int { nodes.count }

    /// What a majority of the acceptors is.
    public var majority: Majority { Majority(of: acceptors) }

    /// The proposer whose ballot it is.
    package func owner(of ballot: Ballot) -> NodeID {
        NodeID(UInt32(ballot.number % UInt64(nodeCount)))
    }

    /// What a node is called in `status` and when it starts, as in `REPLICA`.
    public func roleName(of node: NodeID) -> String {
        if form == .replicas { return "REPLICA" }
        if proposers.contains(node) { return "\(Role.proposer)" }
        return "\(acceptors.contains(node) ? Role.acceptor : Role.learner)"
    }
}
