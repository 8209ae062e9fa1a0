import ConsensusCore
import Foundation
import Testing

@testable import UDPRuntime

@Suite("Trace", .timeLimit(.minutes(1)))
struct TraceTests {
    private func temporaryPath() -> String {
        FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    }

    private func object(_ line: some Sequence<UInt8>) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
    }

    @Test("text of any kind survives in JSON")
    func escaping() throws {
        let text = (0..<0x250).compactMap(Unicode.Scalar.init).reduce(into: "\"\\🙂") {
            $0.unicodeScalars.append($1)
        }
        var line = JSONLine()
        line.add("text", text)
        line.add("least", Int64.min)
        line.add("greatest", UInt64.max)
        line.add("nobody", [UInt32]())
        line.add("peers", [1, 2, 3] as [UInt32])
        line.finish()
        #expect(line.bytes.filter { $0 == 0x0a }.count == 1)
        let read = try object(line.bytes)
        #expect(read["text"] as? String == text)
        #expect(read["least"] as? Int64 == .min)
        #expect(read["greatest"] as? UInt64 == .max)
        #expect(read["nobody"] as? [Int] == [])
        #expect(read["peers"] as? [Int] == [1, 2, 3])
    }

    @Test("nodes can share a file; sends and receives pair; Lamport's condition holds")
    func pairing() async throws {
        let path = temporaryPath()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let trace = try TraceFile(path: path)
        let sockets = [try SocketBox(), try SocketBox(), try SocketBox()]
        func settings(_ node: NodeID, faults: Faults = .none) -> LoopSettings {
            LoopSettings(
                cluster: 7, node: node, addresses: sockets.map(\.address), faults: faults,
                trace: trace)
        }
        var opening = [Envelope(recipients: .nodes([1, 2]), message: PingMessage.ping(5))]
        opening.append(Envelope(recipients: .one(1), message: .pong(6)))
        let duplicating = Faults(
            duplicatePerMillion: 1_000_000, delay: .milliseconds(1) ... .milliseconds(2))
        let nodes = [
            HostedNode(PingNode(opening), settings(0, faults: duplicating), sockets[0]) {
                $0.count == 4
            },
            HostedNode(PingNode(), settings(1), sockets[1]) { $0.count == 4 },
            HostedNode(PingNode(), settings(2), sockets[2]) { $0.count == 2 },
        ]
        for node in nodes { #expect(await node.outcome.end == .stopped) }

        let lines = try Data(contentsOf: URL(fileURLWithPath: path)).split(separator: 0x0a)
            .map(object)
        func events(_ name: String) -> [[String: Any]] {
            lines.filter { $0["event"] as? String == name }
        }
        for line in lines {
            #expect(line["time"] is NSNumber)
            #expect(line["monotonic"] is NSNumber)
            #expect(line["node"] is NSNumber)
            #expect(line["lamport"] is NSNumber)
        }
        #expect(events("start").count == 3)
        #expect(events("stop").count == 3)
        #expect(events("record").count == 4)
        #expect(events("output").count == 10)
        let broadcast = try #require(
            events("send").first { $0["peers"] as? [Int] == [1, 2] })
        #expect(broadcast["kind"] as? String == "ping")
        #expect(broadcast["ballot"] as? Int == 5)
        #expect(broadcast["id"] as? String == "0.1.0")
        let faults = events("fault").map { $0["fault"] as? String }
        #expect(faults.filter { $0 == "duplicated" }.count == 3)
        #expect(faults.filter { $0 == "delayed" }.count == 6)

        let receives = events("receive")
        #expect(receives.count == 10)
        for receive in receives {
            let id = try #require(receive["id"] as? String)
            let sends = events("send").filter { $0["id"] as? String == id }
            #expect(sends.count == 1)
            let send = try #require(sends.first)
            #expect(send["node"] as? Int == receive["peer"] as? Int)
            #expect((send["peers"] as? [Int])?.contains(receive["node"] as! Int) == true)
            #expect((send["lamport"] as! Int) < (receive["lamport"] as! Int))
            #expect((send["monotonic"] as! Int) <= (receive["monotonic"] as! Int))
            #expect(send["bytes"] as? Int == receive["bytes"] as? Int)
            #expect(send["kind"] as? String == receive["kind"] as? String)
        }
    }

    @Test("a dropped datagram is traced with its reason")
    func drops() async throws {
        let path = temporaryPath()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let sockets = [try SocketBox(), try SocketBox()]
        let sender = sockets[1].take()
        try sender.send([1, 2, 3, 4, 5], to: sockets[0].address)
        try sender.send(datagram(.pong(1), from: 1), to: sockets[0].address)
        let settings = LoopSettings(
            cluster: 7, node: 0, addresses: sockets.map(\.address),
            trace: try TraceFile(path: path))
        let node = HostedNode(PingNode(), settings, sockets[0]) { $0.count == 1 }
        let outcome = await node.outcome
        #expect(outcome.counters.dropped(.notOurs) == 1)
        let lines = try Data(contentsOf: URL(fileURLWithPath: path)).split(separator: 0x0a)
            .map(object)
        let drop = try #require(lines.first { $0["event"] as? String == "drop" })
        #expect(drop["reason"] as? String == "notOurs")
        #expect(drop["bytes"] as? Int == 5)
        #expect(drop["source"] as? String == sender.address.description)
        #expect(lines.last?["event"] as? String == "stop")
        #expect(lines.last?["dropped"] as? Int == 1)
    }

    @Test("a trace that cannot be written is refused with 71")
    func unwritable() throws {
        let error = try #require(throws: ExitError.self) { _ = try TraceFile(path: "/nowhere/x") }
        #expect(error.status == 71)
        #expect(error.sentence.contains("'/nowhere/x'"))
    }
}
