import ConsensusCore
import Foundation
import Synchronization
import Testing

@testable import UDPRuntime

@Suite("Loop threads", .timeLimit(.minutes(1)))
struct LoopThreadTests {
    private typealias Host = LoopThread<PingNode>

    private func ping(_ number: UInt64, to node: NodeID = 1) -> Envelope<PingMessage> {
        Envelope(recipients: .one(node), message: .ping(number))
    }

    private func settings(_ node: NodeID, _ sockets: [SocketBox]) -> LoopSettings {
        LoopSettings(cluster: 7, node: node, addresses: sockets.map(\.address))
    }

    /// A loop in a thread, and what it reports until it has ended.
    private func host(
        _ settings: LoopSettings, _ socket: SocketBox, _ node: PingNode = PingNode(),
        storage: String? = nil
    ) throws -> (Host, AsyncStream<PingOutput>) {
        let (stream, continuation) = AsyncStream.makeStream(of: PingOutput.self)
        let canary = Canary { continuation.finish() }
        let host = try Host(node, settings: settings, socket: socket.take(), storage: storage) {
            output in
            canary.keep()
            continuation.yield(output)
        }
        return (host, stream)
    }

    @Test("two hosts answer each other's requests, put by many tasks at once")
    func conversation() async throws {
        let sockets = [try SocketBox(), try SocketBox()]
        let (first, heardByFirst) = try host(settings(0, sockets), sockets[0])
        let (second, heardBySecond) = try host(settings(1, sockets), sockets[1])
        await withTaskGroup { group in
            for task in 0..<4 as Range<UInt64> {
                group.addTask {
                    for number in 0..<100 as Range<UInt64> {
                        first.inbox.put(ping(task * 100 + number, to: 1))
                        second.inbox.put(ping(task * 100 + number, to: 0))
                    }
                }
            }
        }
        for (stream, peer) in [(heardByFirst, 1 as NodeID), (heardBySecond, 0)] {
            var answers: Set<UInt64> = []
            for await output in stream {
                if case .heard(.pong(let number), let sender) = output, sender == peer {
                    answers.insert(number)
                }
                if answers.count == 400 { break }
            }
            #expect(answers == Set(0..<400))
        }
        first.stop()
        second.stop()
        #expect(try await first.ended() == .stopped)
        #expect(try await second.ended() == .stopped)
    }

