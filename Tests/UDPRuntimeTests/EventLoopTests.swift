import ConsensusCore
import Testing

@testable import UDPRuntime

@Suite("Event loop", .timeLimit(.minutes(1)))
struct EventLoopTests {
    private func settings(_ node: NodeID, _ sockets: [SocketBox]) -> LoopSettings {
        LoopSettings(cluster: 7, node: node, addresses: sockets.map(\.address))
    }

    private func hasHeard(_ message: PingMessage) -> @Sendable ([PingOutput]) -> Bool {
        { outputs in
            outputs.contains { if case .heard(message, _) = $0 { true } else { false } }
        }
    }

    @Test("two loops in one process talk", arguments: [SocketAddress.Family.ipv4, .ipv6])
    func conversation(family: SocketAddress.Family) async throws {
        let sockets = [try SocketBox(family), try SocketBox(family)]
        let opening = (0..<200).map { Envelope(recipients: .one(1), message: PingMessage.ping($0)) }
        let first = HostedNode(PingNode(opening), settings(0, sockets), sockets[0]) {
            $0.count == 200
        }
        let second = HostedNode(PingNode(), settings(1, sockets), sockets[1]) { $0.count == 200 }
        let asking = await first.outcome
        let answering = await second.outcome
        #expect(asking.end == .stopped)
        #expect(answering.end == .stopped)
        #expect(asking.outputs == (0..<200).map { .heard(.pong($0), 1) })
        #expect(answering.outputs == (0..<200).map { .heard(.ping($0), 0) })
        #expect(asking.counters.sent == 200)
        #expect(answering.counters.received == 200)
        #expect(answering.counters.dropped == 0)
    }

    @Test("deadlines are kept, and not before their time")
    func deadlines() async throws {
        let socket = try SocketBox()
        let clock = ContinuousClock()
        let began = clock.now
        let node = HostedNode(
            PingNode(period: .milliseconds(5)), settings(0, [socket]), socket
        ) { $0.count == 4 }
        let outcome = await node.outcome
        #expect(outcome.outputs == (1...4).map { .woken($0) })
        #expect(clock.now - began >= .milliseconds(20))
    }

    @Test("a flood of garbage does not keep a timer from its turn")
    func flood() async throws {
        let sockets = [try SocketBox(), try SocketBox()]
        let target = sockets[0].address
        let node = HostedNode(
            PingNode(period: .milliseconds(2)), settings(0, sockets), sockets[0]
        ) { $0.count == 50 }
        let flooder = Flooder(of: target, from: sockets[1])
        let outcome = await node.outcome
        flooder.stop()
        #expect(outcome.outputs.count == 50)
        #expect(outcome.counters.dropped(.truncated) + outcome.counters.dropped(.notOurs) > 0)
        #expect(outcome.counters.received == 0)
    }

    // MARK: What is dropped

    /// Sends raw datagrams, then a good one; gives what the node made of them.
    ///
    /// Between the raw ones it waits now and then for an answer, so that no buffer overflows.
    private func outcome(ofSending raw: [[UInt8]]) async throws -> LoopOutcome {
        let sockets = [try SocketBox(), try SocketBox()]
        let sender = sockets[1].take()
        let receiver = HostedNode(
            PingNode(), settings(0, sockets), sockets[0], until: hasHeard(.pong(99)))
        let target = sockets[0].address
        var batch = ReceiveBatch()
        for (index, bytes) in raw.enumerated() {
            try sender.send(bytes, to: target)
            guard index % 50 == 49 else { continue }
            try sender.send(datagram(.ping(0), from: 1), to: target)
            let ready = try System.ppoll(sender.descriptor, -1, nanoseconds: 20_000_000_000)
            try #require(ready == .first)
            let answers = try batch.receive(from: sender.descriptor)
            try #require(answers == 1)
        }
        try sender.send(datagram(.pong(99), from: 1), to: target)
        var outcome = await receiver.outcome
        #expect(outcome.end == .stopped)
        #expect(outcome.counters.received == UInt64(raw.count / 50 + 1))
        outcome.outputs.removeAll { $0 == .heard(.ping(0), 1) }
        #expect(outcome.outputs == [.heard(.pong(99), 1)])
        return outcome
    }

