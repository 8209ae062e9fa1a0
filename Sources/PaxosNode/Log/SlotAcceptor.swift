import ConsensusCore

/// An acceptor of the log: the rules of ``Acceptor`` for every slot, with one promise for all of them
/// (Lamport, *Paxos Made Simple*, section 3).
///
/// A prepare asks for the promise of a ballot in all slots from some first one on; the answer reports
/// what was accepted there, page by page where it is much. Pages need no memory of who has asked for
/// which: once a ballot is promised, nothing below it is accepted any more, so what is reported stays.
///
/// Slots that need no acceptor any more, because they are chosen and in a snapshot, are forgotten from
/// the front (``truncated``).
package struct SlotAcceptor: Sendable {
    /// The highest ballot it has promised or accepted at, in any slot.
    package var promised: Ballot?
    /// What it accepted last in each slot.
    var accepted = SlotLog<Acceptance>(first: 1)

    init() {}

    /// All slots up to here are chosen and forgotten.
    var truncated: Slot { accepted.first - 1 }

    /// Phase 1b: promises a ballot unless a higher one was promised; returns whether it is promised now.
    mutating func promise(_ ballot: Ballot) -> Bool {
        if let promised, ballot < promised { return false }
        promised = ballot
        return true
    }

    /// Phase 2b: accepts a value at a ballot, which also promises it.
    mutating func accept(_ value: [UInt8], at ballot: Ballot, in slot: Slot) -> SlotVote {
        if let promised, ballot < promised { return .refused }
        guard accepted.canHold(slot) else { return .outside }
        promised = ballot
        if accepted[slot]?.ballot == ballot { return .repeated }
        accepted[slot] = Acceptance(ballot: ballot, value: value)
        return .accepted
    }

    /// What was accepted in the slots from one on, as many as fit; `next` is where to go on, if at all.
    func page(from slot: Slot, within sizes: LogSizes) -> (entries: [AcceptedEntry], next: Slot?) {
        var entries: [AcceptedEntry] = []
        var size = 0
        var slot = max(slot, accepted.first)
        while slot < accepted.end {
            if let acceptance = accepted[slot] {
                size += acceptance.value.count + 32
                let fits = size <= sizes.page && entries.count < sizes.entries
                guard fits || entries.isEmpty else { return (entries, slot) }
                entries.append(AcceptedEntry(slot: slot, acceptance: acceptance))
            }
            slot += 1
        }
        return (entries, nil)
    }

    /// Forgets the slots up to one: they are chosen, and a snapshot has them.
    mutating func truncate(through slot: Slot) {
        accepted.removeThrough(slot)
    }

    // MARK: After a crash

    mutating func recover(promised ballot: Ballot) {
        promised = max(promised ?? ballot, ballot)
    }

    mutating func recover(_ entry: AcceptedEntry) {
        recover(promised: entry.acceptance.ballot)
        guard accepted.canHold(entry.slot) else { return }
        if let known = accepted[entry.slot], known.ballot > entry.acceptance.ballot { return }
        accepted[entry.slot] = entry.acceptance
    }
}

/// A value accepted, or asked to be accepted, at a ballot.
public struct Acceptance: Hashable, Sendable {
    public var ballot: Ballot
    public var value: [UInt8]
}

/// The same, and in which slot.
public struct AcceptedEntry: Hashable, Sendable {
    public var slot: Slot
    public var acceptance: Acceptance

    package init(slot: Slot, acceptance: Acceptance) {
        self.slot = slot
        self.acceptance = acceptance
    }
}

/// What an acceptor does with an accept request of one slot.
enum SlotVote {
    case accepted
    /// It had accepted it before.
    case repeated
    /// It has promised a higher ballot.
    case refused
    /// It has forgotten that slot, or is too far behind to keep it.
    case outside
}
