import ConsensusCore
import Simulation

extension [HistoryOperation<ListModel.Input, ListModel.Output>] {
    /// The same history with fewer open questions: it is linearizable if and only if this one is.
    ///
    /// Items are unique and stay where they are. So an append that nobody answered took effect, at the
    /// position where its item was read, before the first answer that shows it; and one whose item is
    /// nowhere in the list as far as that is known took effect after all answers, or never. No item is
    /// empty.
    func settled() -> [Element] {
        var seen: [[UInt8]: (position: Int, time: Instant)] = [:]
        var known: Set<Int> = []
        var length = 0
        for operation in self {
            guard let time = operation.answered else { continue }
            switch (operation.input, operation.output) {
            case (.append, .appended(let position)):
                known.insert(position)
                length = Swift.max(length, position + 1)
            case (.read(let start), .items(let items, let total)):
                for (index, item) in items.enumerated() {
                    known.insert(start + index)
                    if let before = seen[item]?.time, before <= time { continue }
                    seen[item] = (start + index, time)
                }
                length = Swift.max(length, total ?? 0, items.isEmpty ? 0 : start + items.count)
            default: continue
            }
        }
        let isKnown = known.count >= length
        return compactMap { operation in
            guard operation.answered == nil, case .append(let item) = operation.input else {
                return operation
            }
            var settled = operation
            guard let (position, time) = seen[item] else {
                if isKnown { return nil }
                // Those that nobody saw are all alike: they only move others.
                settled.input = .append([])
                return settled
            }
            guard time >= operation.invoked else { return operation }
            settled.answered = time
            settled.output = .appended(at: position)
            return settled
        }
    }
}
