public import ConsensusCore

/// A proposer's decisions, as in Lamport, *Paxos Made Simple*, section 2.2.
///
/// - Phase 1: it asks the acceptors to promise a ballot.
/// - Phase 2: with the promises of a majority *to that ballot*, it asks them to accept at it the value
///   of the highest ballot that any of the promises reports as accepted, or its own value if none
///   does (P2c).
///
/// Votes are node sets, so an acceptor counts once however often its answer arrives; answers to
/// another ballot than the present one count for nothing. When to send again and when to try again
/// after a nack is not decided here but by ``ProposerPacing``.
public struct Proposer: Hashable, Sendable {
    public let majority: Majority
    public package(set) var ballots: BallotSequence
    public package(set) var phase: Phase
    /// The value of the first client that asked, proposed wherever the choice is free.
    public package(set) var ownValue: Value?

    /// How far the present ballot has come.
    public enum Phase: Hashable, Sendable {
        /// No ballot of this proposer is under way.
        case idle
        /// Phase 1: who has promised, and the highest proposal they report.
        case preparing(ballot: Ballot, promises: NodeSet, highest: Proposal?)
        /// Phase 2: who has accepted.
        case accepting(Proposal, votes: NodeSet)
        /// A nack ended the ballot; the next must be above `floor`.
        case refused(floor: Ballot)
        /// A majority accepted the proposal.
        case chosen(Proposal)
    }

    public init(node: NodeID, nodeCount: Int, incarnation: UInt64, majority: Majority) {
        self.majority = majority
        ballots = BallotSequence(node: node, nodeCount: nodeCount, incarnation: incarnation)
        phase = .idle
        ownValue = nil
    }

    /// Takes a client's value; only the first is ever put forward.
    public mutating func adopt(_ value: Value) {
        if ownValue == nil { ownValue = value }
    }

    /// Phase 1a: begins the next ballot above everything it has used or been told of.
    ///
    /// Returns nil when there is no ballot left.
    ///
    /// - Precondition: it has been given a value.
    public mutating func prepare() -> Prepare? {
        precondition(ownValue != nil, "a ballot without a value to propose")
        var floor: Ballot?
        if case .refused(let promised) = phase { floor = promised }
        guard let ballot = ballots.next(above: floor) else {
            phase = .idle
            return nil
        }
        phase = .preparing(ballot: ballot, promises: [], highest: nil)
        return Prepare(ballot: ballot)
    }

    /// Counts a promise; returns phase 2's request once a majority has promised.
    public mutating func receive(_ promise: Promise, from acceptor: NodeID) -> Accept? {
        guard case .preparing(let ballot, var promises, var highest) = phase,
            promise.ballot == ballot, majority.voters.contains(acceptor)
        else { return nil }
        promises.insert(acceptor)
        if let reported = promise.accepted, highest.map({ $0.ballot < reported.ballot }) ?? true {
            highest = reported
        }
        guard majority.isReached(by: promises), let ownValue else {
            phase = .preparing(ballot: ballot, promises: promises, highest: highest)
            return nil
        }
        let proposal = Proposal(ballot: ballot, value: highest?.value ?? ownValue)
        phase = .accepting(proposal, votes: [])
        return Accept(proposal: proposal)
    }

    /// Counts a vote; returns whether this one made the proposal chosen.
    public mutating func receive(_ accepted: Accepted, from acceptor: NodeID) -> Bool {
        guard case .accepting(let proposal, var votes) = phase,
            accepted.proposal.ballot == proposal.ballot, majority.voters.contains(acceptor)
        else { return false }
        votes.insert(acceptor)
        guard majority.isReached(by: votes) else {
            phase = .accepting(proposal, votes: votes)
            return false
        }
        phase = .chosen(proposal)
        return true
    }

    /// Gives the present ballot up; returns false for a nack of another ballot.
    public mutating func receive(_ nack: Nack, from acceptor: NodeID) -> Bool {
        guard majority.voters.contains(acceptor), nack.promised > nack.ballot else { return false }
        switch phase {
        case .preparing(nack.ballot, _, _): break
        case .accepting(let proposal, _) where proposal.ballot == nack.ballot: break
        case .refused(let floor) where floor < nack.promised: break
        default: return false
        }
        phase = .refused(floor: nack.promised)
        return true
    }

    /// Opens phase 2 of a chosen proposal again, for learners that missed its votes.
    public mutating func repeatAccept() -> Accept? {
        guard case .chosen(let proposal) = phase else { return nil }
        phase = .accepting(proposal, votes: [])
        return Accept(proposal: proposal)
    }

    /// Whom the present phase still waits for, and what to ask them again.
    public var unanswered: (message: Message, acceptors: NodeSet)? {
        switch phase {
        case .preparing(let ballot, let promises, _):
            (.prepare(Prepare(ballot: ballot)), majority.voters.subtracting(promises))
        case .accepting(let proposal, let votes):
            (.accept(Accept(proposal: proposal)), majority.voters.subtracting(votes))
        case .idle, .refused, .chosen: nil
        }
    }
}
