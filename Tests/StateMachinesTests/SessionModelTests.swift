import ConsensusCore
import StateMachines
import Testing

@Suite("Client sessions, drawn at random")
struct SessionModelTests {
    private func model(_ seed: UInt64) -> SessionModel {
        var random = RandomSource(seed: ~seed)
        return SessionModel(
            limit: random.number(in: 3...8), lately: UInt64(random.number(in: 1...10)),
            own: [0, 0, 33_000][random.number(in: 0...2)],
            shared: [0, 33_000, 33_200, 80_000][random.number(in: 0...3)])
    }

    /// A header of a client that retries, overtakes itself, and now and then makes no sense.
    private func header(_ model: SessionModel, _ random: inout RandomSource) -> CommandHeader {
        guard random.below(20) != 0 else {
            let opening = CommandID(
                session: 0, owner: random.below(4), sequence: random.below(200))
            return CommandHeader(id: opening, answeredBelow: random.next())
        }
        let oddities: [UInt64] = [0, 1, .max - 1, .max, random.next()]
        let odd = oddities[Int(random.below(5))]
        let session =
            random.below(40) == 0 ? odd : model.next &- 1 &- min(model.next - 1, random.below(12))
        let known = model.sessions.first { $0.id == session }
        let owner = random.below(20) == 0 ? random.below(4) : known?.opening.owner ?? 0
        let floor = known?.floor ?? 1
        let spread: UInt64 = random.below(8) == 0 ? 1_200 : 12
        let sequence = random.below(60) == 0 ? odd : floor &- 2 &+ random.below(spread)
        let answeredBelow = random.below(60) == 0 ? odd : sequence &- min(sequence, random.below(9))
        return CommandHeader(
            id: CommandID(session: max(1, session), owner: owner, sequence: sequence),
            answeredBelow: random.below(3) == 0 ? answeredBelow : 0)
    }

    @Test(
        "answer as the plainest form of the rules does, from a snapshot on as well",
        arguments: 0..<16 as Range<UInt64>)
    func model(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        var model = model(seed)
        var sessions = model.subject()
        for step in 0..<2_000 {
            let header = header(model, &random)
            let command = [UInt8](drawing: random.number(in: 0...3), &random)
            let standing = sessions.standing(of: header)
            let before = model
            let reply = sessions.apply(header, command.span)
            #expect(reply == model.apply(header, command), "step \(step): \(header)")
            let expected = before.standing(of: header, beforeReply: reply)
            #expect(expected.contains(standing), "step \(step): \(header)")
            if let final = standing.finalReply { #expect(final == reply) }
            if step % 100 == 50 {
                sessions.checkInvariants()
                let snapshot = sessions.snapshot()
                var other = model.subject()
                _ = other.open()
                try other.restore(snapshot.span)
                other.checkInvariants()
                #expect(other.snapshot() == snapshot && other.replyBytes == sessions.replyBytes)
                #expect(sessions.sessionCount == model.sessions.count)
                sessions = other
            }
        }
        #expect(sessions.machine.applied == model.recorder.applied)
    }

    @Test("meet every case, and every reason for a session's end")
    func cases() {
        var seen: [String: Int] = [:]
        for seed in 0..<16 as Range<UInt64> {
            var random = RandomSource(seed: seed)
            var model = model(seed)
            for _ in 0..<2_000 {
                let header = header(model, &random)
                let before = model.sessions
                let reply = model.apply(header, [])
                let name = "\(reply)".prefix { $0 != "(" }
                seen[String(name), default: 0] += 1
                for session in before where !model.sessions.contains(where: { $0.id == session.id })
                {
                    let end = header.id.session != 0 ? "for bytes" : "\(min(2, session.commands))"
                    seen[end, default: 0] += 1
                }
            }
        }
        let names = [
            "done", "opened", "expired", "superseded", "crowded", "refused", "for bytes", "0", "1",
            "2",
        ]
        for name in names { #expect(seen[name, default: 0] > 20, "\(name): \(seen)") }
    }

    @Test("say finally only what no later command changes")
    func final() {
        var random = RandomSource(seed: 5)
        var model = model(3)
        var sessions = model.subject()
        var told: [(header: CommandHeader, reply: Reply)] = []
        var kept = 0
        for _ in 0..<4_000 {
            let header = header(model, &random)
            if let reply = sessions.standing(of: header).finalReply { told.append((header, reply)) }
            _ = sessions.apply(header, bytes("").span)
            _ = model.apply(header, [])
            guard told.count > 60 else { continue }
            // A reply may be forgotten later, but never become another, nor the command be applied.
            for (header, reply) in told {
                switch (sessions.standing(of: header), reply) {
                case (.applied(let now), _):
                    #expect(now == reply)
                    kept += 1
                case (.superseded, .done), (.superseded, .superseded), (.expired, _): break
                case (.opens, .opened): break
                case (let standing, _): Issue.record("\(reply) became \(standing): \(header)")
                }
            }
            told.removeAll()
        }
        #expect(kept > 100)
    }

    @Test("give the same snapshot in every process, whatever its hash seed")
    func golden() {
        var random = RandomSource(seed: 77)
        var model = SessionModel(limit: 6, lately: 3, own: 0, shared: 34_000)
        var sessions = model.subject()
        for _ in 0..<2_000 {
            let header = header(model, &random)
            let command = [UInt8](drawing: 2, &random)
            _ = sessions.apply(header, command.span)
            _ = model.apply(header, command)
        }
        #expect(Checksum.crc32c(sessions.snapshot().span) == 2_907_875_574)
    }
}
