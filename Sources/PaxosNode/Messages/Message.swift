public import ConsensusCore

/// Everything that nodes and clients say to one another: one case a message, one struct a case.
///
/// Datagrams are lost, repeated, reordered and delayed. Each message's documentation says what happens
/// when it never arrives; none does harm when it arrives twice.
public enum Message: Hashable, Sendable {
    // Electing a leader.
    case token(Token)
    case elected(Elected)
    case receipt(Receipt)
    /// "Are you there?" Repeated while a neighbour on the ring, or an answer to a client, stays out.
    case probe
    case present(Present)
    case heartbeat(Heartbeat)
    // Assigning the roles.
    case join(Join)
    case assign(Assign)
    case confirm(Confirm)
    case refuse(Refuse)
    // Agreeing on a value.
    case request(Request)
    /// Proposer to client: the request has arrived. If it is lost, the request is repeated.
    case pending
    case prepare(Prepare)
    case promise(Promise)
    case accept(Accept)
    case accepted(Accepted)
    case nack(Nack)
    case chosen(Chosen)
    // Ending the run.
    case done(Done)
    /// Leader to client: it need not say again that it is done.
    case doneReceipt
    /// Leader to all: the clients are done. Sent again until a receipt comes, or the node must be dead.
    case shutdown
    case shutdownReceipt
}

// MARK: - Electing a leader

/// A candidate's token on its way round the ring.
///
/// It is sent again until the neighbour gives a ``Receipt``, then passed to the next neighbour. One that
/// is lost for good, because its holder died, is replaced when a node's patience ends and it begins the
/// next round.
public struct Token: Hashable, Sendable {
    /// The election's round; a higher one replaces all lower ones.
    public var round: UInt32
    /// Whose token it is.
    public var candidate: NodeID
    /// The candidate's present life: a token of an earlier one elects nobody.
    public var incarnation: UInt64
}

/// The news of a leader, once round the ring.
///
/// Receipts and resends as for ``Token``. The leader sends it on another lap when it does not return.
public struct Elected: Hashable, Sendable {
    public var claim: LeaderClaim
    /// Counts the leader's attempts to get the news round, so that a repeat can be told from a retry.
    public var lap: UInt32
}

/// A leader and how it came to be one.
///
/// Of two claims nodes follow the higher.
public struct LeaderClaim: Hashable, Comparable, Sendable {
    /// The round it was elected in.
    public var round: UInt32
    public var leader: NodeID
    /// The leader's life.
    public var incarnation: UInt64

    public static func < (left: LeaderClaim, right: LeaderClaim) -> Bool {
        (left.round, left.leader, left.incarnation)
            < (right.round, right.leader, right.incarnation)
    }
}

/// Confirms one hop of a ``Token`` or an ``Elected``.
///
/// If it is lost, the hop is repeated and confirmed again.
public struct Receipt: Hashable, Sendable {
    /// Which hop it confirms.
    public var hop: HopName
    /// The leader its sender has just heard, if any: a late starter hears of the leader this way.
    public var following: LeaderClaim?
}

/// What tells one hop on the ring from another.
public struct HopName: Hashable, Sendable {
    public var round: UInt32
    /// The candidate of a token, or the leader of an elected.
    public var node: NodeID
    /// Nil for a token, the lap of an elected.
    public var lap: UInt32?
}

/// The answer to a probe ("are you there?"); repeated as often as the probe is.
public struct Present: Hashable, Sendable {
    /// Whether the node holds a role and its votes count.
    public var isEnrolled: Bool
    /// The leader it has just heard, if any.
    public var following: LeaderClaim?
}

/// The leader's sign of life, with what all nodes must know should it die.
///
/// Sent at fixed intervals, so a lost one is replaced by the next.
public struct Heartbeat: Hashable, Sendable {
    public var claim: LeaderClaim
    public var roster: Roster
    public var done: ClientSet
}

// MARK: - Assigning the roles

/// Asks for an assignment: a node its leader; whoever does not know the leader, as clients and nodes that
/// start, every con node.
///
/// Sent again until an ``Assign`` or a ``Refuse`` comes. One that has been sent often enough in vain
/// goes to every con node and is answered by any that has a role: the leader may be heard by all and
/// yet not hear the one that asks.
public struct Join: Hashable, Sendable {
    /// How many times the sender has asked in vain.
    public var attempt: UInt32

