public import ConsensusCore

/// Whose records a log holds: a log is opened by no one else.
public struct LogIdentity: Hashable, Sendable {
    /// The cluster's ID; see ``HostsFile/cluster``.
    public var cluster: UInt64
    public var node: NodeID

    public init(cluster: UInt64, node: NodeID) {
        self.cluster = cluster
        self.node = node
    }
}
