import ConsensusCore
import Simulation

extension [HistoryOperation<KeyValueModel.Input, KeyValueModel.Output>] {
    /// The same history with fewer open questions: it is linearizable if and only if this one is.
    ///
    /// Each value is written by one operation. So one that nobody answered, but whose value was met,
    /// took effect before the first answer that shows it. Values that nobody met are all alike: they
    /// can matter only to a delete, which does not tell what it found, or to whoever met something
    /// else; and an unanswered compare-and-set that would replace one value by such another cannot
    /// even do that.
    func settled() -> [Element] {
        var settled = self
        var shown: [[UInt8]: Instant] = [:]
        var isDone = false
        while !isDone {
            isDone = true
            for operation in settled {
                guard let value = operation.shownValue, let time = operation.answered,
                    time < shown[value] ?? .never
                else { continue }
                shown[value] = time
                isDone = false
            }
            for (index, operation) in settled.enumerated() where self[index].answered == nil {
                guard let value = operation.input.action.written, let time = shown[value],
                    time >= operation.invoked
                else { continue }
                settled[index].answered = time
                settled[index].output = .done
            }
        }
        return settled.compactMap { operation in
            guard let value = operation.input.action.written, shown[value] == nil else {
                return operation
            }
            var alike = operation
            if case .compareAndSet(let old, _) = operation.input.action {
                if operation.answered == nil, old != nil { return nil }
                alike.input.action = .compareAndSet(old: old, new: [])
            } else {
                alike.input.action = .put([])
            }
            return alike
        }
    }
}

extension HistoryOperation<KeyValueModel.Input, KeyValueModel.Output> {
    /// The value that the key must have had before, as its answer shows.
    fileprivate var shownValue: [UInt8]? {
        switch (input.action, output) {
        case (_, .value(let value)), (_, .mismatch(let value)): value
        case (.compareAndSet(let old, _), .done): old
        default: nil
        }
    }
}

extension KeyValueModel.Action {
    fileprivate var written: [UInt8]? {
        switch self {
        case .put(let value), .compareAndSet(_, let value): value
        case .get, .delete: nil
        }
    }
}
