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
    case founding(FoundingMessage)
    case born(Birth)
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
    // Making sure of what others say.
    case question(Question)
    case testimony(Testimony)
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
    /// How far ahead of what is chosen anything can be proposed, whatever the options.
    static let maximumWindow: UInt64 = 4_096
}

// MARK: - Getting acquainted

/// "I am here." To every con node at the start, and again until it has answered; and in answer to a
/// message of a life that is not known.
///
/// An acceptor also asks thereby to be remembered: see ``Acquaintance``.
public struct Hello: Hashable, Sendable {
    /// The receiver's incarnation as far as the sender knows it; 0 if it does not.
    public var proof: UInt64
    /// Drawn by the sender at each start.
    public var number: UInt64
}

/// The answer to a ``Hello``.
///
/// If it is lost, the hello is repeated.
public struct Welcome: Hashable, Sendable {
    /// The incarnation that the hello came from: proof that this answer is not an old one.
    public var proof: UInt64
    /// The life that its sender remembers of the receiver, if that is an acceptor; else 0.
    public var remembered: UInt64
    /// The highest record number that its sender was told of that life.
    public var written: UInt64
    /// Whether the sender's votes count.
    public var isVoting: Bool
    /// That of the hello: proof that this answer is not one to an earlier start of the same life.
    public var number: UInt64
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
    /// What the leader has applied, or a learner has told it.
    public var claim: StateClaim
    /// The record numbers that the acceptors have told of, in ascending order of their IDs.
    public var written: [UInt64]
}

/// Which state a learner is in: how many slots it has applied, and the digest of all that led there.
///
/// Two learners that claim different digests at one position contradict each other.
public struct StateClaim: Hashable, Sendable {
    public var applied: Slot
    /// See ``ChainDigest``.
    public var chain: UInt64

    package init(applied: Slot, chain: UInt64) {
        self.applied = applied
        self.chain = chain
    }
}

/// The answer to a heartbeat: its sender has promised no higher ballot.
public struct Pulse: Hashable, Sendable {
    public var ballot: Ballot
    public var round: UInt64
    /// Whether its votes count.
    public var isVoting: Bool
    /// How far its snapshot reaches, which a crash does not take away.
    public var snapshot: Slot
    /// How many records it has written.
    public var written: UInt64
    /// What it has applied, if it applies.
    public var claim: StateClaim

    package init(
        ballot: Ballot, round: UInt64, isVoting: Bool, snapshot: Slot, written: UInt64,
        claim: StateClaim
    ) {
        self.ballot = ballot
        self.round = round
        self.isVoting = isVoting
        self.snapshot = snapshot
        self.written = written
        self.claim = claim
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
    /// How many records the acceptor has written.
    public var written: UInt64

    package init(
        ballot: Ballot, from: Slot, truncated: Slot, entries: [AcceptedEntry], next: Slot?,
        written: UInt64
    ) {
        self.ballot = ballot
        self.from = from
        self.truncated = truncated
        self.entries = entries
        self.next = next
        self.written = written
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
    /// How many records the acceptor has written.
    public var written: UInt64
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
    /// The digest of all up to it.
    public var chain: UInt64
    /// How many bytes it has in all.
    public var size: UInt32
    /// Where in it these bytes belong.
    public var offset: UInt32
    public var bytes: [UInt8]
}

// MARK: - Making sure

/// Asks everybody anew how far slots are chosen, which ballots there are, and what state led where.
///
/// One peer's word, which may be forged or come from another history, is not enough to end a node, or to
/// have it leap ahead by millions. Sent again, with another number, while it matters.
public struct Question: Hashable, Sendable {
    /// Drawn for this question.
    public var number: UInt64
    /// What its sender has applied and is in doubt about.
    public var claim: StateClaim
}

/// The answer to a ``Question``.
///
/// If it is lost, another question is asked.
public struct Testimony: Hashable, Sendable {
    /// The question's.
    public var number: UInt64
    /// Whether the sender's votes count; true of one that is no acceptor.
    public var isVoting: Bool
    /// All slots up to here are chosen.
    public var chosen: Slot
    /// The highest ballot heard of.
    public var ballot: Ballot?
    /// The digest of what led to the position asked about, if that is known still.
    public var chain: UInt64?
}

// MARK: - Serving clients

/// What clients ask, from a client to a proposer, or from a proposer to the leader.
///
/// A client sends it again until the answer comes.
public struct LogRequest: Hashable, Sendable {
    public var operations: [LogOperation]

    package init(operations: [LogOperation]) {
        self.operations = operations
    }
}

/// A command or a query.
public struct LogOperation: Hashable, Sendable {
    public var header: CommandHeader
    public var kind: Kind
    public var body: [UInt8]

    package init(header: CommandHeader, kind: Kind, body: [UInt8]) {
        self.header = header
        self.kind = kind
        self.body = body
    }

    var opensSession: Bool { kind == .command && header.id.session == 0 }

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
    /// Whether the asker waits for nodes that apply nothing to say so; the answer is the same.
    public var wantsDigest: Bool

    package init(wantsDigest: Bool) {
        self.wantsDigest = wantsDigest
    }
}

/// What a node says of itself when it is asked.
public struct LogReport: Hashable, Sendable {
    public var isLeading: Bool
    /// The number of the highest ballot it knows of a leader.
    public var ballot: UInt64?
    public var leader: NodeID?
    /// All slots up to here are chosen, as far as it knows.
    public var chosen: Slot
    public var applied: Slot?
    public var snapshot: Slot
    public var isVoting: Bool?
    /// The digest of all that it has applied: see ``ChainDigest``; nil if it applies nothing.
    public var digest: UInt64?
    /// The identifier of the birth it belongs to; 0 if it knows of none.
    public var birth: UInt64
    /// A position at which another node has another state, if there is one.
    public var disputed: Slot?
}
