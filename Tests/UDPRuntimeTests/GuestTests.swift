import ConsensusCore
import Foundation
import Testing

@testable import UDPRuntime

@Suite("Clients without a line", .timeLimit(.minutes(1)))
struct GuestTests {
    private func settings(_ socket: SocketBox, guests: Int) -> LoopSettings {
        var settings = LoopSettings(cluster: 7, node: 0, addresses: [socket.address])
        settings.guestLimit = guests
        return settings
    }

    /// Sends a ping as a client without a line.
    private func ping(
        _ number: UInt64, _ target: SocketAddress, from socket: borrowing UDPSocket,
        cookie: UInt64 = 0
    ) throws {
        try socket.send(
            datagram(.ping(number), from: .anonymous, cookie: cookie), to: target)
    }

    /// The cookie that a node gives to a socket, which asks and is told nothing else.
    private func cookie(
        of target: SocketAddress, for socket: borrowing UDPSocket
    ) throws -> UInt64 {
        let question = datagram(.ping(999), from: .anonymous)
        try socket.send(question, to: target)
        var batch = ReceiveBatch()
        let ready = try System.ppoll(socket.descriptor, -1, nanoseconds: 20_000_000_000)
        try #require(ready == .first)
        let count = try batch.receive(from: socket.descriptor)
        #expect(count == 1)
        let bytes = unsafe Array(batch.bytes(at: 0))
        #expect(bytes.count <= question.count)
        let header = try DatagramHeader(reading: bytes.span, cluster: 7)
        #expect(header.kind == .challenge)
        #expect(header.sequence == 0)
        return header.cookie
    }

    /// The numbers of the next pongs that arrive; waits for as many as asked for.
    private func pongs(_ count: Int, at socket: borrowing UDPSocket) throws -> [UInt64] {
        var batch = ReceiveBatch()
        var numbers: [UInt64] = []
        while numbers.count < count {
            let ready = try System.ppoll(socket.descriptor, -1, nanoseconds: 20_000_000_000)
            try #require(ready == .first)
            for index in 0..<(try batch.receive(from: socket.descriptor)) {
                let bytes = unsafe Array(batch.bytes(at: index))
                let answer = try Datagram<PingMessage>(decoding: bytes.span, cluster: 7)
                guard case .pong(let number) = answer.message else { continue }
                numbers.append(number)
            }
        }
        return numbers
    }

    @Test("each is answered at its own address, under an ID that stays")
    func answers() async throws {
        let box = try SocketBox()
        let node = HostedNode(PingNode(), settings(box, guests: 10), box) { $0.count == 4 }
        let first = try UDPSocket(toReach: [box.address])
        let second = try UDPSocket(toReach: [box.address])
        let firstCookie = try cookie(of: box.address, for: first)
        let secondCookie = try cookie(of: box.address, for: second)
        #expect(firstCookie != secondCookie)
        try ping(1, box.address, from: first, cookie: firstCookie)
        let numbers1 = try pongs(1, at: first)
        #expect(numbers1 == [1])
        try ping(2, box.address, from: second, cookie: secondCookie)
        let numbers2 = try pongs(1, at: second)
        #expect(numbers2 == [2])
        try ping(3, box.address, from: first, cookie: firstCookie)
        try ping(4, box.address, from: first, cookie: firstCookie)
        let numbers3 = try pongs(2, at: first)
        #expect(numbers3 == [3, 4])
        let senders = await node.outcome.outputs.map { output in
            guard case .heard(_, let sender) = output else { return NodeID(0) }
            return sender
        }
        #expect(senders.count == 4)
        #expect(senders.allSatisfy { $0.isGuest })
        #expect(senders[0] != senders[1])
        #expect(senders[2] == senders[0])
        #expect(senders[3] == senders[0])
    }

    @Test("a node that admits none drops what they send, and forged IDs are dropped by all")
    func refused() async throws {
        for guests in [0, 10] {
            let box = try SocketBox()
            let target = box.address
            let peer = try UDPSocket(bindingTo: .loopbackIPv4(port: 0))
            var settings = LoopSettings(
                cluster: 7, node: 0, addresses: [target, peer.address])
            settings.guestLimit = guests
            // The peer has the last word.
            let node = HostedNode(PingNode(), settings, box) { outputs in
                outputs.contains { if case .heard(_, 1) = $0 { true } else { false } }
            }
            let socket = try UDPSocket(toReach: [target])
            for sender in [0x8000_0000, 0x8000_0001, 0xffff_fffe, 2] as [NodeID] {
                try socket.send(datagram(.ping(1), from: sender), to: target)
            }
            if guests > 0 {
                let own = try cookie(of: target, for: socket)
                try ping(2, target, from: socket, cookie: own)
            } else {
                try ping(2, target, from: socket)
            }
            try peer.send(datagram(.ping(3), from: 1), to: target)
            let outcome = await node.outcome
            let heard = outcome.outputs.filter { if case .heard = $0 { true } else { false } }
            #expect(heard.count == (guests == 0 ? 1 : 2))
            #expect(outcome.counters.dropped(.unknownSender) == (guests == 0 ? 5 : 4))
            #expect(outcome.counters.dropped(.withoutCookie) == (guests == 0 ? 0 : 1))
            #expect(outcome.counters.dropped == 5)
        }
    }

