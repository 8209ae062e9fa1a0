import ConsensusCore
import Testing

@testable import PaxosNode

@Suite("What a node of the log holds for clients")
struct ClientDeskTests {
    private let now = milliseconds(1)

    private func answers(_ desk: inout ClientDesk) -> [NodeID: [UInt64]] {
        var lanes = LogNode.Lanes()
        desk.sendAnswers(leader: nil, into: &lanes)
        var answers: [NodeID: [UInt64]] = [:]
        for envelope in lanes.sent("reply") {
            guard case .reply(let reply) = envelope.message else { continue }
            envelope.recipients.forEach {
                answers[$0, default: []] += reply.answers.map(\.id.sequence)
            }
        }
        return answers
    }

    private func commands(in batch: [UInt8]?) -> [UInt64] {
        var sequences: [UInt64] = []
        CommandBatch.forEach(in: batch ?? []) { header, _ in sequences.append(header.id.sequence) }
        return sequences
    }

    @Test("commands that wait share a slot, in the order they came")
    func batching() {
        var desk = ClientDesk(LogSizes(), nodes: [0, 1, 2], form: .roles)
        for sequence in [3, 1, 2] as [UInt64] {
            desk.admit(LogSamples.operation(.command, sequence: sequence, []), from: 9, at: now)
        }
        #expect(desk.hasCommands)
        let batch = desk.takeBatch()
        #expect(commands(in: batch) == [3, 1, 2] && !desk.hasCommands)
        let none = desk.takeBatch()
        #expect(none == nil)
    }

    @Test("a command that comes again is proposed once, and answered to whoever asked last")
    func repeats() {
        var desk = ClientDesk(LogSizes(), nodes: [0, 1, 2], form: .roles)
        for asker in [9, 10] as [NodeID] {
            desk.admit(LogSamples.operation(.command, []), from: asker, at: now)
        }
        #expect(commands(in: desk.takeBatch()) == [1])
        desk.admit(LogSamples.operation(.command, []), from: 11, at: now + .milliseconds(100))
        #expect(!desk.hasCommands)
        desk.answer(CommandID(session: 1, sequence: 1), .done([]), keepsAll: false)
        #expect(answers(&desk) == [11: [1]])
    }

    @Test("a command whose answer stays away is proposed again when it is asked for again")
    func lostAnswers() {
        var desk = ClientDesk(LogSizes(), nodes: [0, 1, 2], form: .roles)
        desk.admit(LogSamples.operation(.command, []), from: 9, at: now)
        _ = desk.takeBatch()
        desk.admit(LogSamples.operation(.command, []), from: 9, at: now + LogTiming.answer)
        #expect(commands(in: desk.takeBatch()) == [1])
        // Two learners answer each of the two; the client is told once.
        for _ in 0..<4 { _ = desk.route([LogSamples.answer(1, 1, .done([]))]) }
        #expect(answers(&desk) == [9: [1]])
    }

    @Test("in role form a lost answer costs half a second, not the call")
    func lostAnswersInRoleForm() {
        var network = LogNetwork(LogCluster(proposers: 1, acceptors: 3, learners: 1))
        let first = network.call(.command([1]))
        #expect(network.run { $0.answers[first] != nil })
        network.cut = [[4, 0]]
        let second = network.call(.command([2]))
        #expect(!network.run(.milliseconds(200)) { $0.answers[second] != nil })
        #expect(network.nodes[4]?.applied.first == [1] && network.nodes[4]?.applied.count == 2)
        network.cut = []
        #expect(network.run(.seconds(1)) { $0.answers[second] != nil })
    }

    @Test("under steady load, what has been taken is not kept")
    func steadyLoad() {
        var desk = ClientDesk(LogSizes(), nodes: [0, 1, 2], form: .roles)
        let body = LogSamples.bytes(30_000)
        var expected: UInt64 = 1
        for sequence in 1...2_000 as ClosedRange<UInt64> {
            desk.admit(LogSamples.operation(.command, sequence: sequence, body), from: 9, at: now)
            guard sequence > 10 else { continue }
            #expect(commands(in: desk.takeBatch()) == [expected])
            expected += 1
        }
        let kept = Mirror(reflecting: desk).descendant("queue", "fullBatches")
        let count = kept.map { Mirror(reflecting: $0).children.count }
        #expect(count != nil && count! <= 2 * LogSizes().batches)
    }

    @Test("more commands than may wait are turned away, and taken again when there is room")
    func limits() {
        var desk = ClientDesk(LogSizes(), nodes: [0, 1, 2], form: .roles)
        let body = LogSamples.bytes(30_000)
        for sequence in 1...500 as ClosedRange<UInt64> {
            let asker = NodeID(UInt32(100 + sequence % 10))
            desk.admit(
                LogSamples.operation(.command, sequence: sequence, body), from: asker, at: now)
        }
        var taken = 0
        while desk.takeBatch() != nil { taken += 1 }
        #expect(taken == LogSizes().batches + 1)
        desk.admit(LogSamples.operation(.command, sequence: 500, []), from: 9, at: now)
        #expect(commands(in: desk.takeBatch()) == [500])
    }

