public import ConsensusCore

/// A learner's decision: a value is chosen when a majority of distinct acceptors has accepted it at
/// one ballot (Lamport, *Paxos Made Simple*, sections 2.1 and 2.3).
///
/// Votes at different ballots are never added up, not even votes for the same value, and an acceptor
/// counts once at each ballot. An acceptor's votes arrive in any order, so several ballots are kept
/// open; the number is bounded by ``maximumOpenBallots``, beyond which the lowest is given up. That is
/// safe, and live because the proposer of a live ballot asks again.
public struct Learner: Hashable, Sendable {
    public let majority: Majority
    /// The chosen value, once it is learned.
    public package(set) var chosen: Value?
    /// The ballots that have votes and no majority yet, in ascending order.
    public package(set) var tallies: [Tally]

    /// The most ballots whose votes are counted at the same time.
    public static let maximumOpenBallots = 256

    /// The votes of one ballot.
    public struct Tally: Hashable, Sendable {
        public package(set) var proposal: Proposal
        public package(set) var votes: NodeSet

        package init(proposal: Proposal, votes: NodeSet) {
            self.proposal = proposal
            self.votes = votes
        }
    }

    public init(majority: Majority) {
        self.majority = majority
        chosen = nil
        tallies = []
    }

    /// Counts a vote; returns the chosen value if it is this vote that shows it.
    public mutating func receive(_ accepted: Accepted, from acceptor: NodeID) -> Value? {
        guard chosen == nil, majority.voters.contains(acceptor) else { return nil }
        let proposal = accepted.proposal
        var position = 0
        while position < tallies.count && tallies[position].proposal.ballot < proposal.ballot {
            position += 1
        }
        if position == tallies.count || tallies[position].proposal.ballot != proposal.ballot {
            tallies.insert(Tally(proposal: proposal, votes: []), at: position)
        }
        // Two values at one ballot cannot come from acceptors that keep the rules: count for neither.
        guard tallies[position].proposal.value == proposal.value else { return nil }
        tallies[position].votes.insert(acceptor)
        if majority.isReached(by: tallies[position].votes) {
            chosen = proposal.value
            tallies = []
            return proposal.value
        }
        if tallies.count > Learner.maximumOpenBallots { tallies.removeFirst() }
        return nil
    }
}
