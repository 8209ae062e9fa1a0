import ConsensusCore
import Testing

@testable import PaxosNode

/// The majority of the acceptors 2, 3 and 4.
private let majority = Majority(of: [2, 3, 4])

private func page(
    from: Slot = 1, truncated: Slot = 0, _ entries: [AcceptedEntry] = [], next: Slot? = nil,
    at number: UInt64 = 9
) -> LogPromise {
    LogPromise(
        ballot: ballot(number), from: from, truncated: truncated, entries: entries, next: next)
}

private func preparation(from: Slot = 1) -> Preparation {
    Preparation(ballot: ballot(9), from: from, majority: majority)
}

extension Tenure {
    /// What is proposed, from the first slot that is not chosen.
    fileprivate var values: [[UInt8]] {
        (inFlight.first..<inFlight.end).map { inFlight[$0]?.value ?? [255] }
    }
}

@Suite("Phase 1 for all slots (Paxos Made Simple, 3)")
struct PreparationTests {
    @Test("it is complete once a majority of distinct acceptors has reported whole")
    func quorum() {
        var phase = preparation()
        let first = phase.take(page(), from: 2)
        let again = phase.take(page(), from: 2)
        let stranger = phase.take(page(), from: 1)
        #expect(first && !again && !stranger && !phase.isComplete)
        let second = phase.take(page(), from: 4)
        #expect(second && phase.isComplete && phase.promisers == [2, 4])
    }

    @Test("promises of other ballots count for nothing")
    func otherBallots() {
        var phase = preparation()
        let entry = LogSamples.entry(1, at: ballot(3), [3])
        let taken = [8, 10].map { phase.take(page([entry], at: $0), from: 2) }
        #expect(taken == [false, false] && phase.promisers.isEmpty && phase.found[1] == nil)
    }

    @Test("P2c: of each slot the value of the highest ballot is proposed again, whoever came first")
    func highestBallot() {
        let low = LogSamples.entry(1, at: ballot(3), [3])
        let high = LogSamples.entry(1, at: ballot(5), [5])
        let other = LogSamples.entry(2, at: ballot(4), [4])
        for pages in [[page([low, other]), page([high])], [page([high]), page([low, other])]] {
            var phase = preparation()
            _ = phase.take(pages[0], from: 2)
            _ = phase.take(pages[1], from: 3)
            #expect(phase.isComplete)
            #expect(Tenure(phase, known: 0).values == [[5], [4]])
        }
    }

    @Test("a gap below what was accepted becomes a no-op")
    func gaps() {
        var phase = preparation()
        _ = phase.take(page([LogSamples.entry(4, at: ballot(1), [4])]), from: 2)
        _ = phase.take(page([LogSamples.entry(2, at: ballot(1), [2])]), from: 3)
        let tenure = Tenure(phase, known: 0)
        #expect(tenure.values == [[], [2], [], [4]] && tenure.nextSlot == 5)
    }

    @Test("what an acceptor has forgotten, or the proposer knows, is not proposed again")
    func truncated() {
        let entries = (1...6 as ClosedRange<Slot>).map {
            LogSamples.entry($0, at: ballot(1), [UInt8($0)])
        }
        var phase = preparation()
        _ = phase.take(page(entries), from: 2)
        _ = phase.take(page(truncated: 4), from: 3)
        #expect(phase.truncated == 4)
        #expect(Tenure(phase, known: 0).values == [[5], [6]])
        #expect(Tenure(phase, known: 5).values == [[6]])
        #expect(Tenure(phase, known: 9).values.isEmpty && Tenure(phase, known: 9).nextSlot == 10)
    }

    @Test("pages are taken in order only, and only the last completes a report")
    func pages() {
        var phase = preparation()
        let one = page([LogSamples.entry(1, at: ballot(1), [1])], next: 2)
        let two = page(from: 2, [LogSamples.entry(2, at: ballot(1), [2])])
        let early = phase.take(two, from: 2)
        #expect(!early && phase.found[2] == nil && phase.nextPage(of: 2) == 1)
        let first = phase.take(one, from: 2)
        #expect(first && phase.promisers.isEmpty && phase.nextPage(of: 2) == 2)
        let again = phase.take(one, from: 2)
        let second = phase.take(two, from: 2)
        #expect(!again && second && phase.promisers == [2])
        #expect(phase.nextPage(of: 3) == 1)
    }

    @Test("a page that does not go on ends the report, so that nobody asks for ever")
    func stuckPage() {
        var phase = preparation(from: 5)
        _ = phase.take(page(from: 5, next: 5), from: 2)
        #expect(phase.promisers == [2])
    }

