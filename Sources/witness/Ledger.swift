import ConsensusCore
import Simulation
import Synchronization

/// What was asked and answered, in the order it came about, by one clock.
final class Ledger: Sendable {
    typealias Operation = HistoryOperation<KeyValueModel.Input, KeyValueModel.Output>

    private struct State {
        var operations: [Operation] = []
        var answered = 0
        var lastAnswer: Instant?
        var longestGap = Interval.zero
        var longestGapBegan: Instant?
        /// Whether gaps between answers count.
        var isUnderLoad = true
    }

    private let begin = ContinuousClock.now
    private let state = Mutex(State())
    private let gap: Interval
    private let tell: @Sendable (String) -> Void

    /// - Parameter gap: a silence that is to be told of at once.
    init(gap: Interval, tell: @escaping @Sendable (String) -> Void) {
        self.gap = gap
        self.tell = tell
    }

    private var now: Instant {
        let (seconds, attoseconds) = begin.duration(to: .now).components
        return Instant(nanoseconds: seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }

    /// An operation begins; returns its place.
    func open(_ input: KeyValueModel.Input, process: Int) -> Int {
        let now = now
        return state.withLock { state in
            state.operations.append(Operation(process: process, input: input, invoked: now))
            return state.operations.count - 1
        }
    }

    /// It is answered.
    func close(_ place: Int, _ output: KeyValueModel.Output) {
        let now = now
        let silence: Interval? = state.withLock { state in
            state.operations[place].answered = now
            state.operations[place].output = output
            state.answered += 1
            let last = state.lastAnswer
            state.lastAnswer = now
            guard state.isUnderLoad, let last else { return nil }
            if now - last > state.longestGap {
                state.longestGap = now - last
                state.longestGapBegan = last
            }
            return now - last
        }
        guard let silence, silence >= gap else { return }
        tell("no answer for \(silence.milliseconds) ms until \(now.milliseconds) ms")
    }

    /// The load ends: gaps between answers mean nothing any more.
    func endLoad() {
        state.withLock { $0.isUnderLoad = false }
    }

    var operations: [Operation] { state.withLock { $0.operations } }
    var count: Int { state.withLock { $0.operations.count } }
    /// The keys ever used, each once, in order of their first use.
    var keys: [[UInt8]] {
        var seen: Set<[UInt8]> = []
        return operations.map(\.input.key).filter { seen.insert($0).inserted }
    }
    var answered: Int { state.withLock { $0.answered } }
    var longestGap: Interval { state.withLock { $0.longestGap } }
}

extension Interval {
    var milliseconds: Int64 { nanoseconds / 1_000_000 }
}

extension Instant {
    var milliseconds: Int64 { nanoseconds / 1_000_000 }
}
