import ConsensusCore
import Foundation
import StateMachines

@testable import PaxosNode

/// Writes the inputs that each target begins with, out of the tests' own samples.
@main
enum WriteCorpora {
    static func main() throws {
        let folder = URL(filePath: CommandLine.arguments[1])
        for (target, inputs) in corpora {
            let corpus = folder.appending(path: target)
            try FileManager.default.createDirectory(at: corpus, withIntermediateDirectories: true)
            for (name, bytes) in inputs {
                try Data(bytes).write(to: corpus.appending(path: name))
            }
        }
    }

    private typealias Inputs = [(name: String, bytes: [UInt8])]

    private static var corpora: [(target: String, inputs: Inputs)] {
        [
            ("datagrams", datagrams), ("records", records), ("storage", storage),
            ("snapshots", snapshots), ("hosts", hosts), ("options", options), ("node", nodes),
            ("basic-node", basicNodes), ("client", clients),
        ]
    }

    // MARK: Bytes

    private static func datagram(_ message: some WireMessage) -> [UInt8] {
        // What stands before the message is filled in by the target.
        Array(repeating: 1, count: DatagramFormat.headerSize) + encoded(message)
    }

    private static var datagrams: Inputs {
        let log = LogSamples.ordinary.filter {
            ["willing", "promise", "accept", "accepted", "request", "reply", "report"]
                .contains($0.kind)
        }
        let basic = Samples.ordinary.filter {
            ["receipt", "heartbeat", "assign", "promise", "done"].contains($0.kind)
        }
        return log.map { ("log-\($0.kind)", datagram($0)) }
            + basic.map { ("basic-\($0.kind)", datagram($0)) }
    }

    private static var records: Inputs {
        let records = LogSamples.records.map { encoded($0) } + Samples.records.map { encoded($0) }
        return records.filter { $0.count > 12 && $0.count < 100 }.enumerated()
            .map { ("\($0)", $1) }
    }

    private static var storage: Inputs {
        [
            // Twenty frames, some of them large, and a replacement.
            ("whole", [1, 20] + (0..<140).map { UInt8($0 * 7 % 256) }),
            // The same, and then a bit flipped, the end cut off, a file gone.
            ("damaged", [1, 3] + Array(repeating: 1, count: 18) + [0, 7, 80, 0, 1, 4]),
            ("cut", [1, 4] + Array(repeating: 2, count: 24) + [0, 0, 40, 0]),
            ("swapped", [1, 20] + Array(repeating: 16, count: 140) + [0, 4, 2, 1, 2, 0]),
            ("files", [0, 2, 1, 64, 0] + Array("SynodLog".utf8) + Array(repeating: 1, count: 56)),
        ]
    }

    private static func header(_ number: UInt8) -> [UInt8] {
        [0x40] + Array(repeating: number, count: 64).prefix(CommandHeader.size)
    }

    private static func command(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        header(number) + [UInt8(bytes.count)] + bytes + [1]
    }

    private static var snapshots: Inputs {
        var store = KeyValueStore()
        var list = ReplicatedList()
        for key in 1...3 as ClosedRange<UInt8> {
            _ = store.apply(encoded(KeyValueCommand.put(key: [key], value: [key, key])).span)
            _ = list.apply(encoded(ListCommand.append([key])).span)
        }
        let puts = (0..<6 as Range<UInt8>).flatMap {
            command($0, encoded(KeyValueCommand.put(key: [$0], value: [1, 2])))
        }
        let appends = (0..<6 as Range<UInt8>).flatMap {
            command($0, encoded(ListCommand.append([$0])))
        }
        return [
            ("sessions-kv", [0] + Sessions(store).snapshot()),
            ("sessions-list", [1] + Sessions(list).snapshot()),
            ("kv", [2] + store.snapshot()),
            ("puts", [3] + [0] + Array(repeating: 0, count: CommandHeader.size) + [0, 1] + puts),
            (
                "appends",
                [4] + [0] + Array(repeating: 0, count: CommandHeader.size) + [0, 1] + appends
            ),
        ]
    }

    // MARK: Text

    private static var hosts: Inputs {
        let roles = "PROPOSERS 1\nACCEPTORS 1\nLEARNERS 1\n"
        let lines = (0..<3).map { "localhost \(10_000 + $0) con\n" }.joined()
        let texts = [
            ("roles", roles + lines + "localhost 10003 cli\n"),
            ("replicas", "SERVICE kv # all of them\nREPLICAS 3\n\n" + lines),
            ("addresses", "SERVICE list\r\n::1 1 con\r\n127.0.0.1 65535 con\r\n"),
            ("raft", "ENGINE raft\n" + lines),
        ]
        return texts.map { ($0, Array($1.utf8)) }
    }

    private static var options: Inputs {
        let texts = [
            "5..20.5", "0.25", "learn:3", "18446744073709551615", "1000", "--hosts=a\0--\0-x",
            "--drop\00.5\0word\0--quiet", "-o\0json\0-1", "--help\0?",
        ]
        return texts.enumerated().map { ("\($0)", Array($1.utf8)) }
    }

    // MARK: Events, see `Rig` and `Client`

    private static let put: [UInt8] = [13, 0, 4, 7, 1, 2, 3, 4, 200]

    private static func forged(_ messages: [some WireMessage]) -> [UInt8] {
        messages.enumerated().flatMap { index, message in
            [11, UInt8(index % 3), UInt8((index + 1) % 3)] + encoded(message)
        }
    }

    private static var nodes: Inputs {
        let begin: [UInt8] = [2, 20] + put + [0, 50] + put + put + [0, 30]
        let log = LogSamples.ordinary.filter { encoded($0).count < 120 }
        // By shape of cluster, see the target; the last has small sizes.
        let shapes: [(String, UInt8)] = [
            ("one", 0), ("two", 1), ("three", 2), ("roles", 3), ("two-proposers", 4),
            ("tiny", 132),
        ]
        return shapes.enumerated().map { index, shape in
            let some = log.dropFirst(index * log.count / 6).prefix(log.count / 6)
            let end: [UInt8] = [14, 0, 2, 10, 15, 0, 1, 15, 0, 0, 2, 20]
            return (
                shape.0,
                [shape.1] + begin + Array(repeating: put, count: 6).flatMap(\.self)
                    + forged(Array(some)) + end
            )
        }
    }

    private static var basicNodes: Inputs {
        let basic = Samples.ordinary
        return ["small", "large", "smallest"].enumerated().map { index, name in
            let third = basic.dropFirst(index * basic.count / 3).prefix(basic.count / 3)
            return (
                name, [UInt8(index), 2, 10] + forged(Array(third)) + [14, 0, 2, 20, 14, 1, 2, 200]
            )
        }
    }

    private static var clients: Inputs {
        let call: [UInt8] = [0, 4, 100, 2, 0, 3, 0]
        let log = LogSamples.ordinary.filter { ["reply", "report", "nack"].contains($0.kind) }
        let answers: [UInt8] = log.flatMap { [2, 1, 0, 0, 0] as [UInt8] + encoded($0) }
        let basic = Samples.ordinary.filter { ["assign", "chosen", "present"].contains($0.kind) }
        let told: [UInt8] = basic.flatMap { [1, 6, 1, 0] as [UInt8] + encoded($0) }
        return [
            ("log", [0] + call + answers + call),
            ("value", [1] + told),
        ]
    }
}
