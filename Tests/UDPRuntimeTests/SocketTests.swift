import Testing

@testable import UDPRuntime

@Suite("Sockets and addresses")
struct SocketTests {
    @Test(
        "addresses are written as people write them",
        arguments: [
            (SocketAddress(ipv4: 0xc0a8_0a01, port: 7), "192.168.10.1 port 7"),
            (.loopbackIPv6(port: 9), "::1 port 9"),
            (SocketAddress(ipv6High: 0, low: 0, port: 1), ":: port 1"),
            (
                SocketAddress(ipv6High: 0x2001_0db8_0000_0001, low: 0, port: 1),
                "2001:db8:0:1:: port 1"
            ),
            (
                SocketAddress(ipv6High: 0xfe80 << 48, low: 0x1_0000_0000_0002, scope: 3, port: 1),
                "fe80::1:0:0:2%3 port 1"
            ),
            (
                SocketAddress(ipv6High: 0x0001_0002_0003_0004, low: 0x0005_0006_0007_0008, port: 1),
                "1:2:3:4:5:6:7:8 port 1"
            ),
        ])
    func text(address: SocketAddress, expected: String) {
        #expect(address.description == expected)
    }

    @Test("port 0 gives a free port of the system's choosing")
    func anyPort() throws {
        let socket = try UDPSocket(bindingTo: .loopbackIPv4(port: 0))
        #expect(socket.address.port != 0)
        #expect(socket.address.at(port: 0) == .loopbackIPv4(port: 0))
    }

    @Test("a port in use is refused with 71, naming it and who may hold it")
    func inUse() throws {
        let first = try UDPSocket(bindingTo: .loopbackIPv4(port: 0))
        let port = first.address.port
        let error = try #require(throws: ExitError.self) {
            _ = try UDPSocket(bindingTo: .loopbackIPv4(port: port), label: " (hosts.txt:4)")
        }
        #expect(error.status == 71)
        #expect(error.sentence.contains("127.0.0.1 port \(port) (hosts.txt:4) is in use"))
        #expect(error.sentence.contains("another run may still hold it"))
        #expect(first.address.port == port)
    }

    @Test("an address of another machine is refused with 71")
    func notHere() throws {
        // Set aside for documentation (RFC 5737): nobody has it.
        let error = try #require(throws: ExitError.self) {
            _ = try UDPSocket(bindingTo: SocketAddress(ipv4: 0xc000_0201, port: 0))
        }
        #expect(error.status == 71)
        #expect(error.sentence.contains("192.0.2.1"))
        #expect(error.sentence.contains("not an address of this machine"))
    }

    @Test("a closed socket gives its port back")
    func closes() throws {
        var port: UInt16 = 0
        do {
            let socket = try UDPSocket(bindingTo: .loopbackIPv4(port: 0))
            port = socket.address.port
        }
        let again = try UDPSocket(bindingTo: .loopbackIPv4(port: port))
        #expect(again.address.port == port)
    }

    @Test("what the network refuses is counted, and the datagrams behind it still go")
    func sendErrors() throws {
        let sender = try UDPSocket(bindingTo: .loopbackIPv4(port: 0))
        let receiver = try UDPSocket(bindingTo: .loopbackIPv4(port: 0))
        var queue = SendQueue()
        var counters = DatagramCounters()
        let offset = queue.store([1, 2, 3])
        queue.add(offset: offset, length: 3, to: receiver.address)
        // From a loopback address there is no way to another machine.
        queue.add(offset: offset, length: 3, to: SocketAddress(ipv4: 0xc000_0201, port: 9))
        queue.add(offset: offset, length: 3, to: receiver.address)
        queue.flush(to: sender.descriptor, counters: &counters)
        #expect(counters.sent == 2)
        #expect(counters.sendErrors == 1)
        #expect(counters.lastSendError != nil)
        #expect(queue.count == 0)
        var batch = ReceiveBatch()
        let count2 = try batch.receive(from: receiver.descriptor)
        #expect(count2 == 2)
        #expect(unsafe Array(batch.bytes(at: 1)) == [1, 2, 3])
        #expect(batch.source(at: 0) == sender.address)
    }

    @Test("the largest datagram arrives whole")
    func largest() throws {
        let sender = try UDPSocket(bindingTo: .loopbackIPv4(port: 0))
        let receiver = try UDPSocket(bindingTo: .loopbackIPv4(port: 0))
        let bytes = (0..<65_507).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try sender.send(bytes, to: receiver.address)
        var batch = ReceiveBatch()
        let count1 = try batch.receive(from: receiver.descriptor)
        #expect(count1 == 1)
        #expect(unsafe Array(batch.bytes(at: 0)) == bytes)
    }

    @Test("a batch takes what there is, up to its limit")
    func batches() throws {
        let sender = try UDPSocket(bindingTo: .loopbackIPv4(port: 0))
        let receiver = try UDPSocket(bindingTo: .loopbackIPv4(port: 0))
        for number in 0..<UInt8(70) { try sender.send([number], to: receiver.address) }
        var batch = ReceiveBatch()
        let count64 = try batch.receive(from: receiver.descriptor)
        #expect(count64 == 64)
        #expect(unsafe Array(batch.bytes(at: 63)) == [63])
        let count6 = try batch.receive(from: receiver.descriptor)
        #expect(count6 == 6)
        #expect(unsafe Array(batch.bytes(at: 5)) == [69])
        do throws(SystemError) {
            _ = try batch.receive(from: receiver.descriptor)
            Issue.record("received more than was sent")
        } catch {
            #expect(error.wouldBlock)
        }
    }
}
