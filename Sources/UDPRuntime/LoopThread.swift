public import ConsensusCore

/// An event loop in a thread of its own, for programs that have other things to do.
///
/// Requests for its automaton go into the ``inbox``; what the automaton reports comes on the loop's
/// thread, which is none of those that tasks run on, and touches no signals. The loop ends when its inbox
/// is closed, when nobody holds this any more, or when the system or the storage fails. All methods may
/// be called from any thread, before and after the end.
public final class LoopThread<A: Automaton & Sendable>: Sendable {
    /// What runs in the thread.
    @usableFromInline
    typealias Body = @Sendable (Inbox<A.Input>) throws(ExitError) -> LoopEnd

    /// Where requests for the automaton are left.
    public let inbox: Inbox<A.Input>
    private let outcome = LoopOutcome()

    /// Starts a loop.
    ///
    /// It is compiled for its automaton where it is started: a program that starts one deep inside
    /// generic code pays for that with every step.
    ///
    /// - Parameters:
    ///   - storage: the directory of its records, which are replayed before this returns; nil to keep
    ///     them in memory alone.
    ///   - report: told of every output, on the loop's thread, which waits for it; what it throws ends the
    ///     loop.
    ///   - ended: called once, on the loop's thread, when nothing is taken any more and the socket and
    ///     the storage are free again.
    /// - Throws: ``ExitError`` of status 71 if the system gives no thread, 74 if the storage cannot be
    ///   used.
    @inlinable
    public convenience init(
        _ automaton: consuming A, settings: LoopSettings, socket: consuming UDPSocket,
        storage: String? = nil,
        report: @escaping @Sendable (A.Output) throws(ExitError) -> Void,
        ended: @escaping @Sendable () -> Void = {}
    ) throws(ExitError) {
        let socket = Handover(socket)
        var log: SharedRecordLog<A.Record>?
        if let storage {
            let identity = LogIdentity(cluster: settings.cluster, node: settings.node)
            log = try SharedRecordLog(
                directory: storage, identity: identity, recovering: &automaton)
        }
        // Handed over, so that the state is in memory once, and all is let go of in the thread.
        let stored = Handover(log.take())
        let handover = Handover(automaton)
        try self.init(ended: ended) { inbox throws(ExitError) in
            var loop = EventLoop(
                handover.take(), settings: settings, socket: socket.take(), inbox: inbox)
            let go = { (output: A.Output) throws(ExitError) in
                try report(output)
                return LoopDecision.continue
            }
            guard var log = stored.take() else { return try loop.run(go) }
            return try loop.run(recordingIn: &log, go)
        }
    }

    /// Starts a thread.
    @usableFromInline
    init(ended: @escaping @Sendable () -> Void, _ body: @escaping Body) throws(ExitError) {
        let inbox = try Inbox<A.Input>()
        self.inbox = inbox
        let outcome = outcome
        let work = Handover(body)
        try System.startThread {
            let result = LoopThread.run(work, inbox)
            inbox.close()
            outcome.settle(result)
            ended()
        }
    }

    /// Runs the body and lets go of it, and of all that it holds.
    private static func run(_ work: Handover<Body>, _ inbox: Inbox<A.Input>) -> LoopOutcome.Result {
        let body = work.take()
        do throws(ExitError) {
            return .success(try body(inbox))
        } catch {
            return .failure(error)
        }
    }

    deinit {
        inbox.close()
    }

    /// Ends the loop after what was asked of it before; stopping again does nothing.
    public func stop() {
        inbox.close()
    }

    /// Waits until the loop has ended and its socket and storage are free again; returns why it ended.
    ///
    /// A task that is cancelled waits on: what cancels it can ``stop()`` the loop.
    ///
    /// - Throws: ``ExitError`` of status 74 if its storage failed, 71 if the system did.
    public func ended() async throws(ExitError) -> LoopEnd {
        try await outcome.value.get()
    }
}
