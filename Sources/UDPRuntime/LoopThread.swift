public import ConsensusCore
private import Synchronization

/// An event loop in a thread of its own, for programs that have other things to do.
///
/// Requests for its automaton go into the ``inbox``; what the automaton reports comes on the loop's
/// thread. The loop ends when its inbox is closed, or when the system or the storage fails.
public final class LoopThread<A: Automaton & SendableMetatype>: Sendable
where A.Input: Sendable {
    /// Where requests for the automaton are left.
    public let inbox: Inbox<A.Input>
    private let outcome = Outcome()

    /// Starts a loop.
    ///
    /// - Parameters:
    ///   - storage: the directory of its records, which are replayed before this returns; nil to keep
    ///     them in memory alone.
    ///   - report: told of every output, on the loop's thread, which waits for it.
    ///   - ended: called once, on the loop's thread, when nothing is taken any more.
    /// - Throws: ``ExitError`` of status 71 if the system gives no thread, 74 if the storage cannot be
    ///   used.
    public init(
        _ automaton: consuming A, settings: LoopSettings, socket: consuming UDPSocket,
        storage: String? = nil, report: @escaping @Sendable (A.Output) -> Void,
        ended: @escaping @Sendable () -> Void = {}
    ) throws(ExitError) {
        let inbox = try Inbox<A.Input>()
        self.inbox = inbox
        var log: RecordLog<A.Record>?
        if let storage {
            let identity = LogIdentity(cluster: settings.cluster, node: settings.node)
            log = try RecordLog(directory: storage, identity: identity) { automaton.recover($0) }
        }
        let parts = LoopParts(
            loop: EventLoop(automaton, settings: settings, socket: socket, inbox: inbox), log: log)
        let outcome = outcome
        try System.startThread {
            outcome.settle(parts.run(report))
            ended()
        }
    }

    /// Ends the loop after what was asked of it before; stopping again does nothing.
    public func stop() {
        inbox.close()
    }

    /// Waits until the loop has ended; returns why.
    ///
    /// - Throws: ``ExitError`` of status 74 if its storage failed, 71 if the system did.
    public func ended() async throws(ExitError) -> LoopEnd {
        try await outcome.value.get()
    }
}

/// A loop on its way into its thread, which alone uses it then.
private final class LoopParts<A: Automaton & SendableMetatype>: @unchecked Sendable {
    private var loop: EventLoop<A>
    private var log: RecordLog<A.Record>?

    init(loop: consuming EventLoop<A>, log: consuming RecordLog<A.Record>?) {
        self.loop = loop
        self.log = log
    }

    func run(_ report: (A.Output) -> Void) -> Result<LoopEnd, ExitError> {
        let go = { (output: A.Output) throws(ExitError) in
            report(output)
            return LoopDecision.continue
        }
        do throws(ExitError) {
            if log != nil { return .success(try loop.run(recordingIn: &log!, go)) }
            return .success(try loop.run(go))
        } catch {
            return .failure(error)
        }
    }
}

/// How a loop has ended, once it has, and who waits for that.
private final class Outcome: Sendable {
    private struct State {
        var result: Result<LoopEnd, ExitError>?
        var waiters: [CheckedContinuation<Result<LoopEnd, ExitError>, Never>] = []
    }

    private let state = Mutex(State())

    func settle(_ result: Result<LoopEnd, ExitError>) {
        let waiters = state.withLock { state in
            state.result = result
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(returning: result) }
    }

    var value: Result<LoopEnd, ExitError> {
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
