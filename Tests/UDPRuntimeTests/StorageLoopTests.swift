import ConsensusCore
import Foundation
import Testing

@testable import UDPRuntime

@Suite("Event loop with a record log", .timeLimit(.minutes(1)))
struct StorageLoopTests {
    /// Runs a node that keeps its records on the disk, in a thread of its own; yields how it ended.
    private func host(
        _ node: PingNode, _ socket: SocketBox, _ settings: LoopSettings,
        on disk: FakeDisk
    ) -> AsyncStream<ExitError?> {
        let (stream, continuation) = AsyncStream.makeStream(of: ExitError?.self)
        Thread.detachNewThread {
            do throws(ExitError) {
                var log = try RecordLog<PingRecord>(
                    StorageFolder(path: "log", files: disk),
                    LogSettings(identity: owner, segmentSize: 4_096, seed: 1),
                    complain: { _ in }, recovering: { _ in })
                var loop = EventLoop(node, settings: settings, socket: socket.take())
                _ = try loop.run(recordingIn: &log) { _ in .continue }
                continuation.yield(nil)
            } catch {
                continuation.yield(error)
            }
            continuation.finish()
        }
        return stream
    }

    /// What a log on the disk holds.
    private func records(on disk: FakeDisk) throws -> [PingRecord] {
        var records: [PingRecord] = []
        _ = try RecordLog<PingRecord>(
            StorageFolder(path: "log", files: disk),
            LogSettings(identity: owner, segmentSize: 4_096, seed: 1),
            complain: { _ in }, recovering: { records.append($0) })
        return records
    }

    @Test("nothing is answered after a synchronization that failed, and the node ends with 74")
    func failedSynchronization() async throws {
        let disk = FakeDisk()
        let node = try SocketBox()
        let client = try SocketBox()
        let target = node.address
        let settings = LoopSettings(cluster: 7, node: 0, addresses: [target, client.address])
        let outcome = host(PingNode(), node, settings, on: disk)
        let socket = client.take()
        var batch = ReceiveBatch()

        try socket.send(datagram(.ping(1), from: 1), to: target)
        let readiness = try System.ppoll(socket.descriptor, -1, nanoseconds: 20_000_000_000)
        #expect(readiness == .first)
        let answers = try batch.receive(from: socket.descriptor)
        #expect(answers == 1)

        disk.fail(.synchronizeData, EIO)
        try socket.send(datagram(.ping(2), from: 1), to: target)
        for await error in outcome {
            #expect(error?.status == 74)
            #expect(error?.sentence.contains("'0000000000000001.log'") == true)
        }
        // Loopback delivers at once: what is not there now was not sent.
        do throws(SystemError) {
            _ = try batch.receive(from: socket.descriptor)
            Issue.record("the second ping was answered")
        } catch {
            #expect(error.wouldBlock)
        }
        var random = RandomSource(seed: 1)
        disk.powerFailure(&random)
        #expect(try records(on: disk) == [PingRecord(number: 1)])
    }

    @Test("a log of checkpoints stays small, and gives back what all records came to")
    func checkpoints() async throws {
        let disk = FakeDisk()
        let node = try SocketBox()
        let client = try SocketBox()
        let settings = LoopSettings(cluster: 7, node: 0, addresses: [node.address, client.address])
        var ping = PingNode()
        ping.recordLimit = 10
        let outcome = host(ping, node, settings, on: disk)
        let socket = client.take()
        var batch = ReceiveBatch()
        var answered = 0
        for number in 1...205 as ClosedRange<UInt64> {
            if number == 205 { disk.fail(.synchronizeData, EIO) }
            try socket.send(datagram(.ping(number), from: 1), to: node.address)
            if number == 205 { break }
            let ready = try System.ppoll(socket.descriptor, -1, nanoseconds: 20_000_000_000)
            try #require(ready == .first)
            answered += try batch.receive(from: socket.descriptor)
        }
        #expect(answered == 204)
        for await error in outcome { #expect(error?.status == 74) }
        var random = RandomSource(seed: 1)
        disk.powerFailure(&random)
        let found = try records(on: disk).map(\.number)
        #expect(found.count <= 10)
        let sum = found.reduce(0, +)
        #expect(sum == 20_910)
    }
}
