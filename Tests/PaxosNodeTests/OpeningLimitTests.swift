import ConsensusCore
import Testing

@testable import PaxosNode

@Suite("How many sessions a client may open")
struct OpeningLimitTests {
    private let begin = milliseconds(1_000)

    private func allowed(
        _ limit: inout OpeningLimit, _ count: Int, of client: NodeID, at now: Instant
    ) -> Int {
        (0..<count).count { _ in limit.allows(client, at: now) }
    }

    @Test("sixteen at once, and then four a second, each client for itself")
    func rate() {
        var limit = OpeningLimit()
        #expect(allowed(&limit, 100, of: 9, at: begin) == 16)
        #expect(allowed(&limit, 100, of: 10, at: begin) == 16)
        #expect(allowed(&limit, 9, of: 9, at: begin + .milliseconds(249)) == 0)
        #expect(allowed(&limit, 9, of: 9, at: begin + .milliseconds(250)) == 1)
        #expect(allowed(&limit, 9, of: 9, at: begin + .milliseconds(1_250)) == 4)
        // Ten seconds of asking all the time, however often.
        var total = 0
        for step in 0..<10_000 as Range<Int64> {
            total += allowed(&limit, 3, of: 11, at: begin + .milliseconds(step))
        }
        #expect(total == 16 + 39)
        #expect(allowed(&limit, 100, of: 9, at: begin + .seconds(60)) == 16)
    }

    @Test("forgetting a client gives it nothing that it had not", arguments: 0..<8 as Range<UInt64>)
    func forgetting(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var limit = OpeningLimit()
        var now = begin
        var tokens: [Interval] = Array(repeating: .milliseconds(4_000), count: 5)
        for _ in 0..<3_000 {
            let step = Interval.milliseconds(random.below(9) == 0 ? 3_000 : 40)
            let pause = random.interval(in: .zero...step)
            now = now + pause
            for client in tokens.indices {
                tokens[client] = min(.milliseconds(4_000), tokens[client] + pause)
            }
            let client = Int(random.below(5))
            let isAllowed = limit.allows(NodeID(index: 7 + client), at: now)
            #expect(isAllowed == (tokens[client] >= OpeningLimit.interval))
            if isAllowed { tokens[client] = tokens[client] + OpeningLimit.interval * -1 }
        }
    }

    @Test("however many there are, it knows a bounded number, and those it knows it lets go on")
    func bound() {
        var limit = OpeningLimit(limit: 10)
        func clients(_ range: Range<Int>, at now: Instant) -> Int {
            range.count { limit.allows(NodeID(index: $0), at: now) }
        }
        #expect(clients(0..<10, at: begin) == 10 && clients(10..<1_000, at: begin) == 0)
        #expect(clients(3..<4, at: begin) == 1 && limit.count == 10)
        let later = begin + .seconds(4)
        #expect(clients(10..<20, at: later) == 10)
        #expect(clients(3..<4, at: later) == 0 && limit.count == 20)
        #expect(clients(3..<4, at: begin + .seconds(9)) == 1 && limit.count == 11)
    }
}

@Suite("Openings that a node takes from clients")
struct OpeningAdmissionTests {
    private func openings(_ count: UInt64) -> LogMessage {
        .request(
            LogRequest(
                operations: (1...count).map {
                    LogSamples.operation(.command, session: 0, sequence: $0, [])
                }))
    }

    @Test("a leader gives no slot to what is beyond the limit, and all slots to other commands")
    func leader() throws {
        var driver = LogDriver(0, of: LogCluster(replicas: 3))
        driver.meetAll()
        driver.lead()
        let client = origin(.firstGuest, life: 5)
        driver.receive(openings(2_000), from: client)
        driver.receive(
            .request(LogRequest(operations: [LogSamples.operation(.command, [7])])), from: client)
        let lanes = driver.wake()
        var sessions = 0
        var commands = 0
        for envelope in lanes.sent("accept") {
            guard case .accept(let accept) = envelope.message else { continue }
            for value in accept.values {
                CommandBatch.forEach(in: value) { header, _ in
                    if header.id.session == 0 { sessions += 1 } else { commands += 1 }
                }
            }
        }
        #expect(sessions == OpeningLimit.burst && commands == 1)
    }

    @Test("a node that passes requests on passes on no more than that")
    func relay() throws {
        var driver = LogDriver(1, of: LogCluster(replicas: 3))
        driver.meetAll()
        driver.receive(
            .heartbeat(LogHeartbeat(ballot: ballot(3), round: 1, chosen: 0, truncatable: 0)),
            from: 0)
        let effects = driver.receive(openings(2_000), from: origin(.firstGuest, life: 5))
        let passed = effects.sent("request").map { envelope -> Int in
            guard case .request(let request) = envelope.message else { return 0 }
            return request.operations.count
        }
        #expect(passed == [OpeningLimit.burst])
        let nothing = driver.receive(openings(2_000), from: origin(.firstGuest, life: 5))
        #expect(nothing.sent("request").isEmpty)
    }
}