    @Test("every flipped bit of a good datagram is found, counted and survived")
    func flippedBits() async throws {
        let good = datagram(.ping(1), from: 1)
        let flipped = (0..<good.count * 8).map { bit in
            var bytes = good
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            return bytes
        }
        let counters = try await outcome(ofSending: flipped).counters
        #expect(counters.dropped(.notOurs) == 32)
        #expect(counters.dropped(.otherVersion) == 8)
        // What the header alone rules out: the cluster's 64 bits, 7 that make a kind there is not, and
        // the sender's 32.
        #expect(counters.dropped(.foreignCluster) == 64)
        #expect(counters.dropped(.malformed) == 7)
        #expect(counters.dropped(.damaged) == UInt64(good.count * 8 - 40 - 64 - 7 - 32))
        #expect(counters.dropped == UInt64(good.count * 8))
    }

    @Test("every proper prefix of a good datagram is found, counted and survived")
    func prefixes() async throws {
        let good = datagram(.ping(1), from: 1)
        let counters = try await outcome(
            ofSending: (0..<good.count).map { Array(good[..<$0]) }
        ).counters
        #expect(counters.dropped == UInt64(good.count))
        #expect(counters.dropped(.truncated) == UInt64(DatagramFormat.headerSize))
    }

    @Test("random garbage of any length is counted and survived", arguments: 0..<3)
    func garbage(seed: UInt64) async throws {
        var random = RandomSource(seed: seed)
        var raw: [[UInt8]] = []
        for _ in 0..<100 {
            raw.append(
                (0..<random.number(in: 0...1_500)).map { _ in UInt8(random.below(256)) })
        }
        let counters = try await outcome(ofSending: raw).counters
        #expect(counters.dropped == 100)
    }

    @Test("strangers, leftovers and forgers are told apart")
    func strangers() async throws {
        let sockets = [try SocketBox(), try SocketBox(), try SocketBox()]
        let first = sockets[1].take()
        let second = sockets[2].take()
        let receiver = HostedNode(
            PingNode(), settings(0, sockets), sockets[0], until: hasHeard(.pong(99)))
        let target = sockets[0].address
        var malformed = datagram(.ping(1), from: 1)
        malformed.append(0)
        try first.send(datagram(.ping(1), from: 1, cluster: 8), to: target)
        try first.send(datagram(.ping(1), from: 3), to: target)
        try first.send(datagram(.ping(1), from: NodeID(.max)), to: target)
        try first.send(datagram(.ping(1), from: 0), to: target)
        try first.send(resealed(malformed), to: target)
        // In another node's name: the address betrays it.
        try first.send(datagram(.ping(1), from: 2), to: target)
        try second.send(datagram(.ping(1), from: 1), to: target)
        try first.send(datagram(.pong(99), from: 1), to: target)
        let outcome = await receiver.outcome
        #expect(outcome.counters.dropped(.foreignCluster) == 1)
        #expect(outcome.counters.dropped(.unknownSender) == 2)
        #expect(outcome.counters.dropped(.ownID) == 1)
        #expect(outcome.counters.dropped(.malformed) == 1)
        #expect(outcome.counters.dropped(.wrongAddress) == 2)
        #expect(outcome.counters.dropped == 7)
        #expect(outcome.counters.description.contains("wrongAddress 2"))
        #expect(outcome.outputs == [.heard(.pong(99), 1)])
    }

    /// Gives changed bytes the checksum they need to be believed.
    private func resealed(_ bytes: [UInt8]) -> [UInt8] {
        var writer = ByteWriter()
        writer.bytes = bytes
        let checked = bytes.span.extracting(droppingFirst: DatagramFormat.checkedOffset)
        writer.overwrite(Checksum.crc32c(checked), at: DatagramFormat.checksumOffset)
        return writer.bytes
    }