    @Test("commands whose answers never come, nor anybody asks for, do not take all room for ever")
    func abandoned() {
        var desk = ClientDesk(LogSizes(), nodes: [0, 1, 2], form: .roles)
        let last = 2 * UInt64(LogSizes().commands) + 1
        // Where others apply, a leader does not hear of it if the answer is lost.
        for sequence in 1..<last {
            // In the name of a con node, which asks for many.
            desk.admit(LogSamples.operation(.command, sequence: sequence, []), from: 1, at: now)
        }
        while desk.takeBatch() != nil {}
        let operation = LogSamples.operation(.command, sequence: last, [])
        var isAdmitted: [Bool] = []
        for time in [now, now + LogTiming.abandonment] {
            desk.admit(operation, from: 9, at: time)
            isAdmitted.append(desk.hasCommands)
        }
        #expect(isAdmitted == [false, true])
        // Who has asked since there were too many for the first time is still answered.
        _ = desk.route([last, last - 1, 1].map { LogSamples.answer(1, $0, .done([])) })
        let answered = answers(&desk)
        #expect(answered == [9: [last], 1: [last - 1]])
    }

    @Test("queries are answered once their round is confirmed and their slot applied")
    func queries() {
        var desk = ClientDesk(LogSizes(), nodes: [0, 1, 2], form: .roles)
        desk.admit(LogSamples.operation(.query, sequence: 1, [5]), from: 9, at: now)
        desk.ask(inRound: 3, slot: 7)
        desk.admit(LogSamples.operation(.query, sequence: 2, [6]), from: 9, at: now)
        desk.ask(inRound: 4, slot: 7)
        for (round, applied) in [(2, 9), (3, 6)] as [(UInt64, Slot)] {
            desk.lineUp(confirmed: round, applied: applied)
            desk.answerLines { _ in .done([]) }
            #expect(answers(&desk).isEmpty)
        }
        desk.lineUp(confirmed: 3, applied: 7)
        desk.answerLines { _ in .done([]) }
        #expect(answers(&desk) == [9: [1]] && desk.awaitsConfirmation)
        desk.lineUp(confirmed: 9, applied: 7)
        desk.answerLines { _ in .done([]) }
        #expect(answers(&desk) == [9: [2]] && !desk.awaitsConfirmation)
    }

    @Test("queries that wait for their rounds take so much memory and no more")
    func queryLimit() {
        var desk = ClientDesk(LogSizes(), nodes: [0, 1, 2], form: .roles)
        let body = LogSamples.bytes(ServiceLimits.maximumCommandSize)
        func ask(_ count: Int) -> Int {
            for sequence in 1...UInt64(count) {
                desk.admit(
                    LogSamples.operation(.query, sequence: sequence, body), from: 1, at: now)
                desk.ask(inRound: sequence, slot: 1)
            }
            var passed = 0
            desk.passQueries(confirmed: .max) { _, operations in passed += operations.count }
            return passed
        }
        let most = LogSizes().queryBytes / (body.count + 128)
        #expect(ask(most + 100) == most)
        // They count no more once they are gone.
        #expect(ask(most) == most)
    }

    @Test("a learner's queries for slots that never come make room for others")
    func staleReads() {
        var desk = ClientDesk(LogSizes(), nodes: [0, 1, 2], form: .roles)
        let never = ReadAt(slot: .maximum, operations: [LogSamples.operation(.query, [])])
        for _ in 0..<2 * LogSizes().reads { desk.hold(never, for: 0) }
        desk.hold(
            ReadAt(slot: 3, operations: [LogSamples.operation(.query, sequence: 8, [])]), for: 1)
        desk.lineUpReads(applied: 2)
        desk.answerLines { _ in .done([]) }
        #expect(answers(&desk).isEmpty)
        desk.lineUpReads(applied: 3)
        desk.answerLines { _ in .done([]) }
        #expect(answers(&desk) == [1: [8]])
    }

    @Test("a learner's answers go to the leader there is, and nowhere if there is none")
    func learnedAnswers() {
        var desk = ClientDesk(LogSizes(), nodes: [0, 1, 2], form: .roles)
        desk.answer(CommandID(session: 1, sequence: 1), .done([]), keepsAll: true)
        desk.passAnswers(to: nil)
        desk.answer(CommandID(session: 1, sequence: 2), .done([]), keepsAll: true)
        desk.passAnswers(to: 0)
        #expect(answers(&desk) == [0: [2]])
    }

    @Test("who has ceased to lead names nobody leader, and passes nothing to itself")
    func afterLeading() {
        var driver = LogDriver(0, of: LogCluster(replicas: 3))
        driver.meetAll()
        driver.lead()
        driver.node.leaderHeardTime = driver.now
        guard let own = driver.node.tenure?.ballot else { return }
        driver.receive(.nack(Nack(ballot: own, promised: ballot(own.number + 1))), from: 1)
        #expect(driver.node.tenure == nil && driver.node.presentLeader(at: driver.now) == nil)
        let client = origin(.firstGuest, life: 5)
        let effects = driver.receive(
            .request(LogRequest(operations: [LogSamples.operation(.command, [])])), from: client)
        #expect(effects.isEmpty)
    }
}
