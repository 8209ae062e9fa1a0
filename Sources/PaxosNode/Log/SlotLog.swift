/// A position of the log, from 1; as a count it says how many positions are meant, all from the first.
public typealias Slot = UInt64

extension Slot {
    /// The highest there is on the wire; no cluster gets there.
    static var maximum: Slot { Ballot.ceiling }
}

/// What is known about the slots from some first one on, with gaps.
///
/// It spans at most ``maximumSpan`` slots, so that a wild slot number cannot ask for all memory.
/// Reading and writing are O(1), dropping the front is O(1) amortized.
struct SlotLog<Element> {
    /// The lowest slot it can hold.
    private(set) var first: Slot
    private var elements: [Element?] = []
    /// Where in `elements` the first slot is.
    private var head = 0

    /// The most slots from the lowest to the highest.
    static var maximumSpan: UInt64 { 1 << 18 }

    init(first: Slot) {
        self.first = first
    }

    /// One above the highest slot that was ever set.
    var end: Slot { first + UInt64(elements.count - head) }

    func canHold(_ slot: Slot) -> Bool {
        slot >= first && slot - first < SlotLog.maximumSpan
    }

    /// What is known of a slot.
    ///
    /// - Precondition: of setting, that ``canHold(_:)``.
    subscript(slot: Slot) -> Element? {
        get {
            guard slot >= first, slot < end else { return nil }
            return elements[head + Int(slot - first)]
        }
        set {
            precondition(canHold(slot), "a slot outside the log")
            let index = head + Int(slot - first)
            while elements.count <= index { elements.append(nil) }
            elements[index] = newValue
        }
    }

    /// Changes what is known of a slot in place; does nothing if nothing is.
    mutating func update<Result>(_ slot: Slot, _ body: (inout Element) -> Result) -> Result? {
        guard slot >= first, slot < end else { return nil }
        let index = head + Int(slot - first)
        guard elements[index] != nil else { return nil }
        return body(&elements[index]!)
    }

    /// Forgets all slots up to this one, which it then cannot hold any more.
    mutating func removeThrough(_ slot: Slot) {
        guard slot >= first else { return }
        let count = slot - first + 1
        guard count < UInt64(elements.count - head) else {
            elements.removeAll(keepingCapacity: true)
            head = 0
            first = slot + 1
            return
        }
        for index in head..<head + Int(count) { elements[index] = nil }
        head += Int(count)
        first = slot + 1
        guard head > 1_024, head > elements.count / 2 else { return }
        elements.removeFirst(head)
        head = 0
    }

    /// Forgets everything and begins at another slot.
    mutating func restart(first: Slot) {
        elements.removeAll(keepingCapacity: true)
        head = 0
        self.first = first
    }
}

extension SlotLog: Sendable where Element: Sendable {}
