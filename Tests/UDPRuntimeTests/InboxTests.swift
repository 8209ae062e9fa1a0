import ConsensusCore
import Synchronization
import Testing

@testable import UDPRuntime

@Suite("Inbox", .timeLimit(.minutes(1)))
struct InboxTests {
    private func ping(_ number: UInt64) -> Envelope<PingMessage> {
        Envelope(recipients: .one(1), message: .ping(number))
    }

    private func settings(_ sockets: [SocketBox]) -> LoopSettings {
        LoopSettings(cluster: 7, node: 0, addresses: sockets.map(\.address))
    }

    private func isReady(_ inbox: Inbox<Int>) throws -> Bool {
        try System.ppoll(-1, -1, inbox.descriptor, nanoseconds: 0) == .third
    }

    @Test("it is ready from the first request put until all are taken")
    func readiness() throws {
        let inbox = try Inbox<Int>()
        var taken = [7]
        #expect(try !isReady(inbox))
        for round in 0..<3 {
            for number in 0..<100 { #expect(inbox.put(round * 100 + number)) }
            #expect(try isReady(inbox))
            let isClosed = inbox.take(into: &taken)
            #expect(!isClosed)
            #expect(taken == Array(round * 100..<round * 100 + 100))
            // One wakening was for all of them.
            #expect(try !isReady(inbox))
        }
    }

    @Test("a closed inbox gives what was put before and takes nothing more")
    func closing() throws {
        let inbox = try Inbox<Int>()
        inbox.put(1)
        inbox.close()
        inbox.close()
        #expect(!inbox.put(2))
        #expect(try isReady(inbox))
        var taken: [Int] = []
        let isClosed = inbox.take(into: &taken)
        #expect(isClosed)
        #expect(taken == [1])
    }

    @Test("an inbox closed while nothing waits is ready")
    func closingEmpty() throws {
        let inbox = try Inbox<Int>()
        inbox.close()
        #expect(try isReady(inbox))
    }

    @Test("requests of many tasks are handled once each, and each task's in order")
    func manyTasks() async throws {
        let sockets = [try SocketBox(), try SocketBox()]
        let inbox = try Inbox<PingNode.Input>()
        let node = HostedNode(PingNode(), settings(sockets), sockets[0], inbox: inbox) {
            $0.count == 8_000
        }
        await withTaskGroup { group in
            for task in 0..<8 as Range<UInt64> {
                group.addTask {
                    for number in 0..<1_000 as Range<UInt64> {
                        inbox.put(ping(task << 32 | number))
                        if number % 100 == 0 { await Task.yield() }
                    }
                }
            }
        }
        let outcome = await node.outcome
        #expect(outcome.end == .stopped)
        var next = [UInt64](repeating: 0, count: 8)
        for output in outcome.outputs {
            guard case .asked(.ping(let number)) = output else {
                Issue.record("\(output)")
                return
            }
            #expect(number & 0xffff_ffff == next[Int(number >> 32)])
            next[Int(number >> 32)] += 1
        }
        #expect(next == [UInt64](repeating: 1_000, count: 8))
        #expect(outcome.counters.sent == 8_000)
        // The loop has ended, so nothing is taken any more.
        #expect(!inbox.put(ping(0)))
    }

    @Test("closing ends a loop that awaits nothing, after all that was put before was done")
    func closingLoop() async throws {
        let sockets = [try SocketBox(), try SocketBox()]
        let inbox = try Inbox<PingNode.Input>()
        for number in 1...3 as ClosedRange<UInt64> { inbox.put(ping(number)) }
        let node = HostedNode(PingNode(), settings(sockets), sockets[0], inbox: inbox) { _ in
            false
        }
        let peer = sockets[1].take()
        let ready = try System.ppoll(peer.descriptor, -1, nanoseconds: 20_000_000_000)
        #expect(ready == .first)
        inbox.put(ping(4))
        inbox.close()
        let outcome = await node.outcome
        #expect(outcome.end == .stopped)
        #expect(outcome.outputs == (1...4).map { .asked(.ping($0)) })
        #expect(outcome.counters.sent == 4)
        var batch = ReceiveBatch()
        var arrived = 0
        while arrived < 4 { arrived += try batch.receive(from: peer.descriptor) }
    }

    @Test("closing sends at once what a fault holds back", arguments: [true, false])
    func closingHurries(isStoppedByItself: Bool) async throws {
        let sockets = [try SocketBox(), try SocketBox()]
        let inbox = try Inbox<PingNode.Input>()
        var settings = settings(sockets)
        settings.faults = Faults(delay: .seconds(3_600) ... .seconds(3_600))
        let (stream, continuation) = AsyncStream.makeStream(of: Int.self)
        let node = HostedNode(PingNode(), settings, sockets[0], inbox: inbox) { outputs in
            continuation.yield(outputs.count)
            return isStoppedByItself && outputs.count == 5
        }
        for number in 1...5 as ClosedRange<UInt64> { inbox.put(ping(number)) }
        for await count in stream where count == 5 { break }
        inbox.close()
        let outcome = await node.outcome
        #expect(outcome.end == .stopped)
        #expect(outcome.counters.injectedDelays == 5)
        #expect(outcome.counters.sent == 5)
    }

    @Test(
        "a flood of garbage and steady requests keep neither each other nor a timer from its turn")
    func floods() async throws {
        let sockets = [try SocketBox(), try SocketBox(), try SocketBox()]
        let inbox = try Inbox<PingNode.Input>()
        let handled = Counter()
        let node = HostedNode(
            PingNode(period: .milliseconds(2)), settings(sockets), sockets[0], inbox: inbox
        ) { outputs in
            if case .asked = outputs.last { handled.increase() }
            return outputs.last == .woken(50)
        }
        let flooder = Flooder(of: sockets[0].address, from: sockets[2])
        var put = 0
        while inbox.put(ping(UInt64(put))) {
            put += 1
            // Whoever puts bounds what is outstanding.
            while put - handled.value > 100, inbox.isOpen { await Task.yield() }
        }
        let outcome = await node.outcome
        flooder.stop()
        #expect(outcome.end == .stopped)
        #expect(outcome.counters.dropped > 0)
        #expect(handled.value > 50)
    }
}

extension Inbox {
    fileprivate var isOpen: Bool { state.withLock { !$0.isClosed } }
}
