public import Synchronization

/// Where other threads leave requests for the automaton of an event loop.
///
/// Requests are handled in the order they were put, all that wait in one turn of the loop. The loop is
/// woken only by the first to be put after it has taken all there were.
///
/// It holds any number of them: whoever puts them bounds how many are outstanding, as by waiting for
/// answers. An inbox belongs to one loop and is of no use after it.
public final class Inbox<Input: Sendable>: Sendable {
    @usableFromInline
    struct State {
        @usableFromInline var waiting: [Input] = []
        @usableFromInline var isClosed = false

        @usableFromInline
        init() {}
    }

    @usableFromInline let state: Mutex<State>
    @usableFromInline let wakeup: Wakeup

    /// - Throws: ``ExitError`` of status 71 if the system gives no descriptor to wake the loop by.
    public init() throws(ExitError) {
        wakeup = try Wakeup()
        state = Mutex(State())
    }

    /// What the loop waits for.
    var descriptor: Int32 { wakeup.descriptor }

    /// Leaves a request; false if the inbox is closed, and the request not taken.
    ///
    /// One that is taken is handled, unless the loop ends for another reason than ``close()`` first.
    @inlinable
    @discardableResult
    public func put(_ input: Input) -> Bool {
        let (isTaken, isFirst) = state.withLock { state in
            guard !state.isClosed else { return (false, false) }
            state.waiting.append(input)
            return (true, state.waiting.count == 1)
        }
        if isFirst { wakeup.signal() }
        return isTaken
    }

    /// Ends the loop once all that was put before has been handled, and what it wants sent has been.
    ///
    /// Datagrams that an injected fault holds back are sent at once. Closing again does nothing. A loop
    /// that ends closes its inbox.
    public func close() {
        let isFirst = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        if isFirst { wakeup.signal() }
    }

    /// Exchanges what waits for an empty array; returns whether the inbox is closed.
    @inlinable
    func take(into inputs: inout [Input]) -> Bool {
        inputs.removeAll(keepingCapacity: true)
        // Before the exchange: what is put after it wakes the loop again.
        wakeup.clear()
        return state.withLock { state in
            swap(&state.waiting, &inputs)
            return state.isClosed
        }
    }
}
