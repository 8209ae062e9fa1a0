/// A position of the log, from 1; as a count it says how many positions are meant, all from the first.
public typealias Slot = UInt64

extension Slot {
    /// The highest there is on the wire; no cluster gets there.
    static var maximum: Slot { Ballot.ceiling }
}

/// What is known about the slots from some first one on, with gaps.
///
/// It spans at most ``maximumSpan`` slots, and has memory only for the neighbourhoods of those that were set,
/// so that a wild slot number cannot ask for all memory. Reading and writing are O(1), dropping the front is
/// O(1) amortized.
struct SlotLog<Element> {
    /// The lowest slot it can hold.
    private(set) var first: Slot
    /// One above the highest slot that was ever set.
    private(set) var end: Slot
    /// Runs of ``runLength`` slots, the first of which holds `first`; empty where none was set.
    private var runs: [[Element?]] = []
    /// How many of the runs were dropped and are still in the list.
    private var head = 0

    /// The most slots from the lowest to the highest.
    static var maximumSpan: UInt64 { 1 << 18 }
    /// How many slots share memory.
    private static var runLength: UInt64 { 64 }

    init(first: Slot) {
        self.first = first
        end = first
    }

    func canHold(_ slot: Slot) -> Bool {
        slot >= first && slot - first < SlotLog.maximumSpan
    }

    /// Which run a slot belongs to, and where in it it is.
    private func place(of slot: Slot) -> (run: Int, index: Int) {
        let begin = first / SlotLog.runLength
        return (
            head + Int(slot / SlotLog.runLength - begin), Int(slot % SlotLog.runLength)
        )
    }

    /// What is known of a slot.
    ///
    /// - Precondition: of setting, that ``canHold(_:)``.
    subscript(slot: Slot) -> Element? {
        get {
            guard slot >= first, slot < end else { return nil }
            let (run, index) = place(of: slot)
            return runs[run].isEmpty ? nil : runs[run][index]
        }
        set {
            precondition(canHold(slot), "a slot outside the log")
            let (run, index) = place(of: slot)
            while runs.count <= run { runs.append([]) }
            end = max(end, slot + 1)
            if runs[run].isEmpty {
                runs[run] = Array(repeating: nil, count: Int(SlotLog.runLength))
            }
            runs[run][index] = newValue
        }
    }

    /// Changes what is known of a slot in place; does nothing if nothing is.
    mutating func update<Result>(_ slot: Slot, _ body: (inout Element) -> Result) -> Result? {
        guard slot >= first, slot < end else { return nil }
        let (run, index) = place(of: slot)
        guard !runs[run].isEmpty, runs[run][index] != nil else { return nil }
        return body(&runs[run][index]!)
    }

    /// Forgets all slots up to this one, which it then cannot hold any more.
    mutating func removeThrough(_ slot: Slot) {
        guard slot >= first else { return }
        guard slot + 1 < end else { return restart(first: slot + 1) }
        let (run, index) = place(of: slot + 1)
        let (firstRun, firstIndex) = place(of: first)
        for dropped in firstRun..<run { runs[dropped] = [] }
        if !runs[run].isEmpty {
            for forgotten in (run == firstRun ? firstIndex : 0)..<index {
                runs[run][forgotten] = nil
            }
        }
        head = run
        first = slot + 1
        guard head > 64, head > runs.count / 2 else { return }
        runs.removeFirst(head)
        head = 0
    }

    /// Forgets everything and begins at another slot.
    mutating func restart(first: Slot) {
        runs.removeAll(keepingCapacity: true)
        head = 0
        self.first = first
        end = first
    }
}

extension SlotLog: Sendable where Element: Sendable {}
