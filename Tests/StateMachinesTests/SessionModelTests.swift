import ConsensusCore
import StateMachines
import Testing

/// The rules of ``Sessions`` said in the plainest way.
private struct Model {
    struct Session {
        var id: UInt64
        var opening: CommandID
        var floor: UInt64 = 1
        var replies: [UInt64: [UInt8]] = [:]
    }

    let limit: Int
    var next: UInt64 = 1
    /// From the least to the most recently used.
    var sessions: [Session] = []
    var recorder = Recorder()

    mutating func apply(_ header: CommandHeader, _ command: [UInt8]) -> Reply {
        guard header.id.session != 0 else {
            if let known = sessions.first(where: { $0.opening == header.id }) {
                return .opened(session: known.id)
            }
            if sessions.count == limit { sessions.removeFirst() }
            sessions.append(Session(id: next, opening: header.id))
            next += 1
            return .opened(session: next - 1)
        }
        guard
            let place = sessions.firstIndex(where: {
                $0.id == header.id.session && $0.opening.owner == header.id.owner
            })
        else { return .expired }
        var session = sessions.remove(at: place)
        let reply = apply(header, command, in: &session)
        sessions.append(session)
        return reply
    }

    private mutating func apply(
        _ header: CommandHeader, _ command: [UInt8], in session: inout Session
    ) -> Reply {
        let sequence = header.id.sequence
        guard sequence > 0 else { return .crowded }
        session.floor = max(session.floor, min(header.answeredBelow, sequence))
        if sequence < session.floor { return .superseded }
        if sequence - session.floor >= ServiceLimits.maximumOutstanding { return .crowded }
        if let reply = session.replies[sequence] { return .done(reply) }
        let reply = recorder.apply(command.span)
        session.replies[sequence] = reply
        return .done(reply)
    }
}

@Suite("Client sessions, drawn at random")
struct SessionModelTests {
    private static let limit = 6

    /// A header of a client that retries, overtakes itself, and now and then makes no sense.
    private func header(_ model: Model, _ random: inout RandomSource) -> CommandHeader {
        guard random.below(30) != 0 else {
            let opening = CommandID(
                session: 0, owner: random.below(4), sequence: random.below(200))
            return CommandHeader(id: opening, answeredBelow: random.next())
        }
        let oddities: [UInt64] = [0, 1, .max - 1, .max, random.next()]
        let odd = oddities[Int(random.below(5))]
        let session =
            random.below(40) == 0 ? odd : model.next &- 1 &- min(model.next - 1, random.below(9))
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
        arguments: 0..<4 as Range<UInt64>)
    func model(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        var sessions = Sessions(Recorder(), limit: Self.limit)
        var model = Model(limit: Self.limit)
        var seen = [0, 0, 0, 0, 0]
        for step in 0..<2_000 {
            let header = header(model, &random)
            let command = [UInt8](drawing: random.number(in: 0...3), &random)
            let reply = sessions.apply(header, command.span)
            #expect(reply == model.apply(header, command), "step \(step): \(header)")
            switch reply {
            case .done: seen[0] += 1
            case .opened: seen[1] += 1
            case .expired: seen[2] += 1
            case .superseded: seen[3] += 1
            case .crowded: seen[4] += 1
            }
            if step % 500 == 250 {
                sessions.checkInvariants()
                let snapshot = sessions.snapshot()
                var other = Sessions(Recorder(), limit: Self.limit)
                _ = other.open()
                try other.restore(snapshot.span)
                other.checkInvariants()
                #expect(other.snapshot() == snapshot && other.replyBytes == sessions.replyBytes)
                sessions = other
            }
        }
        #expect(sessions.machine.applied == model.recorder.applied)
        #expect(seen.allSatisfy { $0 > 20 }, "\(seen)")
    }

    @Test("give the same snapshot in every process, whatever its hash seed")
    func golden() {
        var random = RandomSource(seed: 77)
        var sessions = Sessions(Recorder(), limit: Self.limit)
        var model = Model(limit: Self.limit)
        for _ in 0..<2_000 {
            let header = header(model, &random)
            let command = [UInt8](drawing: 2, &random)
            _ = sessions.apply(header, command.span)
            _ = model.apply(header, command)
        }
        #expect(Checksum.crc32c(sessions.snapshot().span) == 3_630_977_485)
    }
}
