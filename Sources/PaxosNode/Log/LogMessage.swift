public import ConsensusCore

/// Everything that the nodes of a log and their clients say to one another: one case a message, one
/// struct a case.
///
/// Datagrams are lost, repeated, reordered and delayed. Each message's documentation says what happens
/// when it never arrives; none does harm when it arrives twice. What comes from a life of a node that has
/// not greeted this one (``hello(_:)``) is not acted on, so nothing is left over from an earlier run.
public enum LogMessage: Hashable, Sendable {
    // Getting acquainted.
    case hello(Hello)
    case welcome(Welcome)
    // Finding a leader.
    case canvass(Canvass)
    case willing(Willing)
    case heartbeat(LogHeartbeat)
    case pulse(Pulse)
    // Agreeing on slots.
    case prepare(LogPrepare)
    case promise(LogPromise)
    case accept(LogAccept)
    case accepted(LogAccepted)
    case nack(Nack)
    // Catching up.
    case fetch(Fetch)
    case chosen(ChosenValues)
    case votes(Votes)
    case snapshotPart(SnapshotPart)
    // Serving clients.
    case request(LogRequest)
    case reply(LogReply)
    case read(ReadAt)
    case inquiry(Inquiry)
    case report(LogReport)

    /// About how many bytes of values go into one datagram.
    static let pageSize = 48_000
    /// The most entries of any list in a message.
    static let maximumEntries = 4_096
}

// MARK: - Getting acquainted

/// "I am here." To every con node at the start, and again until it has answered; and in answer to a
/// message of a life that is not known.
///
/// An acceptor also asks thereby to be remembered: see ``Acquaintance``.
public struct Hello: Hashable, Sendable {
    /// The receiver's incarnation as far as the sender knows it; 0 if it does not.
    public var proof: UInt64
}

/// The answer to a ``Hello``.
///
/// If it is lost, the hello is repeated.
public struct Welcome: Hashable, Sendable {
    /// The incarnation that the hello came from: proof that this answer is not an old one.
    public var proof: UInt64
    /// The life that its sender remembers of the receiver, if that is an acceptor; else 0.
    public var remembered: UInt64
}

// MARK: - Finding a leader

/// Asks whether a proposer that hears no leader may take over.
///
/// Sent again, as another, when patience ends once more.
public struct Canvass: Hashable, Sendable {
    /// Drawn for this attempt.
    public var attempt: UInt64
    /// Whether clients have long asked the proposer in vain: even who hears a leader should be willing,
    /// since that leader is of no use to them.
    public var insists: Bool
}

/// "I hear no leader either": the answer of an acceptor that has not heard one of late.
///
/// One that has is silent, so that a proposer with a bad link does not unseat a leader whom a majority
/// hears.
public struct Willing: Hashable, Sendable {
    public var attempt: UInt64
    /// What a ballot must be above to be promised.
    public var promised: Ballot?
}

/// The leader's sign of life, and its question to the acceptors whether it still leads.
///
/// Sent at intervals, and whenever reads wait; a lost one is replaced by the next.
public struct LogHeartbeat: Hashable, Sendable {
    public var ballot: Ballot
    /// Counts the leader's heartbeats.
    public var round: UInt64
    /// All slots up to here are chosen.
    public var chosen: Slot
    /// All slots up to here are in the snapshots of enough learners to be forgotten.
    public var truncatable: Slot
}

/// The answer to a heartbeat: its sender has promised no higher ballot.
public struct Pulse: Hashable, Sendable {
    public var ballot: Ballot
    public var round: UInt64
    /// Whether its votes count.
    public var isVoting: Bool
    /// How far its snapshot reaches, which a crash does not take away.
    public var snapshot: Slot

    package init(ballot: Ballot, round: UInt64, isVoting: Bool, snapshot: Slot) {
        self.ballot = ballot
        self.round = round
        self.isVoting = isVoting
        self.snapshot = snapshot
    }
}

// MARK: - Agreeing on slots

/// Phase 1a, for all slots from one on.
///
/// Sent again until enough have promised; and for each further page of an acceptor's report.
public struct LogPrepare: Hashable, Sendable {
    public var ballot: Ballot
    public var from: Slot
}

/// Phase 1b: the ballot is promised in all slots.
///
/// If it is lost, the prepare is repeated and gets the same answer.
public struct LogPromise: Hashable, Sendable {
    public var ballot: Ballot
    /// The prepare's.
    public var from: Slot
    /// All slots up to here are chosen and forgotten.
    public var truncated: Slot
    /// What was accepted from there on, in order of slots.
    public var entries: [AcceptedEntry]
    /// Where the next page begins; nil if this was the last.
    public var next: Slot?

