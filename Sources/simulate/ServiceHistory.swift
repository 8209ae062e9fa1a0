import ConsensusCore
import Simulation

/// The operations of all clients of a run, to be judged as one history.
struct ServiceHistory {
    /// Whether answers may come to operations of a history before.
    private var hasBegunAnew = false
    private var keyValue = Part(KeyValueModel())
    private var list = Part(ListModel())

    /// How many operations the search of one key may try.
    private static let stepLimit = 3_000_000

    /// The operations on one kind of service.
    private struct Part<Model: SequentialModel> {
        let model: Model
        var operations: [HistoryOperation<Model.Input, Model.Output>] = []
        /// By process: the operation under way.
        var underWay: [Int: Int] = [:]

        init(_ model: Model) {
            self.model = model
        }

        mutating func begin(_ input: Model.Input, by process: Int, at time: Instant) {
            underWay[process] = operations.count
            operations.append(HistoryOperation(process: process, input: input, invoked: time))
        }

        /// Keeps only what is under way, as of which nobody will know more.
        mutating func beginAnew(at time: Instant) {
            let open = operations.filter { $0.answered == nil }
            operations = open.map {
                HistoryOperation(process: $0.process, input: $0.input, invoked: time)
            }
            underWay = [:]
        }

        mutating func end(_ process: Int, _ output: Model.Output, at time: Instant) {
            guard let index = underWay.removeValue(forKey: process) else { return }
            operations[index].answered = time
            operations[index].output = output
        }

        /// - Parameter settled: the operations with fewer open questions, which are easier to judge.
        func verdict(
            settled: [HistoryOperation<Model.Input, Model.Output>]
        ) -> LinearizabilityVerdict {
            let checker = LinearizabilityChecker(model, stepLimit: ServiceHistory.stepLimit)
            let verdict = checker.check(settled)
            guard case .notLinearizable = verdict else { return verdict }
            // As it was, it is better explained.
            let whole = checker.check(operations)
            if case .notLinearizable = whole { return whole }
            return verdict
        }
    }

    /// The service begins anew, and with it another history: what was answered is forgotten, and of what was
    /// under way it is not known whether it will be carried out.
    mutating func beginAnew(at time: Instant) {
        keyValue.beginAnew(at: time)
        list.beginAnew(at: time)
        hasBegunAnew = true
    }

    mutating func begin(_ operation: ServiceOperation, by process: Int, at time: Instant) {
        switch operation {
        case .keyValue(let input): keyValue.begin(input, by: process, at: time)
        case .list(let input): list.begin(input, by: process, at: time)
        }
    }

    /// Takes the answer to a process's operation; returns false if it cannot be one.
    mutating func end(_ process: Int, with bytes: [UInt8], at time: Instant) -> Bool {
        if hasBegunAnew, keyValue.underWay[process] == nil, list.underWay[process] == nil {
            return true
        }
        if keyValue.underWay[process] != nil {
            guard let output = KeyValueModel.Output(reading: bytes) else { return false }
            keyValue.end(process, output, at: time)
        } else {
            guard let output = ListModel.Output(reading: bytes) else { return false }
            list.end(process, output, at: time)
        }
        return true
    }

    func verdict() -> LinearizabilityVerdict {
        keyValue.operations.isEmpty
            ? list.verdict(settled: list.operations.settled())
            : keyValue.verdict(settled: keyValue.operations.settled())
    }
}
