import ConsensusCore
import Testing

@testable import PaxosNode

@Suite("Slots from some first one on")
struct SlotLogTests {
    /// The same, as plainly as can be.
    private struct Model {
        var first: Slot
        var end: Slot
        var elements: [Slot: Int] = [:]

        mutating func removeThrough(_ slot: Slot) {
            guard slot >= first else { return }
            elements = elements.filter { $0.key > slot }
            first = slot + 1
            end = max(end, first)
        }
    }

    @Test("a log does what a dictionary would", arguments: 0..<40 as Range<UInt64>)
    func model(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var log = SlotLog<Int>(first: 1 + seed)
        var model = Model(first: 1 + seed, end: 1 + seed)
        for step in 0..<2_000 {
            let slot = log.first + random.below(3_000)
            switch random.below(10) {
            case 0...4:
                #expect(log.canHold(slot))
                log[slot] = step
                model.elements[slot] = step
                model.end = max(model.end, slot + 1)
            case 5:
                log[slot] = nil
                model.elements[slot] = nil
                model.end = max(model.end, slot + 1)
            case 6:
                let old = log.update(slot) { element in
                    defer { element += 1 }
                    return element
                }
                #expect(old == model.elements[slot])
                if let old { model.elements[slot] = old + 1 }
            case 7, 8:
                let last = log.first + random.below(400) - min(log.first, 100)
                log.removeThrough(last)
                model.removeThrough(last)
            default:
                guard random.below(20) == 0 else { continue }
                log.restart(first: slot)
                model = Model(first: slot, end: slot)
            }
            #expect(log.first == model.first && log.end == model.end)
            let probe = log.first + random.below(3_100) - min(log.first, 50)
            #expect(log[probe] == model.elements[probe])
        }
        for slot in log.first..<log.end { #expect(log[slot] == model.elements[slot]) }
    }

    @Test("it holds a quarter of a million slots and no more, wherever it begins")
    func span() {
        for first: Slot in [1, 7, .maximum - 3, .maximum + 1] {
            var log = SlotLog<Int>(first: first)
            let last = first + SlotLog<Int>.maximumSpan - 1
            #expect(log.canHold(first) && log.canHold(last))
            #expect(!log.canHold(first - 1) && !log.canHold(last + 1))
            #expect(log[first - 1] == nil && log[last] == nil && log.end == first)
            log.removeThrough(first - 1)
            #expect(log.first == first)
            log.removeThrough(first)
            #expect(log.first == first + 1 && log.canHold(last + 1) && !log.canHold(first))
        }
    }

    @Test("what has been forgotten is no more, though there is room where it was")
    func forgetting() {
        var log = SlotLog<Int>(first: 1)
        for slot in 1...5_000 as ClosedRange<Slot> { log[slot] = Int(slot) }
        log.removeThrough(4_998)
        #expect(log[4_998] == nil && log[4_999] == 4_999 && log[5_000] == 5_000)
        let unchanged: Void? = log.update(4_998) { $0 = 1 }
        #expect(unchanged == nil && !log.canHold(4_998))
        log[5_001] = 1
        #expect(log.end == 5_002 && log.first == 4_999)
    }
}
