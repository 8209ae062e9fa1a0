import ConsensusCore
import Testing

@testable import PaxosNode

@Suite("Acceptor of the log (Paxos Made Simple, 2.2 and 3)")
struct SlotAcceptorTests {
    private let sizes = LogSizes()

    @Test("P1: accepts the first value it receives, in every slot")
    func firstAccept() {
        var acceptor = SlotAcceptor()
        for slot in [1, 2, 9] as [Slot] {
            let vote = acceptor.accept([UInt8(slot)], at: ballot(1), in: slot)
            #expect(vote == .accepted)
            #expect(acceptor.accepted[slot]?.value == [UInt8(slot)])
        }
        #expect(acceptor.promised == ballot(1))
    }

    @Test("P1a: one promise forbids lower ballots in all slots, and the very ballot in none")
    func acceptBelowPromise() {
        var acceptor = SlotAcceptor()
        let isPromised = acceptor.promise(ballot(8))
        #expect(isPromised)
        for slot in [1, 2, 1_000] as [Slot] {
            let below = acceptor.accept([1], at: ballot(7), in: slot)
            #expect(below == .refused && acceptor.accepted[slot] == nil)
            let at = acceptor.accept([2], at: ballot(8), in: slot)
            #expect(at == .accepted)
        }
        #expect(acceptor.promised == ballot(8))
    }

    @Test("P1b: promises nothing below what it promised, and the same again")
    func prepareBelowPromise() {
        var acceptor = SlotAcceptor()
        let answers = [8, 3, 8, 9].map { acceptor.promise(ballot($0)) }
        #expect(answers == [true, false, true, true])
        #expect(acceptor.promised == ballot(9))
    }

    @Test("accepting in one slot promises the ballot in all")
    func acceptingPromises() {
        var acceptor = SlotAcceptor()
        _ = acceptor.accept([6], at: ballot(6), in: 4)
        let isPromised = acceptor.promise(ballot(5))
        let elsewhere = acceptor.accept([5], at: ballot(5), in: 9)
        #expect(!isPromised && elsewhere == .refused)
    }

    @Test("ballots of one number and two lives are two ballots")
    func lives() {
        var acceptor = SlotAcceptor()
        let answers = [9, 8].map { acceptor.promise(ballot(3, life: $0)) }
        #expect(answers == [true, false])
    }

    @Test("P2: a higher ballot takes the place of what was accepted; the same one is repeated")
    func repeats() {
        var acceptor = SlotAcceptor()
        let votes = [(1, 4), (1, 4), (2, 6), (2, 6)].map { value, number in
            acceptor.accept([value], at: ballot(number), in: 1)
        }
        #expect(votes == [.accepted, .repeated, .accepted, .repeated])
        #expect(acceptor.accepted[1] == Acceptance(ballot: ballot(6), value: [2]))
    }

    @Test("a refused or impossible accept changes nothing")
    func outside() {
        var acceptor = SlotAcceptor()
        _ = acceptor.accept([1], at: ballot(1), in: 1)
        acceptor.truncate(through: 5)
        for slot in [1, 5, 6 + SlotLog<Acceptance>.maximumSpan] {
            let vote = acceptor.accept([2], at: ballot(2), in: slot)
            #expect(vote == .outside && acceptor.promised == ballot(1))
        }
        #expect(acceptor.accepted.end == 6)
    }

    @Test("1b: a report has each slot's last acceptance from the slot asked for, and no gaps")
    func report() {
        var acceptor = SlotAcceptor()
        for (slot, number) in [(2, 1), (3, 1), (3, 4), (7, 4)] as [(Slot, UInt64)] {
            _ = acceptor.accept([UInt8(slot)], at: ballot(number), in: slot)
        }
        _ = acceptor.promise(ballot(9))
        let whole = acceptor.page(from: 1, within: sizes)
        #expect(
            whole.entries == [
                LogSamples.entry(2, at: ballot(1), [2]), LogSamples.entry(3, at: ballot(4), [3]),
                LogSamples.entry(7, at: ballot(4), [7]),
            ])
        #expect(whole.next == nil)
        #expect(acceptor.page(from: 4, within: sizes).entries.map(\.slot) == [7])
        #expect(acceptor.page(from: 8, within: sizes).entries.isEmpty)
        #expect(acceptor.page(from: .maximum, within: sizes).entries.isEmpty)
    }

    @Test("a long report comes in pages, each from where the one before ended")
    func pages() {
        var acceptor = SlotAcceptor()
        let value = LogSamples.bytes(20_000)
        for slot in 1...7 as ClosedRange<Slot> {
            _ = acceptor.accept(value, at: ballot(1), in: slot)
        }
        let first = acceptor.page(from: 1, within: sizes)
        #expect(first.entries.map(\.slot) == [1, 2] && first.next == 3)
        #expect(acceptor.page(from: 3, within: sizes).entries.map(\.slot) == [3, 4])
        #expect(acceptor.page(from: 7, within: sizes).next == nil)
        // What is forgotten between two pages is left out; the report says how far that is.
        acceptor.truncate(through: 5)
        let rest = acceptor.page(from: 3, within: sizes).entries
        #expect(rest.map(\.slot) == [6, 7] && acceptor.truncated == 5)
    }

    @Test("forgetting slots forgets no promise")
    func truncation() {
        var acceptor = SlotAcceptor()
        _ = acceptor.accept([1], at: ballot(4), in: 3)
        acceptor.truncate(through: 3)
        let isPromised = acceptor.promise(ballot(3))
        #expect(!isPromised && acceptor.truncated == 3 && acceptor.accepted[3] == nil)
        acceptor.truncate(through: 2)
        #expect(acceptor.truncated == 3)
    }

    @Test(
        "recovers the same state from its records", arguments: 0..<40 as Range<UInt64>)
    func recovery(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var acceptor = SlotAcceptor()
        var recovered = SlotAcceptor()
        for _ in 0..<80 {
            let (number, slot) = (random.below(20), 1 + random.below(12))
            switch random.below(8) {
            case 0:
                if acceptor.promise(ballot(number)) { recovered.recover(promised: ballot(number)) }
            case 1 where random.below(6) == 0:
                acceptor.truncate(through: slot / 2)
                recovered.truncate(through: slot / 2)
            default:
                let value = [UInt8(number)]
                if acceptor.accept(value, at: ballot(number), in: slot) == .accepted {
                    recovered.recover(LogSamples.entry(slot, at: ballot(number), value))
                }
            }
        }
        #expect(recovered.promised == acceptor.promised)
        #expect(recovered.truncated == acceptor.truncated)
        let entries = acceptor.page(from: 1, within: sizes).entries
        #expect(recovered.page(from: 1, within: sizes).entries == entries)
    }
}