    @Test("a proposer far behind proposes again what lies beyond all it could hold itself")
    func farBehind() {
        let base = SlotLog<Acceptance>.maximumSpan + 50_000
        let entry = LogSamples.entry(base + 2, at: ballot(3), [7])
        for isFirst in [true, false] {
            var phase = preparation()
            let near = page([LogSamples.entry(1, at: ballot(1), [1])])
            if !isFirst { _ = phase.take(near, from: 2) }
            _ = phase.take(page(truncated: base, [entry]), from: 3)
            if isFirst { _ = phase.take(near, from: 2) }
            let tenure = Tenure(phase, known: 0)
            #expect(tenure.chosen == base && tenure.values == [[], [7]])
        }
    }
}

@Suite("Phase 2, slot after slot (Paxos Made Simple, 3)")
struct TenureTests {
    private func tenure(_ values: [[UInt8]]) -> Tenure {
        var tenure = Tenure(preparation(), known: 0)
        for value in values { tenure.propose(value) }
        return tenure
    }

    @Test("a value is chosen once a majority of distinct acceptors has accepted it, and once only")
    func quorum() {
        var tenure = tenure([[1]])
        let counts = [2, 2, 2, 1, 0, 63, 3, 3, 4].map { (node: NodeID) in
            tenure.count(1, from: node)
        }
        #expect(counts == [nil, nil, nil, nil, nil, nil, [1], nil, nil])
    }

    @Test("votes are counted slot by slot")
    func slots() {
        var tenure = tenure([[1], [2]])
        let first = tenure.count(1, from: 2)
        let second = tenure.count(2, from: 3)
        #expect(first == nil && second == nil)
        let chosen = tenure.count(2, from: 4)
        #expect(chosen == [2])
    }

    @Test("votes for slots that were never proposed are nothing")
    func unproposed() {
        var tenure = tenure([[1]])
        let counts = ([0, 2, 3, .maximum] as [Slot]).flatMap { slot in
            [tenure.count(slot, from: 2), tenure.count(slot, from: 3)]
        }
        #expect(counts.allSatisfy { $0 == nil } && tenure.nextSlot == 2)
    }

    @Test("only what is chosen without a gap is let go")
    func settling() {
        var tenure = tenure([[1], [2], [3]])
        for slot in [2, 3] as [Slot] {
            for acceptor in [2, 3] as [NodeID] { _ = tenure.count(slot, from: acceptor) }
        }
        let early = tenure.settle()
        #expect(!early && tenure.chosen == 0 && tenure.bytes == 3)
        for acceptor in [3, 4] as [NodeID] { _ = tenure.count(1, from: acceptor) }
        let late = tenure.settle()
        #expect(late && tenure.chosen == 3 && tenure.bytes == 0 && tenure.nextSlot == 4)
        let again = tenure.settle()
        #expect(!again)
    }

    @Test("the window is full at so many slots, and open again when some are let go")
    func slotWindow() {
        var tenure = tenure([])
        while tenure.hasRoom(within: LogSizes()) { tenure.propose([]) }
        #expect(tenure.nextSlot == LogSizes().windowSlots + 1)
        for acceptor in [2, 3] as [NodeID] { _ = tenure.count(1, from: acceptor) }
        #expect(!tenure.hasRoom(within: LogSizes()))
        _ = tenure.settle()
        #expect(tenure.hasRoom(within: LogSizes()))
    }

    @Test("or at so many bytes")
    func byteWindow() {
        var tenure = tenure([])
        let value = LogSamples.bytes(40_000)
        while tenure.hasRoom(within: LogSizes()) { tenure.propose(value) }
        #expect(tenure.bytes >= LogSizes().windowBytes)
        #expect(tenure.bytes < LogSizes().windowBytes + value.count)
        tenure.learn(chosenThrough: 10)
        #expect(tenure.hasRoom(within: LogSizes()) && tenure.chosen == 10)
    }

    @Test("what others know to be chosen need not be chosen again, even beyond all proposals")
    func learning() {
        var tenure = tenure([[1], [2]])
        tenure.learn(chosenThrough: 1)
        #expect(tenure.chosen == 1 && tenure.bytes == 1 && tenure.nextSlot == 3)
        tenure.learn(chosenThrough: 9)
        #expect(tenure.chosen == 9 && tenure.bytes == 0 && tenure.nextSlot == 10)
        tenure.learn(chosenThrough: 3)
        #expect(tenure.chosen == 9)
        tenure.propose([5])
        #expect(tenure.values == [[5]])
    }
}
