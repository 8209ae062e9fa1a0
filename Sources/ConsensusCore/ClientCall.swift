/// What a program asks a client automaton to do.
public enum ClientRequest: Hashable, Sendable {
    case call(ClientCall)
    /// The caller no longer waits for the call of this number; it may or may not be carried out.
    case cancel(UInt64)
}

/// One operation on a service, with its deadline.
public struct ClientCall: Hashable, Sendable {
    /// Chosen by the caller, another for each of its calls.
    public var number: UInt64
    public var operation: Operation
    /// How long it waits for the answer; positive.
    public var timeout: Interval

    public enum Operation: Hashable, Sendable {
        /// Is put into the order and applied exactly once.
        case command([UInt8])
        /// Is answered from a state that reflects all that was answered before, and is not put into the
        /// order.
        case query([UInt8])
        /// What every node says of itself.
        case status(StateDigests)
    }

    /// Whether nodes are to say what their state is; it takes them time in proportion to its size.
    public enum StateDigests: Hashable, Sendable {
        case omitted
        case computed
    }

    public init(number: UInt64, operation: Operation, timeout: Interval) {
        self.number = number
        self.operation = operation
        self.timeout = timeout
    }
}

/// What became of a call; one each, unless it was cancelled.
public struct ClientAnswer: Hashable, Sendable {
    /// The call's number.
    public var number: UInt64
    public var result: Result<Reply, ClientFailure>

    public enum Reply: Hashable, Sendable {
        case bytes([UInt8])
        /// In order of their IDs; the silent ones too.
        case status([NodeStatus])
    }

    public init(number: UInt64, result: Result<Reply, ClientFailure>) {
        self.number = number
        self.result = result
    }
}

/// Why a call has no answer.
public enum ClientFailure: Error, Hashable, Sendable {
    /// No answer came in time; a command may or may not have been applied.
    case timedOut(QuorumSilence)
    /// The service had forgotten the client's session; a command may or may not have been applied.
    case sessionExpired
    /// The service takes the client to have answers that it does not have, as if somebody else had spoken
    /// for it; a command may or may not have been applied.
    case superseded
    /// The service had no room for another session in all that time; the command was not sent.
    case sessionRefused
    /// The command or query has more bytes than the limit; it was not sent.
    case tooLarge(size: Int, limit: Int)
}

/// Who answered and who did not, when a call ran out of time.
public struct QuorumSilence: Hashable, Sendable {
    public var timeout: Interval
    /// All con nodes.
    public var nodes: NodeSet
    /// Those that answered of late.
    public var present: NodeSet
    /// The nodes that vote.
    public var acceptors: NodeSet
    /// Those of the present whose votes are refused, or not yet admitted.
    public var withoutVote: NodeSet

    public init(
        timeout: Interval, nodes: NodeSet, present: NodeSet, acceptors: NodeSet,
        withoutVote: NodeSet
    ) {
        self.timeout = timeout
        self.nodes = nodes
        self.present = present
        self.acceptors = acceptors
        self.withoutVote = withoutVote
    }
}

/// What a node says of itself, to people.
public struct NodeStatus: Hashable, Sendable {
    public var node: NodeID
    /// Nil if it is silent.
    public var report: Report?

    public struct Report: Hashable, Sendable {
        /// The engine's word for what it does, as in `leader`, `replica`, `acceptor`.
        public var role: String
        /// The ballot's number or the term; nil before there is any.
        public var ballot: UInt64?
        /// Whom it follows, if it hears one.
        public var leader: NodeID?
        /// How many positions of the order it knows to be agreed, all before them included.
        public var chosen: UInt64
        /// How many it has applied; nil if it applies none.
        public var applied: UInt64?
        /// Up to which position its snapshot reaches; 0 if it has none.
        public var snapshot: UInt64
        /// Whether its votes count; nil if it does not vote.
        public var isVoting: Bool?
        /// The digest of all that it has applied, commands and replies; nil if it applies nothing.
        public var digest: UInt64?
        /// The identifier of the cluster's birth that it belongs to; 0 if it knows of none.
        public var birth: UInt64
        /// A position at which another node has another state, if there is one.
        public var disputed: UInt64?

        public init(
            role: String, ballot: UInt64?, leader: NodeID?, chosen: UInt64, applied: UInt64?,
            snapshot: UInt64, isVoting: Bool?, digest: UInt64? = nil, birth: UInt64 = 0,
            disputed: UInt64? = nil
        ) {
            self.role = role
            self.ballot = ballot
            self.leader = leader
            self.chosen = chosen
            self.applied = applied
            self.snapshot = snapshot
            self.isVoting = isVoting
            self.digest = digest
            self.birth = birth
            self.disputed = disputed
        }
    }

    public init(node: NodeID, report: Report?) {
        self.node = node
        self.report = report
    }
}