    package init(
        ballot: Ballot, from: Slot, truncated: Slot, entries: [AcceptedEntry], next: Slot?
    ) {
        self.ballot = ballot
        self.from = from
        self.truncated = truncated
        self.entries = entries
        self.next = next
    }
}

/// Phase 2a, for consecutive slots.
///
/// Sent again to those who have not answered, until the slots are chosen.
public struct LogAccept: Hashable, Sendable {
    public var ballot: Ballot
    public var first: Slot
    /// The values, one a slot: see ``CommandBatch``; acceptors do not look inside.
    public var values: [[UInt8]]
    /// All slots up to here are chosen.
    public var chosen: Slot
}

/// Phase 2b, for the proposer and for learners that are nothing else; it does not repeat the values.
///
/// If it is lost, the accept is repeated.
public struct LogAccepted: Hashable, Sendable {
    public var ballot: Ballot
    public var slots: [SlotRange]
}

/// Consecutive slots.
public struct SlotRange: Hashable, Sendable {
    public var first: Slot
    public var last: Slot
}

// MARK: - Catching up

/// A learner asks for the slots from one on, since it knows that they are chosen.
///
/// Sent again, to others too, until it has caught up.
public struct Fetch: Hashable, Sendable {
    public var from: Slot
    /// The snapshot that it has begun to receive; 0 if none.
    public var snapshot: Slot
    /// How many bytes of it are here.
    public var offset: UInt32
}

/// Values of consecutive slots, which are chosen.
public struct ChosenValues: Hashable, Sendable {
    public var first: Slot
    public var values: [[UInt8]]
    /// All slots up to here are chosen.
    public var chosen: Slot
}

/// What an acceptor has accepted, told to a learner that missed it: its votes, with the values.
public struct Votes: Hashable, Sendable {
    /// Where the learner asked it to begin, or the first slot that the acceptor has not forgotten.
    public var first: Slot
    public var entries: [AcceptedEntry]
}

/// A piece of a snapshot, for a learner so far behind that the slots it misses are forgotten.
public struct SnapshotPart: Hashable, Sendable {
    /// The last slot that the snapshot includes.
    public var slot: Slot
    /// How many bytes it has in all.
    public var size: UInt32
    /// Where in it these bytes belong.
    public var offset: UInt32
    public var bytes: [UInt8]
}

// MARK: - Serving clients

/// What clients ask, from a client to a proposer, or from a proposer to the leader.
///
/// A client sends it again until the answer comes.
public struct LogRequest: Hashable, Sendable {
    public var operations: [LogOperation]
}

/// A command or a query.
public struct LogOperation: Hashable, Sendable {
    public var header: CommandHeader
    public var kind: Kind
    public var body: [UInt8]

    public enum Kind: UInt8, Hashable, Sendable {
        /// To be put into the log.
        case command
        /// To be answered from the state.
        case query
    }
}

/// Answers, on their way back to where the requests came from.
///
/// If it is lost, the request is repeated.
public struct LogReply: Hashable, Sendable {
    /// Whom to ask next time; nil if it is not known.
    public var leader: NodeID?
    public var answers: [LogAnswer]
}

/// The answer to one operation.
public struct LogAnswer: Hashable, Sendable {
    public var id: CommandID
    public var reply: Reply
}

/// Queries for a learner, to be answered once it has applied a slot: from a leader that applies nothing
/// itself.
///
/// If it is lost, the client repeats its request.
public struct ReadAt: Hashable, Sendable {
    public var slot: Slot
    public var operations: [LogOperation]
}

/// Asks a node what it says of itself.
///
/// Sent again until the answer comes.
public struct Inquiry: Hashable, Sendable {
    /// Whether the node is to say what its state is, in a digest; it takes time in proportion to the
    /// state, so a node does it a few times a second at most.
    public var wantsDigest: Bool
}

/// What a node says of itself when it is asked.
public struct LogReport: Hashable, Sendable {
    public var isLeading: Bool
    /// The highest ballot it knows of a leader.
    public var ballot: Ballot?
    public var leader: NodeID?
    /// All slots up to here are chosen, as far as it knows.
    public var chosen: Slot
    public var applied: Slot?
    public var snapshot: Slot
    public var isVoting: Bool?
    /// The CRC-32C of its state after the applied slots, if that was asked.
    public var digest: UInt32?
}
