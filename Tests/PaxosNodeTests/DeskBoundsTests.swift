import ConsensusCore
import Testing

@testable import PaxosNode

@Suite("How much a node of the log does and holds for clients at a time")
struct DeskBoundsTests {
    private let now = milliseconds(1)
    private let large = [UInt8](repeating: 7, count: 16_384)

    /// The bytes of answers that leave for each recipient at one wake.
    private func send(_ desk: inout ClientDesk) -> [NodeID: Int] {
        var lanes = LogNode.Lanes()
        desk.sendAnswers(leader: nil, into: &lanes)
        var bytes: [NodeID: Int] = [:]
        for envelope in lanes.sent("reply") {
            guard case .reply(let reply) = envelope.message else { continue }
            let size = reply.answers.reduce(0) { sum, answer in
                guard case .done(let bytes) = answer.reply else { return sum + 32 }
                return sum + 32 + bytes.count
            }
            envelope.recipients.forEach { bytes[$0, default: 0] += size }
        }
        return bytes
    }

    @Test("no answer is computed before there is room for it, and all are answered in the end")
    func queriesWait() {
        let sizes = LogSizes()
        var desk = ClientDesk(sizes, nodes: [0, 1, 2], form: .roles)
        let guest: NodeID = 1_000
        for sequence in 1...2_000 as ClosedRange<UInt64> {
            desk.admit(
                LogSamples.operation(.query, sequence: sequence, [1]), from: guest, at: now)
        }
        desk.ask(inRound: 1, slot: 0)
        desk.lineUp(confirmed: 1, applied: 0)
        var computed = 0
        var wakes = 0
        while desk.hasLines {
            let before = computed
            desk.answerLines { _ in
                computed += 1
                return .done(large)
            }
            let sent = send(&desk)
            #expect(sent.count == 1)
            #expect(sent[guest, default: 0] <= sizes.guestQueryAnswerBytes)
            #expect((computed - before) * large.count <= sizes.guestQueryAnswerBytes)
            #expect(computed > before)
            wakes += 1
        }
        #expect(computed == 2_000)
        #expect(wakes > 30)
    }

    @Test("many askers together get no more at a time, and each has its turn")
    func turns() {
        let sizes = LogSizes()
        var desk = ClientDesk(sizes, nodes: [0, 1, 2], form: .roles)
        let greedy: NodeID = 1_000
        // One has asked a thousand times before two hundred others ask once.
        for sequence in 1...1_000 as ClosedRange<UInt64> {
            desk.admit(
                LogSamples.operation(.query, sequence: sequence, [1]), from: greedy, at: now)
        }
        for guest in 1...200 as ClosedRange<UInt32> {
            desk.admit(LogSamples.operation(.query, [1]), from: NodeID(2_000 + guest), at: now)
        }
        desk.ask(inRound: 1, slot: 0)
        desk.lineUp(confirmed: 1, applied: 0)
        var others = 0
        for _ in 0..<8 {
            desk.answerLines { _ in .done(large) }
            let sent = send(&desk)
            others += sent.count - (sent[greedy] == nil ? 0 : 1)
            #expect(sent.values.reduce(0, +) <= sizes.queryAnswerBytes)
        }
        // Eight wakes are room for some 240 answers.
        #expect(others == 200)
    }

    @Test("the answers to commands are bounded for each guest and in all; what is over is left out")
    func commands() {
        let sizes = LogSizes()
        var desk = ClientDesk(sizes, nodes: [0, 1, 2], form: .roles)
        func answer(_ guest: NodeID, _ count: Int, session: UInt64) {
            for sequence in 1...UInt64(count) {
                let operation = LogSamples.operation(
                    .command, session: session, sequence: sequence, [])
                desk.admit(operation, from: guest, at: now)
                desk.answer(operation.header.id, .done(large), keepsAll: false)
            }
        }
        answer(1_000, 200, session: 1)
        let one = send(&desk)
        #expect(one[1_000]! <= sizes.guestAnswerBytes)
        #expect(one[1_000]! > sizes.guestAnswerBytes - 2 * large.count)
        for guest in 1...100 as ClosedRange<UInt32> {
            answer(NodeID(2_000 + guest), 60, session: UInt64(guest))
        }
        let all = send(&desk)
        #expect(all.values.reduce(0, +) <= sizes.answerBytes)
        #expect(all.values.reduce(0, +) > sizes.answerBytes - 2 * large.count)
        // A con node speaks for many.
        answer(2, 1_000, session: 7)
        let relayed = send(&desk)
        #expect(relayed[2]! > 10 * sizes.guestAnswerBytes)
    }

