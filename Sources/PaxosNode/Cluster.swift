public import ConsensusCore

/// The shape of a role-form cluster: how many hosts hold each role, and how many are clients.
///
/// Roles are a pure function of these counts, so two leaders can never assign different ones: the
/// first con nodes are the proposers, the next the acceptors, the last the learners. Clients follow.
public struct Cluster: Hashable, Sendable {
    public let proposers: NodeSet
    public let acceptors: NodeSet
    public let learners: NodeSet
    /// How many clients have a line in the hosts file.
    ///
    /// Their IDs follow those of the con nodes.
    public let clientCount: Int

    /// - Precondition: there is at least one node of each role, at most 64 in all, and `clients` is
    ///   not negative; the hosts file has been checked before.
    public init(proposers: Int, acceptors: Int, learners: Int, clients: Int) {
        precondition(proposers >= 1 && acceptors >= 1 && learners >= 1 && clients >= 0)
        self.proposers = NodeSet(0..<proposers)
        self.acceptors = NodeSet(proposers..<proposers + acceptors)
        self.learners = NodeSet(proposers + acceptors..<proposers + acceptors + learners)
        self.clientCount = clients
    }

    /// Every con node.
    public var nodes: NodeSet { proposers.union(acceptors).union(learners) }

    /// How many con nodes there are, from 3 to 64.
    public var nodeCount: Int { learners.bits.bitWidth - learners.bits.leadingZeroBitCount }

    /// What a majority of the acceptors is.
    public var majority: Majority { Majority(of: acceptors) }

    /// The role of a con node; nil of a client or a stranger.
    public func role(of node: NodeID) -> Role? {
        if proposers.contains(node) { return .proposer }
        if acceptors.contains(node) { return .acceptor }
        if learners.contains(node) { return .learner }
        return nil
    }

    public func isClient(_ node: NodeID) -> Bool {
        node.index >= nodeCount && node.index < nodeCount + clientCount
    }

    /// The ID of the client at a position from 0.
    func client(at position: Int) -> NodeID { NodeID(index: nodeCount + position) }
}

/// What a con node does in a role-form cluster; exactly one role a node.
public enum Role: UInt8, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    case proposer
    case acceptor
    case learner

    public var description: String {
        switch self {
        case .proposer: "PROPOSER"
        case .acceptor: "ACCEPTOR"
        case .learner: "LEARNER"
        }
    }
}
