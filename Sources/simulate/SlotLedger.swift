import ConsensusCore
import PaxosNode
import Simulation

/// What acceptors have recorded in each slot, and hence what was chosen there.
struct SlotLedger {
    private struct Vote {
        let ballot: Ballot
        let value: [UInt8]
        var voters: NodeSet
    }

    private struct Entry {
        var votes: [Vote] = []
        /// What leaders have asked acceptors to accept, by ballot.
        var proposals: [(ballot: Ballot, value: [UInt8])] = []
        var chosen: [UInt8]?
        /// The lowest ballot at which a majority has accepted it.
        var ballot: Ballot?
    }

    private let majority: Majority
    private var entries: [Entry] = []
    /// All slots up to here are chosen.
    private(set) var prefix: Slot = 0

    init(majority: Majority) {
        self.majority = majority
    }

    /// What was chosen in a slot, so far.
    func chosen(in slot: Slot) -> [UInt8]? {
        slot <= UInt64(entries.count) ? entries[Int(slot) - 1].chosen : nil
    }

    /// What was chosen in a slot, or that nothing was, for the end of a sentence.
    func told(of slot: Slot) -> String {
        chosen(in: slot).map { "where \(inWords($0)) was chosen" } ?? "where nothing is chosen"
    }

    /// What a leader has proposed in a slot at a ballot.
    func proposal(at ballot: Ballot, in slot: Slot) -> [UInt8]? {
        guard slot >= 1, slot <= UInt64(entries.count) else { return nil }
        return entries[Int(slot) - 1].proposals.first { $0.ballot == ballot }?.value
    }

    /// Notes what a leader asks acceptors to accept: one value a ballot, and above the ballot at which one
    /// was chosen only that (P2b in *Paxos Made Simple*).
    ///
    /// - Throws: the violation that the proposal is.
    mutating func propose(
        _ value: [UInt8], at ballot: Ballot, in slot: Slot, by proposer: NodeID
    ) throws(Violation) {
        if let known = proposal(at: ballot, in: slot) {
            guard known != value else { return }
            throw Violation(
                property: "one value a ballot",
                explanation: "proposer \(proposer) proposes \(inWords(value)) in slot \(slot) at "
                    + "ballot \(ballot), and before that \(inWords(known))")
        }
        while UInt64(entries.count) < slot { entries.append(Entry()) }
        entries[Int(slot) - 1].proposals.append((ballot, value))
        try checkProposals(in: slot)
    }

    /// Whatever is proposed above the ballot at which a value was chosen is that value.
    private func checkProposals(in slot: Slot) throws(Violation) {
        let entry = entries[Int(slot) - 1]
        guard let chosen = entry.chosen, let ballot = entry.ballot else { return }
        for proposal in entry.proposals where proposal.ballot > ballot && proposal.value != chosen {
            throw Violation(
                property: "agreement",
                explanation: "\(inWords(proposal.value)) is proposed in slot \(slot) at ballot "
                    + "\(proposal.ballot), where \(inWords(chosen)) was chosen at ballot "
                    + "\(ballot)")
        }
    }

    /// Whether an acceptor has ever recorded that it accepted at a ballot.
    func hasVote(of acceptor: NodeID, at ballot: Ballot, in slot: Slot) -> Bool {
        guard slot >= 1, slot <= UInt64(entries.count) else { return false }
        return entries[Int(slot) - 1].votes.contains {
            $0.ballot == ballot && $0.voters.contains(acceptor)
        }
    }

    /// Counts a vote on disk; returns the value if this vote makes it chosen.
    ///
    /// - Throws: the violation that the vote completes.
    mutating func count(
        _ entry: AcceptedEntry, from acceptor: NodeID
    ) throws(Violation) -> [UInt8]? {
        while UInt64(entries.count) < entry.slot { entries.append(Entry()) }
        let place = Int(entry.slot) - 1
        let (ballot, value) = (entry.acceptance.ballot, entry.acceptance.value)
        var index = entries[place].votes.firstIndex { $0.ballot == ballot }
        if index == nil {
            index = entries[place].votes.count
            entries[place].votes.append(Vote(ballot: ballot, value: value, voters: []))
        }
        guard let index else { return nil }
        guard entries[place].votes[index].value == value else {
            throw Violation(
                property: "one value a ballot",
                explanation: "acceptor \(acceptor) accepts \(inWords(value)) in slot \(entry.slot) "
                    + "at ballot \(ballot), where another has accepted "
                    + inWords(entries[place].votes[index].value))
        }
        entries[place].votes[index].voters.insert(acceptor)
        guard majority.isReached(by: entries[place].votes[index].voters) else { return nil }
        return try choose(value, at: ballot, in: entry.slot)
    }

    private mutating func choose(
        _ value: [UInt8], at ballot: Ballot, in slot: Slot
    ) throws(Violation) -> [UInt8]? {
        if let chosen = entries[Int(slot) - 1].chosen {
            if chosen == value {
                entries[Int(slot) - 1].ballot = min(entries[Int(slot) - 1].ballot ?? ballot, ballot)
                try checkProposals(in: slot)
                return nil
            }
            throw Violation(
                property: "agreement",
                explanation: "in slot \(slot) a majority of the acceptors has accepted "
                    + "\(inWords(value)) at ballot \(ballot), and before that one has accepted "
                    + inWords(chosen))
        }
        entries[Int(slot) - 1].chosen = value
        entries[Int(slot) - 1].ballot = ballot
        try checkProposals(in: slot)
        while chosen(in: prefix + 1) != nil { prefix += 1 }
        return value
    }
}
