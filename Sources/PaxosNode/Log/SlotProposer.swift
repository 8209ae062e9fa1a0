package import ConsensusCore

/// Phase 1 of a ballot, for all slots at once (Lamport, *Paxos Made Simple*, section 3).
///
/// An acceptor has promised once all pages of its report are here. Of each slot the value of the highest
/// ballot reported is kept; what an acceptor has forgotten is chosen.
package struct Preparation: Sendable {
    package let ballot: Ballot
    /// The lowest slot that is not known to be chosen.
    let from: Slot
    let majority: Majority
    /// Those whose whole report is here.
    package var promisers: NodeSet = []
    /// By acceptor: where the next page of its report begins.
    private var next: [Slot]
    /// The values that must be proposed again.
    var found: SlotLog<Acceptance>
    /// The highest slot that some acceptor has forgotten: all up to it are chosen.
    private(set) var truncated: Slot

    init(ballot: Ballot, from: Slot, majority: Majority) {
        self.ballot = ballot
        self.from = from
        self.majority = majority
        next = Array(repeating: from, count: NodeSet.maximumCount)
        found = SlotLog(first: from)
        truncated = from - 1
    }

    /// Where an acceptor's next page begins.
    func nextPage(of acceptor: NodeID) -> Slot { next[acceptor.index] }

    /// Takes a page; returns whether it was the one awaited.
    mutating func take(_ promise: LogPromise, from acceptor: NodeID) -> Bool {
        guard promise.ballot == ballot, majority.voters.contains(acceptor),
            promise.from == next[acceptor.index], !promisers.contains(acceptor)
        else { return false }
        if promise.truncated > truncated {
            truncated = promise.truncated
            // What is chosen is not proposed again. This also makes room for whatever the acceptor
            // has accepted above it, so that nothing reported is left out.
            found.removeThrough(truncated)
        }
        for entry in promise.entries where found.canHold(entry.slot) {
            if let known = found[entry.slot], known.ballot >= entry.acceptance.ballot { continue }
            found[entry.slot] = entry.acceptance
        }
        guard let next = promise.next, next > promise.from else {
            promisers.insert(acceptor)
            return true
        }
        self.next[acceptor.index] = next
        return true
    }

    var isComplete: Bool { majority.isReached(by: promisers) }
}

/// Phase 2 of a ballot whose phase 1 is complete: its proposer leads and proposes slot after slot.
package struct Tenure: Sendable {
    package let ballot: Ballot
    let majority: Majority
    /// The slots proposed and not known to be chosen, with all before them; the first is one above the
    /// slots chosen without a gap.
    var inFlight: SlotLog<Proposed>
    /// How many bytes are in flight.
    private(set) var bytes = 0

    /// A value proposed in a slot.
    struct Proposed: Sendable {
        var value: [UInt8]
        var voters: NodeSet = []
        var isChosen = false
    }

    /// Begins with what phase 1 has found.
    ///
    /// - Parameter known: all slots up to here are known to be chosen.
    init(_ preparation: Preparation, known: Slot) {
        ballot = preparation.ballot
        majority = preparation.majority
        let base = max(known, preparation.truncated)
        inFlight = SlotLog(first: base + 1)
        var slot = base + 1
        while slot < preparation.found.end {
            // A gap below what was accepted is closed with a no-op.
            propose(preparation.found[slot]?.value ?? [])
            slot += 1
        }
    }

    /// The slots chosen without a gap.
    var chosen: Slot { inFlight.first - 1 }

    /// The slot of the next proposal.
    var nextSlot: Slot { inFlight.end }

    /// Whether more may be proposed.
    func hasRoom(within sizes: LogSizes) -> Bool {
        nextSlot - inFlight.first < sizes.windowSlots && bytes < sizes.windowBytes
    }

    /// Proposes a value in the next slot.
    mutating func propose(_ value: [UInt8]) {
        bytes += value.count
        inFlight[nextSlot] = Proposed(value: value)
    }

    /// Counts an acceptor's vote for the value of this ballot in a slot; returns the value if this vote
    /// makes it chosen.
    mutating func count(_ slot: Slot, from acceptor: NodeID) -> [UInt8]? {
        guard majority.voters.contains(acceptor) else { return nil }
        let majority = majority
        return inFlight.update(slot) { proposed -> [UInt8]? in
            proposed.voters.insert(acceptor)
            guard !proposed.isChosen, majority.isReached(by: proposed.voters) else { return nil }
            proposed.isChosen = true
            return proposed.value
        } ?? nil
    }

    /// Lets go of the slots that are chosen without a gap; returns whether there were any.
    mutating func settle() -> Bool {
        var last = chosen
        while let proposed = inFlight[last + 1], proposed.isChosen {
            bytes -= proposed.value.count
            last += 1
        }
        guard last > chosen else { return false }
        inFlight.removeThrough(last)
        return true
    }

    /// Takes note that all slots up to one are chosen.
    mutating func learn(chosenThrough slot: Slot) {
        guard slot > chosen else { return }
        var each = inFlight.first
        while each <= slot, each < inFlight.end {
            bytes -= inFlight[each]?.value.count ?? 0
            each += 1
        }
        inFlight.removeThrough(slot)
    }
}
