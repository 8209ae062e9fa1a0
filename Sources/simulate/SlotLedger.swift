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
        var chosen: [UInt8]?
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
            if chosen == value { return nil }
            throw Violation(
                property: "agreement",
                explanation: "in slot \(slot) a majority of the acceptors has accepted "
                    + "\(inWords(value)) at ballot \(ballot), and before that one has accepted "
                    + inWords(chosen))
        }
        entries[Int(slot) - 1].chosen = value
        while chosen(in: prefix + 1) != nil { prefix += 1 }
        return value
    }
}
