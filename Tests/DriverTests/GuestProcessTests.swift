import ConsensusCore
import Foundation
import PaxosNode
import StateMachines
import Testing
import UDPRuntime

/// Whoever can send a datagram and knows the hosts file: it sends what it is told to all nodes, over and
/// over.
private struct Guest: Automaton, Sendable {
    typealias Message = LogMessage
    typealias Record = LogRecord
    typealias Input = [LogRequest]
    typealias Output = LogReply

    let nodes: NodeSet
    private var requests: [LogRequest] = []
    private(set) var wakeTime = Instant.never
    let stamp = Stamp(epoch: 0, incarnation: 77)
    let recoveryFault: String? = nil
    let wantsCheckpoint = false

    init(nodes: NodeSet) {
        self.nodes = nodes
    }

    mutating func recover(_ record: LogRecord) {}
    mutating func checkpoint() -> [LogRecord] { [] }
    mutating func start(at now: Instant, into lanes: inout Lanes) {}
    func checkInvariants() {}

    mutating func handle(_ input: [LogRequest], at now: Instant, into lanes: inout Lanes) {
        requests = input
        wakeTime = now
    }

    mutating func wake(at now: Instant, into lanes: inout Lanes) {
        for request in requests { lanes.send(.request(request), to: nodes) }
        wakeTime = requests.isEmpty ? .never : now + .milliseconds(5)
    }

    mutating func receive(
        _ message: LogMessage, from origin: Origin, at now: Instant, into lanes: inout Lanes
    ) {
        if case .reply(let reply) = message { lanes.report(reply) }
    }
}

/// A guest of a cluster in a thread of its own.
private final class GuestThread: Sendable {
    private let thread: LoopThread<Guest>
    private let replies: AsyncStream<LogReply>

    init(of folder: Folder) throws {
        let hosts = try HostsFile(path: folder.url.appendingPathComponent("hosts.txt").path)
        let settings = LoopSettings(
            cluster: hosts.cluster, node: .anonymous, addresses: try hosts.addresses())
        let (stream, continuation) = AsyncStream.makeStream(of: LogReply.self)
        replies = stream
        thread = try LoopThread(
            Guest(nodes: NodeSet(0..<hosts.hosts.count)), settings: settings,
            socket: try UDPSocket(for: settings, of: hosts),
            report: { continuation.yield($0) }, ended: { continuation.finish() })
    }

    deinit { thread.stop() }

    /// Sends requests over and over, in place of those before.
    func send(_ requests: [LogRequest]) {
        thread.inbox.put(requests)
    }

    /// The next answer that meets a condition.
    func answer(where condition: (LogAnswer) -> Bool) async -> LogAnswer? {
        for await reply in replies {
            if let answer = reply.answers.first(where: condition) { return answer }
        }
        return nil
    }
}

@Suite("Guests of a log service in real processes", .timeLimit(.minutes(3)))
struct GuestProcessTests {
    private func put(_ key: String, _ value: String) -> [UInt8] {
        var writer = ByteWriter()
        KeyValueCommand.put(key: Array(key.utf8), value: Array(value.utf8)).encode(into: &writer)
        return writer.bytes
    }

    private func command(
        _ session: UInt64, _ owner: UInt64, _ sequence: UInt64, answeredBelow: UInt64 = 0,
        _ body: [UInt8] = []
    ) -> LogOperation {
        LogOperation(
            header: CommandHeader(
                id: CommandID(session: session, owner: owner, sequence: sequence),
                answeredBelow: answeredBelow),
            kind: .command, body: body)
    }

    @Test("one that speaks for the sessions to come takes no command's place and raises no floor")
    func forgedSessions() async throws {
        let cluster = try ServiceCluster(replicas: 3)
        #expect(try await cluster.run("put", "first", "1").status == 0)
        let guest = try GuestThread(of: cluster.folder)
        guest.send([LogRequest(operations: [command(0, 5, 6)])])
        let opened = await guest.answer { $0.id == CommandID(session: 0, owner: 5, sequence: 6) }
        guard case .opened(let latest)? = opened?.reply else {
            Issue.record("no session is opened: \(String(describing: opened))")
            return
        }
        // Of the sessions to come: their first commands, and that all up to the 900th is answered.
        let sessions = latest + 1...latest + 30
        guest.send(
            (1...2 as ClosedRange<UInt64>).map { owner in
                LogRequest(
                    operations: sessions.flatMap {
                        [
                            command($0, owner, 1, put("forged", "value")),
                            command($0, owner, 900, answeredBelow: 900, put("forged", "value")),
                        ]
                    })
            })
        let refused = await guest.answer { $0.id.session > latest }
        #expect(refused?.reply == .expired)
        for number in 0..<10 {
            let result = try await cluster.run("put", "key\(number)", "value\(number)")
            #expect(result.status == 0, "\(result.complaints)")
        }
        guest.send([])
        for number in 0..<10 {
            let result = try await cluster.run("get", "key\(number)")
            #expect(result.output == "value\(number)\n")
        }
        #expect(try await cluster.run("get", "forged").status == 1)
    }

    @Test("an idle session outlives ten thousand openings of another, and others still come in")
    func openings() async throws {
        let cluster = try ServiceCluster(replicas: 3)
        let idle = try GuestThread(of: cluster.folder)
        idle.send([LogRequest(operations: [command(0, 5, 6)])])
        let opened = await idle.answer { $0.id.session == 0 }
        guard case .opened(let session)? = opened?.reply else {
            Issue.record("no session is opened: \(String(describing: opened))")
            return
        }
        for sequence in 1...2 as ClosedRange<UInt64> {
            idle.send([LogRequest(operations: [command(session, 5, sequence, put("a", "b"))])])
            let answer = await idle.answer { $0.id.sequence == sequence }
            #expect(answer?.reply != .expired)
        }
        idle.send([])
        let flood = try GuestThread(of: cluster.folder)
        var next: UInt64 = 1
        for _ in 0..<8 {
            let operations = (next..<next + 1_250).map { command(0, 9, $0) }
            next += 1_250
            flood.send([LogRequest(operations: operations)])
            _ = await flood.answer { $0.id.session == 0 }
            #expect(try await cluster.run("put", "c", "\(next)").status == 0)
        }
        flood.send([])
        idle.send([LogRequest(operations: [command(session, 5, 3, put("a", "d"))])])
        let answer = await idle.answer { $0.id.sequence == 3 }
        guard case .done? = answer?.reply else {
            Issue.record("the idle session is gone: \(String(describing: answer))")
            return
        }
        #expect(try await cluster.run("get", "a").output == "d\n")
    }
}
