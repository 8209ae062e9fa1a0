public import ConsensusCore
internal import PaxosNode
internal import Synchronization
public import UDPRuntime

/// A client of a replicated service, for programs that use async Swift.
///
/// It runs its automaton in a thread of its own; a call suspends its task and blocks nothing. Calls may
/// be made from any number of tasks at once: they share a session and datagrams. Each command is carried
/// out exactly once, however often it had to be sent, unless its call fails; then it was carried out once
/// or not at all.
public final class Client: Sendable {
    private let thread: LoopThread<LogClient>
    private let calls: OpenCalls

    /// Makes a client of the cluster that a hosts file describes; it needs no line there.
    ///
    /// - Throws: ``ExitError`` of status 65 if the hosts file has no replicated service, 71 if the system
    ///   gives no socket or thread.
    public init(of hosts: HostsFile) throws(ExitError) {
        let cluster = try LogCluster(hosts)
        let settings = LoopSettings(
            cluster: hosts.cluster, node: .anonymous, addresses: try hosts.addresses())
        let calls = OpenCalls()
        self.calls = calls
        thread = try LoopThread(
            LogClient(cluster: cluster, seed: Entropy.seed()), settings: settings,
            socket: try UDPSocket(for: settings, of: hosts),
            report: { answer in calls.finish(answer) }, ended: { calls.close() })
    }

    deinit {
        thread.stop()
    }

    /// Puts a command into the order of all commands, and returns what the service replied to it.
    ///
    /// - Parameters:
    ///   - command: at most ``ServiceLimits/maximumCommandSize`` bytes.
    ///   - timeout: how long to wait; positive.
    /// - Throws: ``ClientError``; of a command that timed out or was cancelled it is not known whether it
    ///   was carried out.
    public func perform(
        _ command: [UInt8], timeout: Duration = .seconds(10)
    ) async throws(ClientError) -> [UInt8] {
        try await bytes(.command(command), timeout)
    }

    /// Asks the service something, and returns its reply.
    ///
    /// The reply reflects every command that was answered before the question was asked, whoever asked
    /// (linearizability), although the question is not put into the order.
    ///
    /// - Throws: ``ClientError``.
    public func query(
        _ query: [UInt8], timeout: Duration = .seconds(10)
    ) async throws(ClientError) -> [UInt8] {
        try await bytes(.query(query), timeout)
    }

    /// Asks every node what it says of itself; nodes that do not answer within a second are silent.
    ///
    /// - Throws: ``ClientError``.
    public func status(
        digests: ClientCall.StateDigests = .omitted
    ) async throws(ClientError) -> [NodeStatus] {
        guard case .status(let statuses) = try await call(.status(digests), .seconds(5)) else {
            throw .closed
        }
        return statuses
    }

    /// Ends the client; calls that are open fail with ``ClientError/closed``.
    public func close() {
        thread.stop()
    }

    private func bytes(
        _ operation: ClientCall.Operation, _ timeout: Duration
    ) async throws(ClientError) -> [UInt8] {
        guard case .bytes(let bytes) = try await call(operation, timeout) else { throw .closed }
        return bytes
    }

    private func call(
        _ operation: ClientCall.Operation, _ timeout: Duration
    ) async throws(ClientError) -> ClientAnswer.Reply {
        precondition(timeout > .zero)
        let number = calls.nextNumber()
        let request = ClientRequest.call(
            ClientCall(number: number, operation: operation, timeout: Interval(timeout)))
        let result: Result<ClientAnswer.Reply, ClientError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard calls.open(number, continuation) else { return }
                if Task.isCancelled {
                    calls.fail(number, with: .cancelled)
                } else if !thread.inbox.put(request) {
                    calls.fail(number, with: .closed)
                }
            }
        } onCancel: {
            if calls.fail(number, with: .cancelled) { thread.inbox.put(.cancel(number)) }
        }
        return try result.get()
    }
}

/// Why a call of a ``Client`` has no answer.
public enum ClientError: Error, Hashable, Sendable {
    /// No answer came in time; the silence tells which nodes did not answer. A command may or may not
    /// have been carried out.
    case timedOut(QuorumSilence)
    /// The service had forgotten the client's session, since too many other clients came; a command may or
    /// may not have been carried out.
    case sessionExpired
    /// The service takes the client to have answers that it does not have, as if somebody else had spoken
    /// for it; a command may or may not have been carried out.
    case superseded
    /// The service had no room for another session in all that time; the command was not carried out.
    case sessionRefused
    /// It has more bytes than the limit; it was not sent.
    case tooLarge(size: Int, limit: Int)
    /// The task was cancelled; a command may or may not have been carried out.
    case cancelled
    /// The client was closed, or its thread ended; a command may or may not have been carried out.
    case closed
}

/// The calls that have no answer yet, and who waits for them.
private final class OpenCalls: Sendable {
    typealias Waiter = CheckedContinuation<Result<ClientAnswer.Reply, ClientError>, Never>

    private struct State {
        var lastNumber: UInt64 = 0
        var waiters: [UInt64: Waiter] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())

    func nextNumber() -> UInt64 {
        state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
    }

    /// Notes who waits; if nothing can come any more it fails at once, and is not noted.
    func open(_ number: UInt64, _ waiter: Waiter) -> Bool {
        let isClosed = state.withLock { state in
            if !state.isClosed { state.waiters[number] = waiter }
            return state.isClosed
        }
        if isClosed { waiter.resume(returning: .failure(.closed)) }
        return !isClosed
    }

    func finish(_ answer: ClientAnswer) {
        let waiter = state.withLock { $0.waiters.removeValue(forKey: answer.number) }
        guard let waiter else { return }
        switch answer.result {
        case .success(let reply): waiter.resume(returning: .success(reply))
        case .failure(.timedOut(let silence)):
            waiter.resume(returning: .failure(.timedOut(silence)))
        case .failure(.sessionExpired): waiter.resume(returning: .failure(.sessionExpired))
        case .failure(.superseded): waiter.resume(returning: .failure(.superseded))
        case .failure(.sessionRefused): waiter.resume(returning: .failure(.sessionRefused))
        case .failure(.tooLarge(let size, let limit)):
            waiter.resume(returning: .failure(.tooLarge(size: size, limit: limit)))
        }
    }

    /// Fails a call; returns whether it was open.
    @discardableResult
    func fail(_ number: UInt64, with error: ClientError) -> Bool {
        let waiter = state.withLock { $0.waiters.removeValue(forKey: number) }
        waiter?.resume(returning: .failure(error))
        return waiter != nil
    }

    /// Fails all calls, and those to come.
    func close() {
        let waiters = state.withLock { state in
            state.isClosed = true
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume(returning: .failure(.closed)) }
    }
}

extension Interval {
    /// The interval as long as a duration, at most some 292 years.
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let whole = Interval.seconds(min(seconds, 9_000_000_000))
        self = whole + Interval(nanoseconds: attoseconds / 1_000_000_000)
    }
}
