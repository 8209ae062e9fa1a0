public import ConsensusCore

/// How the voters of a log agree, once, on the birth of their cluster: basic Paxos, by the rules of
/// ``Proposer`` and ``Acceptor``, among acceptors that have no birth yet.
///
/// Drawing a birth alone would give two in a partition. So a founder asks the acceptors to promise a
/// ballot; those of a majority that do are the *founders* of the birth that it then proposes, unless one
/// of them reports an earlier proposal, which it takes over. Once a majority has accepted it, it holds:
/// whoever knows that says so to all (``LogMessage/born(_:)``), and a node that holds a birth never takes
/// another and takes no part in a founding any more.
///
/// An acceptor that is empty because it lost its directory must not help to found a second cluster while
/// the first lives. It cannot know; others do: a life other than the first that is remembered
/// (``Acquaintance``) is not counted as a founder, nor is a birth accepted of which it would be one.
/// Where nobody who remembers is up, nobody can know, and the nodes that come later belong to another
/// birth, and say so.
///
/// A founder waits until it has met all acceptors, or for a while, so that those who know of a birth are
/// heard; and once a majority has promised, for a moment, so that the others can be founders too.
struct Founding: Sendable {
    /// The birth of this node's cluster, once it is known.
    private(set) var birth: Birth?
    /// The state of an acceptor of the log in this agreement; nil of other nodes.
    private(set) var acceptor: Acceptor?
    private var proposer: Proposer?
    /// The promises of the present ballot that wait for more of them, and whose lives gave them.
    private var promises: [(promise: Promise, acceptor: NodeID, life: UInt64)] = []
    /// Until when they wait.
    private var gatherTime = Instant.never
    /// When the ballot under way is sent again, or the next begun.
    var wakeTime: Instant { min(attemptTime, gatherTime) }
    private var attemptTime = Instant.never
    /// Until when a founder waits for acceptors that it has not met.
    private var patienceTime = Instant.never
    private var pauses = Backoff(
        initial: LogTiming.founding, limit: LogTiming.foundingLimit)

    /// - Parameter ballotIncarnation: another at each start; see ``Ballot/incarnation``.
    init(node: NodeID, cluster: LogCluster, ballotIncarnation: UInt64) {
        guard cluster.acceptors.contains(node) else { return }
        acceptor = Acceptor()
        proposer = Proposer(
            node: node, nodeCount: cluster.nodeCount, incarnation: ballotIncarnation,
            majority: cluster.majority)
        // What is proposed depends on who promises; until then there is only that something will be.
        proposer?.adopt([])
    }

    /// Whether this node takes part: it is an acceptor that knows of no birth.
    var isUnderWay: Bool { birth == nil && acceptor != nil }

    /// The birth that this acceptor has accepted last, which may hold.
    var acceptedBirth: Birth? {
        acceptor?.accepted.flatMap { Birth($0.value) }
    }

    /// Whether the ballots of a message are not so far ahead that only a forger can have used them: after
    /// one of the last there are, nobody could found anything.
    func isNear(_ message: FoundingMessage, within leap: UInt64) -> Bool {
        let known = max(acceptor?.promised?.number ?? 0, ballotNumber ?? 0)
        return message.highestBallot.number <= known + leap
    }

    // MARK: After a crash

    mutating func recover(_ birth: Birth) {
        self.birth = birth
    }

    mutating func recover(ballot number: UInt64) {
        proposer?.ballots.recover(number)
    }

    mutating func recover(promised ballot: Ballot) {
        acceptor?.recover(promised: ballot)
    }

    mutating func recover(accepted proposal: Proposal) {
        acceptor?.recover(accepted: proposal)
    }

    /// Calls `body` with every record that must be found again after a crash.
    func forEachRecord(_ body: (LogRecord) -> Void) {
        if let number = proposer?.ballots.last { body(.foundingBallot(number)) }
        if let promised = acceptor?.promised { body(.foundingPromised(promised)) }
        if let accepted = acceptor?.accepted { body(.foundingAccepted(accepted)) }
    }

    // MARK: Beginning

    mutating func start(at now: Instant, position: Int, random: inout RandomSource) {
        guard isUnderWay else { return }
        patienceTime =
            now + LogTiming.foundingPatience + LogTiming.founding * Int64(min(position, 8))
        attemptTime = now + LogTiming.founding * Int64(min(position, 8))
    }

    /// Begins or repeats a ballot, or goes on to phase 2; returns what to ask, and whom.
    ///
    /// - Parameter hasMetAll: whether every other acceptor has greeted this life.
    mutating func wake(
        hasMetAll: Bool, at now: Instant, random: inout RandomSource
    ) -> (message: FoundingMessage, acceptors: NodeSet)? {
        guard isUnderWay, let majority = proposer?.majority else {
            rest()
            return nil
        }
        if now >= gatherTime {
            return propose(&random).map { (.accept($0), majority.voters) }
        }
        guard now >= attemptTime else { return nil }
        guard hasMetAll || now >= patienceTime else {
            attemptTime = min(patienceTime, now + LogTiming.founding)
            return nil
        }
        attemptTime = now + pauses.next(using: &random)
        // Every second time the ballot under way is asked again; then another is begun, in case that one
        // was overtaken without its nacks having come through.
        if pauses.attempts % 2 == 0, let (message, acceptors) = proposer?.unanswered,
            let message = FoundingMessage(message)
        {
            return (message, acceptors)
        }
        promises.removeAll()
        gatherTime = .never
        return proposer?.prepare().map { (.prepare($0), majority.voters) }
    }