    @Test("what is for one that was forgotten is counted and lost, with and without faults")
    func forgotten() async throws {
        for faults in [Faults.none, Faults(duplicatePerMillion: 1_000_000)] {
            let box = try SocketBox()
            var settings = settings(box, guests: 1)
            settings.faults = faults
            var ping = PingNode()
            ping.answersAll = true
            let node = HostedNode(ping, settings, box) { $0.count == 3 }
            let first = try UDPSocket(toReach: [box.address])
            let second = try UDPSocket(toReach: [box.address])
            let copies = faults == .none ? 1 : 2
            let firstCookie = try cookie(of: box.address, for: first)
            let secondCookie = try cookie(of: box.address, for: second)
            try self.ping(1, box.address, from: first, cookie: firstCookie)
            let numbers4 = try pongs(copies, at: first)
            #expect(numbers4.last == 1)
            try self.ping(2, box.address, from: second, cookie: secondCookie)
            let numbers5 = try pongs(copies, at: second)
            #expect(numbers5.last == 2)
            // It comes back under another ID, and hears once for it and not for the one before.
            try self.ping(3, box.address, from: first, cookie: firstCookie)
            let numbers6 = try pongs(copies, at: first)
            #expect(numbers6.last == 3)
            let outcome = await node.outcome
            #expect(outcome.counters.forgottenGuests == 3)
            #expect(outcome.counters.sent == UInt64(3 * copies + 2))
            #expect(outcome.counters.description.contains("3 for clients since forgotten"))
        }
    }

    @Test(
        "a loop can be such a client, and hears the con nodes alone",
        arguments: [SocketAddress.Family.ipv4, .ipv6])
    func client(family: SocketAddress.Family) async throws {
        let scratch = try ScratchDirectory()
        let path = scratch.url.appendingPathComponent("trace").path
        let trace = try TraceFile(path: path)
        let boxes = [try SocketBox(family), try SocketBox(family)]
        let addresses = boxes.map(\.address)
        let own = try SocketBox(toReach: addresses)
        #expect(own.address.isLoopback)
        // In a con node's name, but from elsewhere: already waiting when the client begins.
        let forger = try UDPSocket(toReach: addresses)
        try forger.send(datagram(.pong(9), from: 1), to: own.address)
        try forger.send(datagram(.pong(9), from: .anonymous), to: own.address)
        let nodes = [0, 1].map { index in
            var settings = LoopSettings(
                cluster: 7, node: NodeID(index: index), addresses: addresses, trace: trace)
            settings.guestLimit = LoopSettings.maximumGuests
            return HostedNode(PingNode(), settings, boxes[index]) { $0.count == 1 }
        }
        let opening = [Envelope(recipients: .nodes([0, 1]), message: PingMessage.ping(5))]
        let client = HostedNode(
            PingNode(opening),
            LoopSettings(cluster: 7, node: .anonymous, addresses: addresses, trace: trace), own
        ) { $0.count == 2 }
        let outcome = await client.outcome
        #expect(Set(outcome.outputs) == [.heard(.pong(5), 0), .heard(.pong(5), 1)])
        #expect(outcome.counters.dropped(.wrongAddress) == 1)
        #expect(outcome.counters.dropped(.unknownSender) == 1)
        for node in nodes {
            let counters = await node.outcome.counters
            #expect(counters.dropped(.withoutCookie) == 1)
        }

        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        // Each node looked at it once, when it came again with the cookie.
        #expect(outcome.counters.challenges == 2)
        #expect(outcome.counters.sent == 4)
        let received = lines.filter {
            $0.contains("\"event\":\"receive\"") && $0.contains("\"id\":\"4294967295.1.0\"")
        }
        #expect(received.count == 2)
        #expect(received.allSatisfy { $0.contains("\"peer\":2147483648") })
    }

    @Test("a client of other machines can be answered at any of this one's addresses")
    func wildcard() throws {
        let remote = SocketAddress(ipv4: 0xc000_0201, port: 9)
        let socket = try UDPSocket(toReach: [.loopbackIPv4(port: 1), remote])
        #expect(socket.address.hostText == "0.0.0.0")
        #expect(socket.address.port != 0)
        let six = try UDPSocket(
            toReach: [SocketAddress(ipv6High: 0x2001_0db8 << 32, low: 1, port: 9)])
        #expect(six.address.hostText == "::")
    }

    @Test("the hosts file's clients need no line for a socket and settings")
    func fromHostsFile() throws {
        let text = "SERVICE kv\nREPLICAS 1\nlocalhost 10000 con\n"
        let hosts = try HostsFile(parsing: Array(text.utf8), path: "hosts.txt")
        let parsed = try ParsedArguments(
            [], options: RuntimeOptions.specifications, program: "clidriver")
        let options = try RuntimeOptions(parsed)
        let settings = try options.settings(for: .anonymous, of: hosts)
        let socket = try UDPSocket(for: settings, of: hosts)
        #expect(socket.address.isLoopback)
        #expect(socket.address.port != 10_000)
    }
}
