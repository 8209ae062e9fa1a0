import ConsensusCore
import Simulation
import Testing

@Suite("Linearizability: random histories")
struct LinearizabilityRandomTests {
    /// Small enough to be tried in all orders; half of them with an answer or a time changed.
    private func smallHistory(seed: UInt64) -> [KeyValueOperation] {
        var random = RandomSource(seed: seed &+ 77)
        var history = correctHistory(
            seed: seed, clients: random.number(in: 1...4), operations: random.number(in: 1...7),
            values: 2, openPerHundred: 20)
        for _ in 0..<random.number(in: 0...2) {
            let index = random.number(in: 0...history.count - 1)
            guard let end = history[index].answered else { continue }
            switch random.below(5) {
            case 0: history[index].output = nil
            case 1: history[index].answered = max(history[index].invoked, end + .milliseconds(-20))
            case 2: history[index].output = .missing
            default:
                history[index].output =
                    history[index].input.action == .get ? .value("1") : .mismatch("2")
            }
        }
        return history
    }

    @Test("the search agrees with trying all orders, and bad histories are as many as good")
    func agreesWithBruteForce() {
        var good = 0
        for seed in 1...6_000 as ClosedRange<UInt64> {
            let history = smallHistory(seed: seed)
            let isGood = bruteForce(KeyValueModel(), history, from: nil)
            switch verdict(history) {
            case .linearizable: #expect(isGood, "seed \(seed)")
            case .notLinearizable: #expect(!isGood, "seed \(seed)")
            case .unknown: Issue.record("seed \(seed) is unknown")
            }
            good += isGood ? 1 : 0
        }
        #expect(good > 2_000 && good < 5_000, "\(good) good")
    }

    @Test("lists too")
    func listsAgree() {
        var good = 0
        for seed in 1...3_000 as ClosedRange<UInt64> {
            var random = RandomSource(seed: seed)
            var history: [ListOperation] = []
            for index in 0..<random.number(in: 2...6) {
                let begin = Int64(random.number(in: 0...20))
                var operation = ListOperation(
                    process: index, input: .append([UInt8(random.number(in: 1...2))]),
                    invoked: milliseconds(begin))
                operation.output = .appended(at: random.number(in: 0...2))
                if random.below(3) == 0 {
                    operation.input = .read(from: random.number(in: 0...1))
                    let count = random.number(in: 0...2)
                    operation.output = .items(
                        (0..<count).map { _ in [UInt8(random.number(in: 1...2))] }, total: nil)
                }
                if random.below(5) == 0 {
                    operation.output = nil
                } else {
                    operation.answered = milliseconds(begin + Int64(random.number(in: 0...20)))
                }
                history.append(operation)
            }
            let isGood = bruteForce(ListModel(), history, from: ListModel().initialState)
            switch LinearizabilityChecker(ListModel()).check(history) {
            case .linearizable: #expect(isGood, "seed \(seed)")
            case .notLinearizable: #expect(!isGood, "seed \(seed)")
            case .unknown: Issue.record("seed \(seed) is unknown")
            }
            good += isGood ? 1 : 0
        }
        #expect(good > 300 && good < 2_700, "\(good) good")
    }

    @Test(
        "histories as campaigns make them are judged: correct ones, and those with a false answer",
        arguments: [(200, 6, 0), (120, 6, 4), (1_000, 4, 0)])
    func large(operations: Int, clients: Int, openPerHundred: Int) {
        for seed in 1...3 as ClosedRange<UInt64> {
            var history = correctHistory(
                seed: seed, clients: clients, operations: operations, values: 100,
                openPerHundred: UInt64(openPerHundred))
            #expect(verdict(history) == .linearizable)
            let reads = history.indices.filter {
                history[$0].input.action == .get && history[$0].answered != nil
            }
            history[reads[reads.count * 3 / 4]].output = .value("nobody's")
            guard case .notLinearizable(let explanation) = verdict(history) else {
                Issue.record("\(verdict(history))")
                continue
            }
            #expect(explanation.contains("nobody's"))
        }
    }
}
