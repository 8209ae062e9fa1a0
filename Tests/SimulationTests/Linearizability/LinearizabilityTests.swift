import ConsensusCore
import Simulation
import Testing

@Suite("Linearizability: histories known to be good or bad")
struct LinearizabilityTests {
    private func expectBad(
        _ history: [KeyValueOperation], _ parts: String...,
        location: SourceLocation = #_sourceLocation
    ) {
        guard case .notLinearizable(let explanation) = verdict(history) else {
            Issue.record("found an order", sourceLocation: location)
            return
        }
        for part in parts {
            #expect(explanation.contains(part), sourceLocation: location)
        }
    }

    @Test("nothing, one after another, and operations that overlap, whatever their order, are good")
    func good() {
        #expect(verdict([]) == .linearizable)
        #expect(
            verdict([
                operation(1, 0...1, .get, .missing), operation(1, 2...3, .put("a"), .done),
                operation(2, 4...5, .get, .value("a")), operation(1, 6...7, .swap("a", "b"), .done),
                operation(2, 8...9, .swap("a", "c"), .mismatch("b")),
                operation(2, 10...11, .delete, .done), operation(2, 12...13, .delete, .missing),
                operation(1, 14...15, .swap(nil, "d"), .done),
                operation(1, 16...17, .swap("x", "y"), .mismatch("d")),
            ]) == .linearizable)
        #expect(
            verdict([
                operation(1, 0...10, .put("a"), .done), operation(2, 0...10, .put("b"), .done),
                operation(3, 1...3, .get, .value("b")), operation(4, 4...9, .get, .value("a")),
                operation(3, 11...12, .get, .value("a")),
            ]) == .linearizable)
    }

    @Test("a stale read is bad")
    func staleRead() {
        expectBad(
            [
                operation(1, 0...1, .put("a"), .done), operation(1, 2...3, .put("b"), .done),
                operation(2, 4...5, .get, .value("a")),
                operation(3, 6...7, .put("c"), .done),
            ],
            "key \"x\"", "2 others", "process 2, 4.000000 ms to 5.000000 ms: get -> \"a\"",
            "put \"b\" -> done")
    }

    @Test("two reads that see two writes in opposite orders are bad, though each alone is not")
    func oppositeOrders() {
        expectBad([
            operation(1, 0...20, .put("a"), .done), operation(2, 0...20, .put("b"), .done),
            operation(3, 1...2, .get, .value("a")), operation(3, 3...4, .get, .value("b")),
            operation(4, 5...6, .get, .value("a")),
        ])
    }

    @Test("a lost update is bad")
    func lostUpdate() {
        expectBad([
            operation(1, 0...1, .put("a"), .done), operation(1, 2...8, .swap("a", "b"), .done),
            operation(2, 9...10, .get, .value("a")),
        ])
    }

    @Test("a put applied twice is bad")
    func doubleApply() {
        expectBad([
            operation(1, 0...1, .put("a"), .done), operation(2, 2...3, .put("b"), .done),
            operation(3, 4...5, .get, .value("b")), operation(3, 6...7, .get, .value("a")),
        ])
    }

    @Test("a value that nobody wrote is bad")
    func valueFromNowhere() {
        expectBad(
            [operation(1, 0...5, .put("a"), .done), operation(2, 1...4, .get, .value("z"))],
            "get -> \"z\"")
    }

    @Test("a compare-and-set that succeeds for two is bad")
    func doubleSwap() {
        expectBad([
            operation(1, 0...1, .put("a"), .done), operation(2, 2...9, .swap("a", "b"), .done),
            operation(3, 2...9, .swap("a", "c"), .done),
        ])
    }

    @Test("an answer orders what is invoked after it; at the same time, only its own process's")
    func realTime() {
        expectBad([
            operation(1, 0...5, .put("a"), .done), operation(2, 6...9, .get, .missing),
        ])
        #expect(
            verdict([
                operation(1, 0...5, .put("a"), .done), operation(2, 5...9, .get, .missing),
            ]) == .linearizable)
        expectBad([
            operation(1, 0...5, .put("a"), .done), operation(1, 5...9, .get, .missing),
        ])
    }

    @Test(
        "what was never answered may take effect late, or never, but not twice or before it began")
    func unansweredOnes() {
        let late = unanswered(1, from: 2, .put("a"))
        let first = operation(2, 0...1, .put("b"), .done)
        #expect(verdict([first, late]) == .linearizable)
        #expect(
            verdict([first, late, operation(2, 50...51, .get, .value("b"))]) == .linearizable)
        let seen = operation(2, 60...61, .get, .value("a"))
        #expect(
            verdict([first, late, operation(2, 50...51, .get, .value("b")), seen]) == .linearizable)
        expectBad(
            [first, late, seen, operation(2, 62...63, .get, .value("b"))], "never answered")
        expectBad([
            first, late, seen, operation(2, 62...63, .put("b"), .done),
            operation(2, 64...65, .get, .value("a")),
        ])
        expectBad([operation(2, 0...1, .get, .value("a")), late])
    }

    @Test("each key is an object of its own, and the bad one is named")
    func keys() {
        expectBad(
            [
                operation(1, 0...1, .put("a"), .done),
                operation(1, 2...3, .put("a"), .done, key: "y"),
                operation(2, 4...5, .get, .value("a")),
                operation(2, 6...7, .get, .missing, key: "y"),
            ], "key \"y\"", "the 1 other")
    }

    @Test("a search that comes to its bound says neither")
    func bound() {
        let history = correctHistory(
            seed: 1, clients: 5, operations: 50, values: 3, openPerHundred: 0)
        let checker = LinearizabilityChecker(KeyValueModel(), stepLimit: 20)
        guard case .unknown(let explanation) = checker.check(history) else {
            Issue.record("claims to know")
            return
        }
        #expect(explanation.contains("20 steps"))
        // What is bad for certain is bad although another key is unknown.
        let bad = operation(9, 0...1, .get, .value("z"), key: "y")
        guard case .notLinearizable = checker.check(history + [bad]) else {
            Issue.record("missed it")
            return
        }
    }

    @Test("of two that are alike, the one answered later comes first where the other has not begun")
    func alike() {
        #expect(
            verdict([
                operation(1, 0...100, .put("a"), .done), operation(2, 10...20, .get, .value("a")),
                operation(3, 50...60, .put("a"), .done),
            ]) == .linearizable)
    }

    @Test("many that overlap and are alike take few steps, not one for each of their subsets")
    func manyAlike() {
        var history = (1...30).map { operation($0, 0...Int64(100 + $0), .put("a"), .done) }
        history.append(operation(31, 0...200, .get, .value("b")))
        let checker = LinearizabilityChecker(KeyValueModel(), stepLimit: 1_000)
        guard case .notLinearizable = checker.check(history) else {
            Issue.record("does not see that nobody wrote it")
            return
        }
    }

    @Test("refusals change nothing; bytes that are no text are told in hexadecimal")
    func refusals() {
        #expect(
            verdict([
                operation(1, 0...1, .put("a"), .refused), operation(1, 2...3, .get, .missing),
            ]) == .linearizable)
        expectBad([operation(1, 0...1, .get, .value([0, 255]))], "0x00ff", "0 others")
    }
}

