import ConsensusCore
import Simulation

typealias KeyValueOperation = HistoryOperation<KeyValueModel.Input, KeyValueModel.Output>
typealias ListOperation = HistoryOperation<ListModel.Input, ListModel.Output>

/// An operation of a process on the key "x", from one millisecond to another.
func operation(
    _ process: Int, _ times: ClosedRange<Int64>, _ action: KeyValueModel.Action,
    _ output: KeyValueModel.Output, key: String = "x"
) -> KeyValueOperation {
    KeyValueOperation(
        process: process, input: .init(Array(key.utf8), action),
        invoked: milliseconds(times.lowerBound), answered: milliseconds(times.upperBound),
        output: output)
}

/// One that was never answered.
func unanswered(
    _ process: Int, from time: Int64, _ action: KeyValueModel.Action
) -> KeyValueOperation {
    KeyValueOperation(
        process: process, input: .init(Array("x".utf8), action), invoked: milliseconds(time))
}

extension KeyValueModel.Action {
    static func put(_ text: String) -> Self { .put(Array(text.utf8)) }

    static func swap(_ old: String?, _ new: String) -> Self {
        .compareAndSet(old: old.map { Array($0.utf8) }, new: Array(new.utf8))
    }
}

extension KeyValueModel.Output {
    static func value(_ text: String) -> Self { .value(Array(text.utf8)) }
    static func mismatch(_ text: String) -> Self { .mismatch(Array(text.utf8)) }
}

func verdict(_ history: [KeyValueOperation]) -> LinearizabilityVerdict {
    LinearizabilityChecker(KeyValueModel()).check(history)
}

/// A history of one key as clients of a correct store make it, in which some never hear.
///
/// - Parameter openPerHundred: how many of a hundred operations are never answered.
func correctHistory(
    seed: UInt64, clients: Int, operations: Int, values: Int, openPerHundred: UInt64
) -> [KeyValueOperation] {
    var random = RandomSource(seed: seed)
    var history: [KeyValueOperation] = []
    /// When each takes effect, if it does.
    var effects: [(time: Int64, index: Int)] = []
    var free = [Int64](repeating: 0, count: clients)
    while history.count < operations {
        let client = random.number(in: 0...clients - 1)
        func value() -> [UInt8] { Array("\(random.number(in: 1...values))".utf8) }
        let action: KeyValueModel.Action =
            switch random.below(10) {
            case 0: .delete
            case 1, 2: .compareAndSet(old: random.below(4) == 0 ? nil : value(), new: value())
            case 3, 4, 5: .put(value())
            default: .get
            }
        let begin = free[client] + Int64(random.number(in: 0...9))
        let effect = begin + Int64(random.number(in: 0...30))
        let end = effect + Int64(random.number(in: 0...30))
        var operation = unanswered(client, from: begin, action)
        free[client] = end
        if random.below(100) >= openPerHundred {
            operation.answered = milliseconds(end)
            effects.append((effect, history.count))
        } else if random.below(2) == 0 {
            effects.append((effect + Int64(random.number(in: 0...500)), history.count))
        }
        history.append(operation)
    }
    effects.sort { ($0.time, $0.index) < ($1.time, $1.index) }
    var state: [UInt8]?
    for (_, index) in effects {
        let (output, new) = KeyValueModel.answer(history[index].input.action, state)
        state = new
        if history[index].answered != nil { history[index].output = output }
    }
    return history
}

extension KeyValueModel {
    /// A second opinion on what the store does.
    static func answer(_ action: Action, _ state: [UInt8]?) -> (Output, [UInt8]?) {
        switch (action, state) {
        case (.put(let value), _): (.done, value)
        case (.get, let value?): (.value(value), value)
        case (.get, nil), (.delete, nil): (.missing, nil)
        case (.delete, _?): (.done, nil)
        case (.compareAndSet(let old, let new), let value) where old == value: (.done, new)
        case (.compareAndSet, let value?): (.mismatch(value), value)
        case (.compareAndSet, nil): (.missing, nil)
        }
    }
}

/// Whether some order explains a history of one object, tried one by one.
func bruteForce<Model: SequentialModel>(
    _ model: Model, _ rest: [HistoryOperation<Model.Input, Model.Output>], from state: Model.State
) -> Bool {
    guard rest.contains(where: { $0.answered != nil }) else { return true }
    for (index, next) in rest.enumerated() {
        let mayBeNext = rest.enumerated().allSatisfy { other, operation in
            guard other != index, let end = operation.answered else { return true }
            if end < next.invoked { return false }
            return operation.process != next.process || end != next.invoked || other > index
        }
        guard mayBeNext, let after = model.step(state, next.input, next.output) else { continue }
        var fewer = rest
        fewer.remove(at: index)
        if bruteForce(model, fewer, from: after) { return true }
    }
    return false
}