    @Test("one guest's commands and queries leave room for others'")
    func shares() {
        let sizes = LogSizes()
        var desk = ClientDesk(sizes, nodes: [0, 1, 2], form: .roles)
        func admitted(_ kind: LogOperation.Kind, from guest: NodeID, _ body: [UInt8]) -> Int {
            var count = 0
            for sequence in 1...UInt64(2 * sizes.commands) {
                desk.admit(
                    LogSamples.operation(
                        kind, session: UInt64(guest.rawValue), sequence: sequence, body),
                    from: guest, at: now)
            }
            while let batch = desk.takeBatch() {
                CommandBatch.forEach(in: batch) { _, _ in count += 1 }
            }
            desk.ask(inRound: 1, slot: 0)
            desk.lineUp(confirmed: 1, applied: 0)
            while desk.hasLines {
                desk.answerLines { _ in
                    count += 1
                    return .done([])
                }
                _ = send(&desk)
            }
            return count
        }
        // The first that is too many has those before it set aside, once in a while.
        #expect(admitted(.command, from: 1_000, []) == 2 * sizes.guestCommands)
        #expect(admitted(.command, from: 1_001, []) == sizes.guestCommands)
        #expect(admitted(.query, from: 1_000, []) == sizes.guestQueryBytes / 128)
        // What was answered counts no more.
        #expect(admitted(.query, from: 1_000, []) == sizes.guestQueryBytes / 128)
        desk.endTenure()
        #expect(admitted(.command, from: 1_000, []) == 2 * sizes.guestCommands)
        desk.endTenure()
        let size = CommandBatch.overhead + large.count
        #expect(admitted(.command, from: 1_000, large) == sizes.guestBatchBytes / size)
        // What has a slot counts no more among what waits for one.
        desk.endTenure()
        #expect(admitted(.command, from: 1_000, large) == sizes.guestBatchBytes / size)
    }

    @Test("commands that a guest asks for no more do not take its part for ever")
    func abandoned() {
        let sizes = LogSizes()
        var desk = ClientDesk(sizes, nodes: [0, 1, 2], form: .roles)
        let count = UInt64(sizes.guestCommands)
        for sequence in 1...count {
            desk.admit(
                LogSamples.operation(.command, sequence: sequence, []), from: 1_000, at: now)
        }
        while desk.takeBatch() != nil {}
        let next = LogSamples.operation(.command, sequence: count + 1, [])
        desk.admit(next, from: 1_000, at: now + .milliseconds(1))
        // The first that is too many sets those before it aside.
        #expect(desk.hasCommands)
        _ = desk.route([LogSamples.answer(1, 1, .done([]))])
        let first = send(&desk)
        #expect(first == [1_000: 32])
    }

    @Test("a learner holds queries for slots to come within the bound, and answers in turns")
    func reads() {
        let sizes = LogSizes()
        var desk = ClientDesk(sizes, nodes: [0, 1, 2], form: .roles)
        let body = LogSamples.bytes(1_000)
        let queries = (1...50).map {
            LogSamples.operation(.query, sequence: $0, body)
        }
        for _ in 0..<sizes.reads { desk.hold(ReadAt(slot: 5, operations: queries), for: 1) }
        var computed = 0
        desk.lineUpReads(applied: 4)
        #expect(!desk.hasLines)
        desk.lineUpReads(applied: 5)
        while desk.hasLines {
            desk.answerLines { _ in
                computed += 1
                return .done(large)
            }
            let sent = send(&desk)
            #expect(sent[1]! <= sizes.queryAnswerBytes)
        }
        let most = sizes.queryBytes / (body.count + 128)
        #expect(computed <= most && computed > most - 100)
        // They count no more.
        desk.hold(ReadAt(slot: 5, operations: queries), for: 1)
        desk.lineUpReads(applied: 5)
        desk.answerLines { _ in .done([]) }
        let last = send(&desk)
        #expect(last[1] == 50 * 32)
    }

    @Test("after a snapshot, a command whose reply was not heard is taken again when asked for")
    func afterSnapshot() {
        var desk = ClientDesk(LogSizes(), nodes: [0, 1, 2], form: .replicas)
        let command = LogSamples.operation(.command, [3])
        desk.admit(command, from: 9, at: now)
        _ = desk.takeBatch()
        desk.admit(command, from: 9, at: now + .seconds(60))
        #expect(!desk.hasCommands)
        desk.forgetWaiting()
        desk.admit(command, from: 9, at: now + .seconds(60))
        #expect(desk.hasCommands)
    }

    @Test("a learner's answers that find no room go to the leader at the next wakes, all of them")
    func learned() {
        var sizes = LogSizes()
        sizes.answerBytes = 100_000
        var desk = ClientDesk(sizes, nodes: [0, 1, 2], form: .roles)
        for sequence in 1...30 as ClosedRange<UInt64> {
            desk.answer(CommandID(session: 1, sequence: sequence), .done(large), keepsAll: true)
        }
        var wakes = 0
        var sum = 0
        while desk.hasLearned {
            desk.passAnswers(to: 2)
            let sent = send(&desk)
            #expect(sent[2]! <= sizes.answerBytes)
            sum += sent[2]!
            wakes += 1
        }
        #expect(sum == 30 * (32 + large.count))
        #expect(wakes == 5)
    }

    @Test("where others apply, a command that was answered is answered again, without a slot")
    func answeredLately() {
        var desk = ClientDesk(LogSizes(), nodes: [0, 1, 2], form: .roles)
        let operation = LogSamples.operation(.command, [3])
        desk.admit(operation, from: 9, at: now)
        _ = desk.takeBatch()
        _ = desk.route([LogSamples.answer(1, 1, .done([4]))])
        let first = send(&desk)
        #expect(first == [9: 33])
        for second in 1...100 as ClosedRange<Int64> {
            desk.admit(operation, from: 9, at: now + .seconds(second))
            #expect(!desk.hasCommands)
            let again = send(&desk)
            #expect(again == [9: 33])
        }
        // What may change is not kept.
        let crowded = LogSamples.operation(.command, sequence: 2, [3])
        desk.admit(crowded, from: 9, at: now)
        _ = desk.takeBatch()
        _ = desk.route([LogSamples.answer(1, 2, .crowded)])
        _ = send(&desk)
        desk.admit(crowded, from: 9, at: now)
        #expect(desk.hasCommands)
    }
}