@Suite("Linearizability: the list")
struct ListLinearizabilityTests {
    private func list(
        _ process: Int, _ times: ClosedRange<Int64>, _ input: ListModel.Input,
        _ output: ListModel.Output
    ) -> ListOperation {
        ListOperation(
            process: process, input: input, invoked: milliseconds(times.lowerBound),
            answered: milliseconds(times.upperBound), output: output)
    }

    private func verdict(_ history: [ListOperation]) -> LinearizabilityVerdict {
        LinearizabilityChecker(ListModel()).check(history)
    }

    private func isBad(_ history: [ListOperation]) -> Bool {
        if case .notLinearizable = verdict(history) { true } else { false }
    }

    @Test("appends that overlap take positions in any order; pages begin and end anywhere")
    func good() {
        #expect(
            verdict([
                list(1, 0...9, .append([1]), .appended(at: 1)),
                list(2, 0...9, .append([2]), .appended(at: 0)),
                list(3, 1...5, .read(from: 0), .items([[2]], total: 1)),
                list(3, 10...11, .read(from: 0), .items([[2], [1]], total: nil)),
                list(3, 12...13, .read(from: 1), .items([[1]], total: 2)),
                list(3, 14...15, .read(from: 0), .items([[2]], total: 2)),
                list(3, 16...17, .read(from: 2), .items([], total: 2)),
            ]) == .linearizable)
    }

    @Test("an append twice at one position, one applied twice, a hole, or a false page is bad")
    func bad() {
        let first = list(1, 0...1, .append([1]), .appended(at: 0))
        #expect(isBad([first, list(2, 2...3, .append([2]), .appended(at: 0))]))
        #expect(isBad([first, list(2, 2...3, .read(from: 0), .items([[1], [1]], total: nil))]))
        #expect(isBad([first, list(2, 2...3, .append([2]), .appended(at: 2))]))
        #expect(isBad([first, list(2, 2...3, .read(from: 0), .items([], total: nil))]))
        #expect(isBad([first, list(2, 2...3, .read(from: 0), .items([[9]], total: nil))]))
        #expect(isBad([first, list(2, 2...3, .read(from: 0), .items([[1]], total: 2))]))
    }

    @Test("an append that was never answered may be seen later, once")
    func unanswered() {
        let open = ListOperation(process: 1, input: .append([1]), invoked: milliseconds(0))
        let second = list(2, 2...3, .append([2]), .appended(at: 0))
        let read = list(2, 8...9, .read(from: 0), .items([[2], [1]], total: 2))
        #expect(verdict([open, second, read]) == .linearizable)
        #expect(isBad([open, second, list(2, 10...11, .append([3]), .appended(at: 3))]))
    }
}
