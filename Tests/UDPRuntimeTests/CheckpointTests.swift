import ConsensusCore
import Foundation
import Testing

@testable import UDPRuntime

@Suite("Checkpoints", .timeLimit(.minutes(1)))
struct CheckpointTests {
    /// Sends pings one after the other, each when the one before is answered.
    private func ping(
        _ numbers: ClosedRange<UInt64>, _ target: SocketAddress, from socket: borrowing UDPSocket
    ) throws {
        var batch = ReceiveBatch()
        for number in numbers {
            try socket.send(datagram(.ping(number), from: 1), to: target)
            let ready = try System.ppoll(socket.descriptor, -1, nanoseconds: 20_000_000_000)
            try #require(ready == .first)
            let answers = try batch.receive(from: socket.descriptor)
            try #require(answers == 1)
        }
    }

    @Test("a checkpoint takes the place of records that are durable, and new ones follow it")
    func order() async throws {
        let sockets = [try SocketBox(), try SocketBox()]
        let settings = LoopSettings(cluster: 7, node: 0, addresses: sockets.map(\.address))
        var node = PingNode()
        node.recordLimit = 2
        let hosted = HostedNode(node, settings, sockets[0]) { $0.count == 5 }
        try ping(1...5, sockets[0].address, from: sockets[1].take())
        let outcome = await hosted.outcome
        #expect(outcome.end == .stopped)
        #expect(
            outcome.sink.calls == [
                .add([1]), .add([2]), .replace([3]), .add([3]), .add([4]), .replace([10]),
                .add([5]),
            ])
    }

    @Test("a checkpoint that cannot be kept ends the node with 74, after all before it was said")
    func failure() async throws {
        let sockets = [try SocketBox(), try SocketBox()]
        let settings = LoopSettings(cluster: 7, node: 0, addresses: sockets.map(\.address))
        var node = PingNode()
        node.recordLimit = 2
        let hosted = HostedNode(
            node, settings, sockets[0], sink: CountingSink(failsToReplace: true)
        ) { _ in false }
        // The second answer was sent although the checkpoint after it failed.
        try ping(1...2, sockets[0].address, from: sockets[1].take())
        let outcome = await hosted.outcome
        #expect(outcome.error?.status == 74)
        #expect(outcome.outputs == [.heard(.ping(1), 1), .heard(.ping(2), 1)])
        #expect(outcome.sink.calls == [.add([1]), .add([2])])
    }

    @Test("a checkpoint wanted since recovery is taken at the start, once, and traced")
    func atStart() async throws {
        let scratch = try ScratchDirectory()
        let path = scratch.url.appendingPathComponent("trace").path
        let socket = try SocketBox()
        let settings = LoopSettings(
            cluster: 7, node: 0, addresses: [socket.address], trace: try TraceFile(path: path))
        var node = PingNode(period: .milliseconds(1))
        node.recordLimit = 2
        for number in 1...3 as ClosedRange<UInt64> { node.recover(PingRecord(number: number)) }
        let outcome = await HostedNode(node, settings, socket) { $0.count == 3 }.outcome
        #expect(outcome.sink.calls == [.replace([6])])
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        let checkpoints = lines.filter { $0.contains("\"event\":\"checkpoint\"") }
        #expect(checkpoints.count == 1)
        #expect(checkpoints.first?.contains("\"records\":1") == true)
    }

    @Test("a node that keeps no records makes checkpoints all the same")
    func withoutSink() throws {
        let socket = try SocketBox()
        let settings = LoopSettings(cluster: 7, node: 0, addresses: [socket.address])
        var node = PingNode(period: .milliseconds(1))
        node.recordLimit = 1
        node.recover(PingRecord(number: 1))
        var loop = EventLoop(node, settings: settings, socket: socket.take())
        var wakings = 0
        let end = try loop.run { _ in
            wakings += 1
            return wakings == 3 ? .stop : .continue
        }
        #expect(end == .stopped)
        #expect(!loop.automaton.wantsCheckpoint)
    }
}
