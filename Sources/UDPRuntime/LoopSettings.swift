public import ConsensusCore

/// What an event loop is told about the cluster and about itself.
public struct LoopSettings: Sendable {
    /// The cluster's ID; see ``HostsFile/cluster``.
    public var cluster: UInt64
    /// The node this loop hosts; ``ConsensusCore/NodeID/anonymous`` for a client without a line in the
    /// hosts file.
    public var node: NodeID
    /// Where each host of the hosts file is, by node ID; datagrams from elsewhere are dropped
    /// unless they are guests'.
    public var addresses: [SocketAddress]
    public var faults: Faults
    /// At which message received the loop is to end as if the node had crashed.
    public var crashPoint: CrashPoint?
    /// Where every event is written down.
    public var trace: TraceFile?
    /// Whether every message is shown on standard error.
    public var debug: Bool
    /// How many clients without a line in the hosts file this node knows at a time, up to
    /// ``maximumGuests``; 0 to drop all their datagrams.
    ///
    /// One more takes the place of the one not heard for longest.
    public var guestLimit = 0

    /// The most clients without a line in the hosts file that a node can know at a time.
    public static var maximumGuests: Int { GuestTable.maximumLimit }

    public init(
        cluster: UInt64, node: NodeID, addresses: [SocketAddress], faults: Faults = .none,
        crashPoint: CrashPoint? = nil, trace: TraceFile? = nil, debug: Bool = false
    ) {
        self.cluster = cluster
        self.node = node
        self.addresses = addresses
        self.faults = faults
        self.crashPoint = crashPoint
        self.trace = trace
        self.debug = debug
    }

    /// Whether anybody is told of single events.
    var isObserved: Bool { trace != nil || debug }
}

/// What the receiver of outputs wants next.
@frozen
public enum LoopDecision: Hashable, Sendable {
    case `continue`
    /// Ends the loop once all that was to be sent has been.
    case stop
}

/// Why a loop ended.
@frozen
public enum LoopEnd: Hashable, Sendable {
    /// The receiver of outputs said so.
    case stopped
    /// The signal of this number came.
    case signal(Int32)
    /// The crash point was reached.
    case crashPoint
}