    /// The number of the last ballot begun.
    var ballotNumber: UInt64? { proposer?.ballots.last }

    // MARK: Founder

    /// Takes a promise of a life; returns the request of phase 2 once all acceptors have promised.
    mutating func receive(
        _ promise: Promise, from acceptor: NodeID, life: UInt64, at now: Instant,
        random: inout RandomSource
    ) -> Accept? {
        guard isUnderWay, case .preparing(promise.ballot, _, _)? = proposer?.phase,
            let majority = proposer?.majority, majority.voters.contains(acceptor),
            !promises.contains(where: { $0.acceptor == acceptor })
        else { return nil }
        promises.append((promise, acceptor, life))
        if promises.count == majority.voters.count { return propose(&random) }
        if promises.count == majority.size { gatherTime = now + LogTiming.founding }
        return nil
    }

    /// Proposes the birth whose founders have promised, or the one that they report.
    private mutating func propose(_ random: inout RandomSource) -> Accept? {
        gatherTime = .never
        promises.sort { $0.acceptor < $1.acceptor }
        var founders = NodeSet()
        for (_, acceptor, _) in promises { founders.insert(acceptor) }
        proposer?.ownValue =
            Birth(
                identifier: random.nextNonZero(), founders: founders, lives: promises.map(\.life)
            ).value
        var request: Accept?
        for (promise, acceptor, _) in promises {
            request = proposer?.receive(promise, from: acceptor) ?? request
        }
        promises.removeAll()
        return request
    }

    /// Counts a vote; returns the birth if this one makes it hold.
    mutating func receive(_ accepted: Accepted, from acceptor: NodeID) -> Birth? {
        guard isUnderWay, proposer?.receive(accepted, from: acceptor) == true,
            case .chosen(let proposal)? = proposer?.phase
        else { return nil }
        return Birth(proposal.value)
    }

    mutating func receive(
        _ nack: Nack, from acceptor: NodeID, at now: Instant, random: inout RandomSource
    ) {
        guard isUnderWay, proposer?.receive(nack, from: acceptor) == true else { return }
        promises.removeAll()
        gatherTime = .never
        attemptTime = now + random.interval(in: LogTiming.founding...LogTiming.foundingLimit)
    }

    // MARK: Acceptor

    mutating func receive(_ prepare: Prepare) -> PrepareAnswer? {
        guard isUnderWay else { return nil }
        return acceptor?.receive(prepare)
    }

    mutating func receive(_ accept: Accept) -> AcceptAnswer? {
        guard isUnderWay else { return nil }
        return acceptor?.receive(accept)
    }

    /// Does nothing any more by itself.
    mutating func rest() {
        promises.removeAll()
        attemptTime = .never
        gatherTime = .never
    }

    /// Takes note of the birth of this node's cluster.
    mutating func learn(_ birth: Birth) {
        self.birth = birth
        rest()
    }
}

/// What acceptors say to one another to agree on a birth: the messages of basic Paxos.
public enum FoundingMessage: Hashable, Sendable {
    case prepare(Prepare)
    case promise(Promise)
    case accept(Accept)
    case accepted(Accepted)
    case nack(Nack)

    /// The highest ballot that it speaks of.
    var highestBallot: Ballot {
        switch self {
        case .prepare(let prepare): prepare.ballot
        case .promise(let promise): promise.ballot
        case .accept(let accept): accept.proposal.ballot
        case .accepted(let accepted): accepted.proposal.ballot
        case .nack(let nack): max(nack.ballot, nack.promised)
        }
    }

    /// The same of basic Paxos' own, if it is one of these.
    init?(_ message: Message) {
        switch message {
        case .prepare(let prepare): self = .prepare(prepare)
        case .accept(let accept): self = .accept(accept)
        default: return nil
        }
    }
}

extension FoundingMessage: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        switch self {
        case .prepare(let prepare):
            writer.write(1 as UInt8)
            prepare.ballot.encode(into: &writer)
        case .promise(let promise):
            writer.write(2 as UInt8)
            promise.ballot.encode(into: &writer)
            writer.write(optional: promise.accepted)
        case .accept(let accept):
            writer.write(3 as UInt8)
            accept.proposal.encode(into: &writer)
        case .accepted(let accepted):
            writer.write(4 as UInt8)
            accepted.proposal.encode(into: &writer)
        case .nack(let nack):
            writer.write(5 as UInt8)
            nack.encode(into: &writer)
        }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        let tag = try reader.readUInt8()
        switch tag {
        case 1: self = .prepare(Prepare(ballot: try Ballot(from: &reader)))
        case 2:
            let ballot = try Ballot(from: &reader)
            self = .promise(
                Promise(ballot: ballot, accepted: try reader.readOptional(Proposal.self)))
        case 3: self = .accept(Accept(proposal: try Proposal(from: &reader)))
        case 4: self = .accepted(Accepted(proposal: try Proposal(from: &reader)))
        case 5: self = .nack(try Nack(from: &reader))
        default: throw .unknownTag(tag)
        }
    }
}
