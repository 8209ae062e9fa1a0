import ConsensusCore
import Simulation
import Testing

@testable import simulate

private typealias Operation = HistoryOperation<KeyValueModel.Input, KeyValueModel.Output>

@Suite("Histories with fewer open questions")
struct SettledHistoryTests {
    /// What a few clients ask of one key, each write with a value of its own; a third never hear.
    private func history(seed: UInt64) -> [Operation] {
        var random = RandomSource(seed: seed)
        var history: [Operation] = []
        var effects: [(time: Int, index: Int)] = []
        var written: [[UInt8]] = []
        for index in 0..<random.number(in: 3...9) {
            let value = [UInt8(index + 1)]
            let old = written.isEmpty ? nil : written[random.number(in: 0...written.count - 1)]
            let action: KeyValueModel.Action =
                switch random.below(6) {
                case 0: .delete
                case 1: .compareAndSet(old: random.below(3) == 0 ? nil : old, new: value)
                case 2, 3: .put(value)
                default: .get
                }
            written.append(value)
            let begin = random.number(in: 0...40)
            let effect = begin + random.number(in: 0...15)
            var operation = Operation(
                process: index, input: .init([0], action), invoked: instant(begin))
            if random.below(3) != 0 {
                operation.answered = instant(effect + random.number(in: 0...15))
                effects.append((effect, index))
            } else if random.below(3) != 0 {
                effects.append((effect + random.number(in: 0...20), index))
            }
            history.append(operation)
        }
        effects.sort { ($0.time, $0.index) < ($1.time, $1.index) }
        var state: [UInt8]? = nil
        for (_, index) in effects {
            let input = history[index].input
            let answers: [KeyValueModel.Output] =
                [.done, .missing] + (state.map { [.value($0), .mismatch($0)] } ?? [])
            for answer in answers {
                guard let next = KeyValueModel().step(state, input, answer) else { continue }
                state = next
                if history[index].answered != nil { history[index].output = answer }
                break
            }
        }
        if random.below(2) == 0,
            let index = history.indices.first(where: { history[$0].answered != nil })
        {
            history[index].output =
                switch history[index].input.action {
                case .get: .value(written[random.number(in: 0...written.count - 1)])
                case .compareAndSet: .mismatch(written[random.number(in: 0...written.count - 1)])
                case .put, .delete: .missing
                }
        }
        return history
    }

    private func instant(_ time: Int) -> Instant { Instant(nanoseconds: Int64(time)) }

    @Test("are linearizable if and only if the whole history is")
    func verdictsAgree() {
        let histories = (1...6_000 as ClosedRange<UInt64>).map(history)
        compare(KeyValueModel(), histories, histories.map { $0.settled() })
    }

    /// Checks that settled histories are judged as whole ones are, in good cases and in bad.
    private func compare<Model: SequentialModel>(
        _ model: Model, _ whole: [[HistoryOperation<Model.Input, Model.Output>]],
        _ settled: [[HistoryOperation<Model.Input, Model.Output>]]
    ) {
        let checker = LinearizabilityChecker(model)
        var good = 0
        var closed = 0
        for (index, (whole, settled)) in zip(whole, settled).enumerated() {
            let isGood = if case .linearizable = checker.check(whole) { true } else { false }
            let isSettledGood =
                if case .linearizable = checker.check(settled) { true } else { false }
            #expect(isGood == isSettledGood, "seed \(index + 1)")
            good += isGood ? 1 : 0
            let open = (settled.count { $0.answered == nil }, whole.count { $0.answered == nil })
            closed += open.0 < open.1 ? 1 : 0
        }
        #expect(good > 2_000 && good < 5_500, "\(good) good")
        #expect(closed > 1_000, "\(closed) with fewer open questions")
    }

    /// What a few clients ask of a list, each append with an item of its own; a third never hear.
    private func listHistory(seed: UInt64) -> [HistoryOperation<ListModel.Input, ListModel.Output>]
    {
        var random = RandomSource(seed: seed &+ 9_000)
        var history: [HistoryOperation<ListModel.Input, ListModel.Output>] = []
        var effects: [(time: Int, index: Int)] = []
        for index in 0..<random.number(in: 3...8) {
            let input: ListModel.Input =
                random.below(3) == 0
                ? .read(from: random.number(in: 0...3)) : .append([UInt8(index + 1)])
            let begin = random.number(in: 0...40)
            let effect = begin + random.number(in: 0...15)
            var operation = HistoryOperation<ListModel.Input, ListModel.Output>(
                process: index, input: input, invoked: instant(begin))
            if random.below(3) != 0 {
                operation.answered = instant(effect + random.number(in: 0...15))
                effects.append((effect, index))
            } else if random.below(3) != 0 {
                effects.append((effect + random.number(in: 0...20), index))
            }
            history.append(operation)
        }
        effects.sort { ($0.time, $0.index) < ($1.time, $1.index) }
        var list: [[UInt8]] = []
        for (_, index) in effects {
            let output: ListModel.Output
            switch history[index].input {
            case .append(let item):
                output = .appended(at: list.count)
                list.append(item)
            case .read(let start):
                output = .items(
                    Array(list.dropFirst(start)), total: random.below(2) == 0 ? list.count : nil)
            }
            if history[index].answered != nil { history[index].output = output }
        }
        if random.below(2) == 0,
            let index = history.indices.last(where: { history[$0].output != nil })
        {
            history[index].output =
                switch history[index].output {
                case .items(let items, _)?: .items(items.dropLast(), total: nil)
                default: .appended(at: random.number(in: 0...history.count))
                }
        }
        return history
    }

    @Test("those of lists, too")
    func listVerdictsAgree() {
        let histories = (1...6_000 as ClosedRange<UInt64>).map(listHistory)
        compare(ListModel(), histories, histories.map { $0.settled() })
    }
}