    /// From which attempt on every node that has a role answers, not only the leader.
    static let relayedFrom: UInt32 = 6
}

/// Tells a node its role and a node or client the role lists; its datagram's epoch is the run's.
///
/// Sent again until a ``Confirm`` comes.
public struct Assign: Hashable, Sendable {
    /// The leader in whose name it is; nil if a node passes on what it was assigned and hears no leader.
    public var claim: LeaderClaim?
    /// The receiver's incarnation as the leader knows it.
    ///
    /// An assignment with another one was meant for an earlier life and is answered with a
    /// ``Join``.
    public var proof: UInt64
    /// The receiver's role; nil for a client.
    public var role: Role?
    public var proposers: NodeSet
    public var acceptors: NodeSet
    public var learners: NodeSet
    /// What the sender knows of the acceptors' lives.
    ///
    /// An acceptor votes once it finds its own here.
    public var roster: Roster

    /// Whether the role lists are those of this cluster.
    func agrees(with cluster: Cluster) -> Bool {
        proposers == cluster.proposers && acceptors == cluster.acceptors
            && learners == cluster.learners
    }
}

/// Confirms an ``Assign``.
///
/// If it is lost, the assign is repeated and confirmed again.
///
/// It names the leader's life and the epoch that leader drew, so it cannot be left over from an earlier
/// run, and the leader can believe what else it says.
public struct Confirm: Hashable, Sendable {
    /// The assign's leader, if it named one.
    public var claim: LeaderClaim?
    /// The assign's epoch.
    ///
    /// The datagram's own epoch is higher where another leader had drawn that one.
    public var epoch: UInt64
    /// What the sender knows of the acceptors' lives.
    public var roster: Roster
    /// The clients that the sender knows to be done.
    public var done: ClientSet
    /// The con nodes that the sender has heard from, so that the leader knows of those who died.
    public var heard: NodeSet
}

/// Tells a node that an earlier life of it has taken part in this run and that its votes count no more.
///
/// If it is lost, the node's next ``Join`` or vote is refused again.
public struct Refuse: Hashable, Sendable {
    /// The refused incarnation: the receiver's present one.
    public var proof: UInt64
}

// MARK: - Agreeing on a value

/// A client's value, for its proposer, and again and for the learners too while it has no answer.
///
/// A proposer that knows the value to be chosen passes the request on to the learners.
public struct Request: Hashable, Sendable {
    public var client: NodeID
    public var value: Value
    /// How many times the client has sent it before.
    public var attempt: UInt32
}

/// Phase 1a.
///
/// Sent again until enough have answered.
public struct Prepare: Hashable, Sendable {
    public var ballot: Ballot
}

/// Phase 1b.
///
/// If it is lost, the prepare is repeated and gets the same answer.
public struct Promise: Hashable, Sendable {
    /// The ballot that is promised.
    public var ballot: Ballot
    /// The proposal of the highest ballot the acceptor has accepted.
    public var accepted: Proposal?
}

/// Phase 2a.
///
/// Sent again until enough have answered, and whenever a client still asks for the value.
public struct Accept: Hashable, Sendable {
    public var proposal: Proposal
}

/// Phase 2b, for the learners and the proposer.
///
/// If it is lost, the accept is repeated.
public struct Accepted: Hashable, Sendable {
    public var proposal: Proposal
}

/// "I promised higher." If it is lost, the refused request is repeated and refused again.
public struct Nack: Hashable, Sendable {
    /// The ballot that is refused.
    public var ballot: Ballot
    /// The ballot that stands in its way.
    public var promised: Ballot
}

/// The chosen value, from a learner to a client.
///
/// If it is lost, the client asks again.
public struct Chosen: Hashable, Sendable {
    public var value: Value
}

// MARK: - Ending the run

/// These clients have what they came for, or have given up: from a client to every con node, which the
/// leader answers with `doneReceipt`; and from a node to a leader that did not know.
public struct Done: Hashable, Sendable {
    public var clients: ClientSet
}