    @Test("it can be stopped any number of times, and any number may wait for its end")
    func stoppedTwice() async throws {
        let socket = try SocketBox()
        let (host, _) = try host(settings(0, [socket]), socket)
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask { #expect((try? await host.ended()) == .stopped) }
                group.addTask { host.stop() }
            }
        }
        host.stop()
        #expect(try await host.ended() == .stopped)
        #expect(!host.inbox.put(ping(1)))
    }

    @Test("when it has ended its port is free, and nothing of it is left")
    func letsGo() async throws {
        let socket = try SocketBox()
        weak var inbox: Inbox<Envelope<PingMessage>>?
        do {
            let (host, outputs) = try host(settings(0, [socket]), socket)
            inbox = host.inbox
            host.stop()
            _ = try await host.ended()
            let again = try UDPSocket(bindingTo: socket.address)
            #expect(again.address == socket.address)
            // Ends only when what the host was given to report to is gone.
            for await _ in outputs {}
        }
        // The last to hold it may be the thread, on its way out.
        while inbox != nil { await Task.yield() }
    }

    @Test("one that nobody holds is stopped, busy or not", arguments: [false, true])
    func dropped(isBusy: Bool) async throws {
        let socket = try SocketBox()
        let outputs: AsyncStream<PingOutput>
        do {
            let (host, stream) = try host(
                settings(0, [socket]), socket,
                PingNode(period: isBusy ? .microseconds(1) : nil))
            outputs = stream
            if isBusy {
                for await output in stream where output == .woken(10) { break }
            }
            withExtendedLifetime(host) {}
        }
        for await _ in outputs {}
        let again = try UDPSocket(bindingTo: socket.address)
        #expect(again.address == socket.address)
    }

    @Test("stopped amid requests it handles all that it took and refuses the rest")
    func stoppedWhileBusy() async throws {
        let sockets = [try SocketBox(), try SocketBox()]
        let handled = Counter()
        let host = try Host(
            PingNode(), settings: settings(0, sockets), socket: sockets[0].take()
        ) { _ in
            handled.increase()
        }
        let taken = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    var taken = 0
                    while host.inbox.put(ping(UInt64(taken))) {
                        taken += 1
                        // Whoever puts bounds what is outstanding.
                        if taken % 10 == 0 { await Task.yield() }
                        if taken == 500 { host.stop() }
                    }
                    return taken
                }
            }
            return await group.reduce(0, +)
        }
        #expect(try await host.ended() == .stopped)
        #expect(taken >= 500)
        #expect(handled.value == taken)
    }

    @Test("storage that fails ends it, and tells all who ask why")
    func failure() async throws {
        let scratch = try ScratchDirectory()
        let socket = try SocketBox()
        let peer = try UDPSocket(bindingTo: .loopbackIPv4(port: 0))
        let settings = LoopSettings(
            cluster: 7, node: 0, addresses: [socket.address, peer.address])
        var node = PingNode()
        node.recordLimit = 1
        let endings = Counter()
        let host = try Host(
            node, settings: settings, socket: socket.take(), storage: scratch.log,
            report: { _ in }, ended: { endings.increase() })
        // The first record asks for a checkpoint, which there is no place for any more.
        try FileManager.default.removeItem(atPath: scratch.log)
        try peer.send(datagram(.ping(1), from: 1), to: socket.address)
        for _ in 0..<2 {
            let error = await #expect(throws: ExitError.self) { try await host.ended() }
            #expect(error?.status == 74)
        }
        #expect(!host.inbox.put(ping(1)))
        host.stop()
        let again = try UDPSocket(bindingTo: socket.address)
        #expect(again.address == socket.address)
        while endings.value == 0 { await Task.yield() }
        #expect(endings.value == 1)
    }

    @Test("with storage, the next life goes on from the records, and no other has them meanwhile")
    func storage() async throws {
        let scratch = try ScratchDirectory()
        let peer = try UDPSocket(bindingTo: .loopbackIPv4(port: 0))
        let own = try SocketBox()
        let settings = LoopSettings(cluster: 7, node: 0, addresses: [own.address, peer.address])
        var socket = own.take()
        for life in 1...3 as ClosedRange<UInt64> {
            let (first, heard) = try host(settings, SocketBox(consume socket), storage: scratch.log)
            try peer.send(datagram(.ping(life), from: 1), to: own.address)
            for await output in heard where output == .heard(.ping(life), 1) { break }
            let error = try #require(throws: ExitError.self) {
                _ = try host(settings, try SocketBox(), storage: scratch.log)
            }
            #expect(error.status == 71)
            first.stop()
            #expect(try await first.ended() == .stopped)
            // Port and storage are free at once.
            socket = try UDPSocket(bindingTo: own.address)
        }
        var numbers: [UInt64] = []
        _ = try RecordLog<PingRecord>(
            directory: scratch.log, identity: LogIdentity(cluster: 7, node: 0)
        ) { numbers.append($0.number) }
        #expect(numbers == [1, 2, 3])
        // What a life cannot take back keeps it from starting, and is still there for another.
        var other = PingNode()
        other.unreadable = 2
        for _ in 0..<2 {
            let refusal = try #require(throws: ExitError.self) {
                _ = try host(settings, try SocketBox(), other, storage: scratch.log)
            }
            #expect(refusal.status == 74)
            #expect(refusal.sentence == "\(scratch.log): Number 2 cannot be read.")
        }
    }

    @Test("the process's signals are left as they are, in the thread as in all others")
    func signals() async throws {
        let socket = try SocketBox()
        let (stream, continuation) = AsyncStream.makeStream(of: SignalState.self)
        let (before, host) = try withoutSuspension {
            let before = SignalState.now()
            let host = try Host(
                PingNode(period: .milliseconds(1)), settings: settings(0, [socket]),
                socket: socket.take()
            ) { _ in
                continuation.yield(.now())
            }
            #expect(SignalState.now() == before)
            return (before, host)
        }
        for await inThread in stream {
            #expect(inThread == before)
            break
        }
        host.stop()
        #expect(try await host.ended() == .stopped)
    }

    /// Runs a body in one thread.
    private func withoutSuspension<Result>(_ body: () throws -> Result) rethrows -> Result {
        try body()
    }
}

/// Says when nobody holds it any more.
private final class Canary: Sendable {
    private let song: @Sendable () -> Void

    init(_ song: @escaping @Sendable () -> Void) { self.song = song }
    deinit { song() }
    func keep() {}
}

/// Which signals a thread has blocked, and which the process ignores or handles.
private struct SignalState: Hashable, Sendable {
    var blocked: [Bool]
    var handlers: [UInt]

    static func now() -> SignalState {
        var mask = sigset_t()
        unsafe pthread_sigmask(SIG_BLOCK, nil, &mask)
        var handlers: [UInt] = []
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGUSR1, SIGCHLD] {
            var action = sigaction()
            unsafe sigaction(signal, nil, &action)
            #if canImport(Glibc)
                let handler = unsafe action.__sigaction_handler.sa_handler
            #else
                let handler = unsafe action.__sigaction_u.__sa_handler
            #endif
            handlers.append(unsafe unsafeBitCast(handler, to: UInt.self))
        }
        return SignalState(
            blocked: (1..<32).map { unsafe sigismember(&mask, $0) == 1 }, handlers: handlers)
    }
}
