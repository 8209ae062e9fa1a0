private import Synchronization

/// How a loop has ended, once it has, and who waits for that.
final class LoopOutcome: Sendable {
    typealias Result = Swift.Result<LoopEnd, ExitError>

    private struct State {
        var result: Result?
        var waiters: [CheckedContinuation<Result, Never>] = []
    }

    private let state = Mutex(State())

    /// Says how it ended; to be called once.
    func settle(_ result: Result) {
        let waiters = state.withLock { state in
            precondition(state.result == nil)
            state.result = result
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(returning: result) }
    }

    /// How it ended; waits until it has.
    var value: Result {
        get async {
            await withCheckedContinuation { continuation in
                let result = state.withLock { state in
                    if state.result == nil { state.waiters.append(continuation) }
                    return state.result
                }
                if let result { continuation.resume(returning: result) }
            }
        }
    }
}