    @Test("a Lamport time that no cluster gets to does not stop the node")
    func lamportLimit() async throws {
        let sockets = [try SocketBox(), try SocketBox()]
        let sender = sockets[1].take()
        let receiver = HostedNode(PingNode(), settings(0, sockets), sockets[0]) { $0.count == 2 }
        for number in [UInt64(1), 2] {
            try sender.send(
                datagram(.ping(number), from: 1, lamportTime: .max), to: sockets[0].address)
        }
        #expect(await receiver.outcome.counters.sent == 2)
    }

    // MARK: Lanes

    @Test("what cannot be made durable is not sent")
    func durability() async throws {
        let sockets = [try SocketBox(), try SocketBox()]
        let sender = sockets[1].take()
        let receiver = HostedNode(
            PingNode(), settings(0, sockets), sockets[0], sink: CountingSink(failsToAdd: true)
        ) { _ in false }
        try sender.send(datagram(.ping(1), from: 1), to: sockets[0].address)
        let outcome = await receiver.outcome
        #expect(outcome.error?.status == 74)
        #expect(outcome.counters.received == 1)
        #expect(outcome.counters.sent == 0)
        #expect(outcome.outputs.isEmpty)
    }

    @Test("a crash comes before the message is acted on, and after all earlier ones were")
    func crashPoint() async throws {
        let sockets = [try SocketBox(), try SocketBox()]
        let sender = sockets[1].take()
        var settings = settings(0, sockets)
        settings.crashPoint = CrashPoint(kind: "ping", count: 3)
        let crashing = settings
        for message in [PingMessage.ping(1), .pong(7), .ping(2), .pong(8), .ping(3), .ping(4)] {
            try sender.send(datagram(message, from: 1), to: sockets[0].address)
        }
        let outcome = await HostedNode(PingNode(), crashing, sockets[0]) { _ in false }.outcome
        #expect(outcome.end == .crashPoint)
        #expect(
            outcome.outputs == [
                .heard(.ping(1), 1), .heard(.pong(7), 1), .heard(.ping(2), 1), .heard(.pong(8), 1),
            ])
        #expect(outcome.counters.sent == 2)
    }

    // MARK: Faults

    private func send(_ count: UInt64, with faults: Faults) async throws -> LoopOutcome {
        let sockets = [try SocketBox(), try SocketBox()]
        var settings = settings(0, sockets)
        settings.faults = faults
        let opening = (0..<count).map {
            Envelope(recipients: .one(1), message: PingMessage.pong($0))
        }
        let node = HostedNode(
            PingNode(opening, period: .milliseconds(1)), settings, sockets[0]
        ) { _ in true }
        return await node.outcome
    }

    @Test("losses and duplicates happen to what is sent")
    func lossAndDuplication() async throws {
        let lost = try await send(20, with: Faults(dropPerMillion: 1_000_000)).counters
        #expect(lost.sent == 0)
        #expect(lost.injectedDrops == 20)
        let doubled = try await send(20, with: Faults(duplicatePerMillion: 1_000_000)).counters
        #expect(doubled.sent == 40)
        #expect(doubled.injectedDuplicates == 20)
    }

    @Test("what is delayed when the loop is told to stop is still sent, at its time")
    func delayedAtStop() async throws {
        let delay = Interval.milliseconds(40)...Interval.milliseconds(50)
        let clock = ContinuousClock()
        let began = clock.now
        let outcome = try await send(20, with: Faults(delay: delay))
        #expect(outcome.end == .stopped)
        #expect(outcome.outputs == [.woken(1)])
        #expect(outcome.counters.injectedDelays == 20)
        #expect(outcome.counters.sent == 20)
        #expect(clock.now - began >= .milliseconds(40))
    }
}
