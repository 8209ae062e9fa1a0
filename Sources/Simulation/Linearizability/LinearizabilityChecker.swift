import ConsensusCore

/// Judges whether one order of concurrent operations, which keeps to that in which they followed each
/// other, explains every answer.
///
/// Herlihy and Wing, *Linearizability: A Correctness Condition for Concurrent Objects*, 1990. A history
/// is linearizable if that of each object is (their locality theorem), so each key is searched by
/// itself; see ``LinearizabilityVerdict`` for what comes of it. The problem is NP-complete: the search
/// has a bound, and says so when it is reached.
public struct LinearizabilityChecker<Model: SequentialModel> {
    public typealias Operation = HistoryOperation<Model.Input, Model.Output>

    public let model: Model
    /// How many operations the search of one key may try.
    public let stepLimit: Int

    @inlinable
    public init(_ model: Model, stepLimit: Int = 5_000_000) {
        self.model = model
        self.stepLimit = stepLimit
    }

    /// Judges a history, its operations in any order.
    ///
    /// Answers at the same time as another process's invocation do not order the two.
    ///
    /// - Precondition: no operation is answered before it is invoked.
    @inlinable
    public func check(_ history: [Operation]) -> LinearizabilityVerdict {
        var unknown: LinearizabilityVerdict?
        for (key, operations) in partition(history) {
            var search = LinearizabilitySearch(model, operations)
            switch search.run(stepLimit: stepLimit) {
            case .found: continue
            case .none:
                return .notLinearizable(explanation: explain(key, operations))
            case .outOfSteps:
                unknown =
                    unknown
                    ?? .unknown(
                        explanation:
                            "\(model.describe(key)): \(stepLimit) steps did not suffice to "
                            + "find an order of its \(operations.count) operations, nor to rule "
                            + "one out")
            }
        }
        return unknown ?? .linearizable
    }

    /// The operations of each key, keys in the order in which they first appear.
    @inlinable
    func partition(_ history: [Operation]) -> [(key: Model.Key, operations: [Operation])] {
        var positions: [Model.Key: Int] = [:]
        var result: [(key: Model.Key, operations: [Operation])] = []
        for operation in history {
            precondition(operation.answered.map { $0 >= operation.invoked } ?? true)
            let key = model.key(of: operation.input)
            let position = positions[key] ?? result.count
            if position == result.count {
                positions[key] = position
                result.append((key, []))
            }
            result[position].operations.append(operation)
        }
        return result
    }

    // MARK: - Explaining

    /// How many operations an explanation shows.
    static var shownLimit: Int { 12 }

    /// Finds the shortest history that no order explains, up to one answer, and tells it.
    @usableFromInline
    func explain(_ key: Model.Key, _ operations: [Operation]) -> String {
        let answers = operations.indices.filter { operations[$0].answered != nil }.sorted {
            (operations[$0].answered ?? .never, $0) < (operations[$1].answered ?? .never, $1)
        }
        // What is explained up to an answer is so up to each before it, so halving finds the first.
        var explained = 0
        var offending = answers.count
        while offending - explained > 1 {
            let middle = (explained + offending) / 2
            var search = LinearizabilitySearch(model, prefix(operations, answers, middle))
            if case .none = search.run(stepLimit: stepLimit) {
                offending = middle
            } else {
                explained = middle
            }
        }
        let last = operations[answers[offending - 1]]
        let before = prefix(operations, answers, offending).filter {
            $0.invoked != last.invoked || $0.process != last.process
        }.sorted { ($0.invoked, $0.process) < ($1.invoked, $1.process) }
        let count = "\(before.count) \(before.count == 1 ? "other" : "others") begun by then"
        var text = "\(model.describe(key)): no order of this operation and the \(count) explains "
        text += "its answer:\n" + line(last)
        text += before.isEmpty ? "" : "The others"
        let hidden = max(0, before.count - Self.shownLimit)
        if hidden > 0 { text += ", without the first \(hidden)" }
        text += before.isEmpty ? "" : ":\n"
        for operation in before.dropFirst(hidden) { text += line(operation) }
        return text
    }

    /// The history up to one answer: what was not answered by then is open.
    private func prefix(
        _ operations: [Operation], _ answers: [Int], _ length: Int
    ) -> [Operation] {
        guard let end = operations[answers[length - 1]].answered else { return operations }
        var result = operations
        for index in answers[length...] {
            result[index].answered = nil
            result[index].output = nil
        }
        return result.filter { $0.invoked <= end }
    }

    private func line(_ operation: Operation) -> String {
        let end = operation.answered.map { "to \($0.inMilliseconds) ms" } ?? "never answered"
        return "  process \(operation.process), \(operation.invoked.inMilliseconds) ms "
            + "\(end): \(model.describe(operation.input, operation.output))\n"
    }
}
