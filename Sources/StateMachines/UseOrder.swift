/// Slots of a table in the order of their last use, from the least to the most recent.
///
/// A doubly linked list whose links lie in an array beside the table's own, so that a slot can be
/// in several orders at a time. Every operation takes constant time.
struct UseOrder: Sendable {
    private struct Link: Sendable {
        var older = UseOrder.none
        var newer = UseOrder.none
        var isMember = false
    }

    /// Where there is no slot.
    private static let none = -1

    private var links: [Link] = []
    private var first = UseOrder.none
    private var last = UseOrder.none
    private(set) var count = 0

    /// The slot used least recently; nil if there is none.
    var oldest: Int? { first == UseOrder.none ? nil : first }

    func contains(_ slot: Int) -> Bool { slot < links.count && links[slot].isMember }

    /// The slot that was used next after a member.
    func next(after slot: Int) -> Int? {
        links[slot].newer == UseOrder.none ? nil : links[slot].newer
    }

    /// Adds a slot as the one used last; moves it there if it is a member.
    mutating func use(_ slot: Int) {
        guard slot != last else { return }
        remove(slot)
        while links.count <= slot { links.append(Link()) }
        links[slot] = Link(older: last, newer: UseOrder.none, isMember: true)
        if last == UseOrder.none { first = slot } else { links[last].newer = slot }
        last = slot
        count += 1
    }

    /// Takes a slot out, if it is a member.
    mutating func remove(_ slot: Int) {
        guard contains(slot) else { return }
        let (older, newer) = (links[slot].older, links[slot].newer)
        if older == UseOrder.none { first = newer } else { links[older].newer = newer }
        if newer == UseOrder.none { last = older } else { links[newer].older = older }
        links[slot] = Link()
        count -= 1
    }

    func checkInvariants() {
        var seen = 0
        var before = UseOrder.none
        var slot = first
        while slot != UseOrder.none {
            precondition(links[slot].isMember && links[slot].older == before)
            seen += 1
            precondition(seen <= count)
            (before, slot) = (slot, links[slot].newer)
        }
        precondition(before == last && seen == count)
    }
}
