import ConsensusCore
import StateMachines
import Testing

@Suite("Snapshots of sessions")
struct SessionSnapshotTests {
    private func sample() -> Sessions<Recorder> {
        var sessions = Sessions(Recorder(), limit: 4, lately: 1)
        for _ in 1...5 { _ = sessions.open() }
        for sequence in [1, 2, 4, 9] as [UInt64] {
            _ = sessions.send(sequence, of: 3, answeredBelow: 2, [UInt8(sequence), 1])
        }
        _ = sessions.send(700, of: 5, answeredBelow: 690, [4])
        _ = sessions.send(1, of: 2)
        return sessions
    }

    /// Either throws and changes nothing, or gives exactly the state that the bytes say.
    private func tryRestoring(_ bytes: [UInt8], into sessions: inout Sessions<Recorder>) -> Bool {
        let before = sessions.snapshot()
        do {
            try sessions.restore(bytes.span)
            #expect(sessions.snapshot() == bytes)
            sessions.checkInvariants()
            return true
        } catch {
            #expect(sessions.snapshot() == before)
            return false
        }
    }

    @Test("bring back the replies, the windows, and the order of use")
    func restore() throws {
        let original = sample()
        var sessions = Sessions(Recorder(), limit: 4, lately: 1)
        try sessions.restore(original.snapshot().span)
        #expect(sessions.send(4, of: 3) == .done([2, 4, 1]))
        #expect(sessions.send(1, of: 3) == .superseded)
        #expect(sessions.send(689, of: 5) == .superseded)
        #expect(sessions.open() == .opened(session: 6))
        #expect(sessions.send(1, of: 4) == .expired)
        #expect(sessions.send(1, of: 2) == .done([5]))
        #expect(sessions.machine.applied == original.machine.applied)
    }

    @Test("are equal for equal states, however they came about")
    func history() {
        var straight = Sessions(Filler(), limit: 2, lately: 1)
        var winding = Sessions(Filler(), limit: 2, lately: 1)
        for _ in 1...3 {
            _ = straight.open()
            _ = winding.open()
        }
        // As many commands, since time is counted in them.
        _ = straight.send(1, of: 2)
        for _ in 1...901 { _ = straight.send(900, of: 2, answeredBelow: 900) }
        _ = straight.send(1, of: 3)
        _ = winding.send(1, of: 3)
        for sequence in 1...900 as ClosedRange<UInt64> { _ = winding.send(sequence, of: 2) }
        #expect(winding.snapshot() != straight.snapshot())
        _ = winding.send(900, of: 2, answeredBelow: 900)
        #expect(winding.snapshot() != straight.snapshot())
        _ = winding.send(1, of: 3)
        #expect(winding.snapshot() == straight.snapshot())
    }

    @Test("cut short at any byte are refused and change nothing")
    func prefixes() {
        let snapshot = sample().snapshot()
        var sessions = Sessions(Recorder(), limit: 4, lately: 1)
        _ = sessions.open()
        for count in snapshot.indices {
            let isTaken = tryRestoring(Array(snapshot.prefix(count)), into: &sessions)
            #expect(!isTaken)
        }
        let whole = tryRestoring(snapshot, into: &sessions)
        #expect(whole)
    }

    @Test("with any bit flipped are refused, or are the snapshot of another state")
    func flips() {
        let snapshot = sample().snapshot()
        var sessions = Sessions(Recorder(), limit: 4, lately: 1)
        var taken = 0
        for bit in 0..<(snapshot.count * 8) {
            if tryRestoring(snapshot.flipping(bit: bit), into: &sessions) {
                taken += 1
                _ = sessions.send(.max, of: 3, answeredBelow: .max)
                _ = sessions.open()
                sessions.checkInvariants()
            }
        }
        #expect(taken > 100 && taken < snapshot.count * 8 * 2 / 3)
    }

    @Test("of random bytes are refused", arguments: 0..<4 as Range<UInt64>)
    func noise(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var sessions = sample()
        for _ in 0..<2_000 {
            var bytes = [UInt8](drawing: random.number(in: 0...80), below: 4, &random)
            if random.below(2) == 0 { bytes = Array(sample().snapshot().prefix(2)) + bytes }
            _ = tryRestoring(bytes, into: &sessions)
        }
    }

    /// A snapshot of a stateless machine, field by field.
    private func snapshot(
        next: UInt64 = 10, count: UInt32? = nil,
        _ sessions: [(id: UInt64, floor: UInt64, distances: [UInt32])],
        opening: UInt64? = nil, lastUses: [UInt64] = [11, 12, 13, 14], use: UInt8 = 2,
        time: UInt64? = nil
    ) -> [UInt8] {
        var writer = ByteWriter()
        writer.write(0x73 as UInt8)
        writer.write(2 as UInt8)
        writer.write(next)
        writer.write(time ?? max(14, next))
        writer.write(count ?? UInt32(sessions.count))
        for (session, lastUse) in zip(sessions, lastUses) {
            writer.write(session.id)
            writer.write(soleOwner)
            writer.write(opening ?? session.id)
            writer.write(lastUse)
            writer.write(use)
            writer.write(session.floor)
            writer.write(count: session.distances.count)
            for distance in session.distances {
                writer.write(distance)
                writer.write([7] as [UInt8])
            }
        }
        return writer.bytes
    }

    private func restoring(_ bytes: [UInt8]) throws(WireError) {
        var sessions = Sessions(Filler(), limit: 3)
        try sessions.restore(bytes.span)
        #expect(sessions.snapshot() == bytes)
    }

    @Test("that contradict themselves are refused")
    func contradictions() throws {
        try restoring(snapshot([(1, 1, [0, 5, 1_023]), (9, 4, [])]))
        try restoring(snapshot(next: .max / 2, []))
        try restoring(snapshot([(9, 5, []), (1, 1, [])], lastUses: [1, 9], use: 0, time: 9))
        try restoring(snapshot([(9, 5, [2]), (1, 1, [])], use: 1))
        let wrong = [
            snapshot(next: 0, []), snapshot(next: .max, []), snapshot(next: .max / 2 + 1, []),
            snapshot([(0, 1, [])]), snapshot([(10, 1, [])]), snapshot([(3, 1, []), (3, 1, [])]),
            snapshot([(1, 0, [])]), snapshot([(1, 1, [1_024])]), snapshot([(1, 1, [.max])]),
            snapshot([(1, 1, [3, 3])]), snapshot([(1, 1, [3, 2])]), snapshot([(1, .max, [1])]),
            snapshot([(1, 1, []), (2, 1, []), (3, 1, []), (4, 1, [])]),
            snapshot([(1, 1, []), (2, 1, [])], opening: 5),
            snapshot(count: .max, []),
            snapshot([], time: 8), snapshot([], time: .max / 2 + 1),
            snapshot([(1, 1, []), (2, 1, [])], lastUses: [3, 3]),
            snapshot([(1, 1, []), (2, 1, [])], lastUses: [4, 3]),
            snapshot([(1, 1, [])], lastUses: [0]), snapshot([(1, 1, [])], lastUses: [15]),
            snapshot([(1, 1, [])], use: 3), snapshot([(1, 1, [0])], use: 0),
            snapshot([(1, 1, [0, 1])], use: 1),
        ]
        for bytes in wrong {
            #expect(throws: WireError.invalidField) { try restoring(bytes) }
        }
        #expect(throws: WireError.truncated) { try restoring(snapshot(count: 3, [(1, 1, [])])) }
        #expect(throws: WireError.notOurs) { try restoring([0x6b, 1]) }
        #expect(throws: WireError.unsupportedVersion(1)) { try restoring([0x73, 1]) }
    }

    @Test("with more bytes of replies than are allowed are refused")
    func tooManyReplies() throws {
        var large = Sessions(Filler(), limit: 4, ownReplyBytes: 0, replyBytes: 400_000)
        let command = Filler.command(size: ServiceLimits.maximumReplySize)
        for session in 1...2 as ClosedRange<UInt64> {
            _ = large.open()
            for sequence in 1...7 as ClosedRange<UInt64> {
                #expect(large.send(sequence, of: session, command) != .crowded)
            }
        }
        let shared = 12 * (ServiceLimits.maximumReplySize + Sessions<Filler>.replyOverhead)
        var enough = Sessions(Filler(), limit: 4, ownReplyBytes: 0, replyBytes: shared)
        try enough.restore(large.snapshot().span)
        enough.checkInvariants()
        var small = Sessions(Filler(), limit: 4, ownReplyBytes: 0, replyBytes: shared - 1)
        let bytes = large.snapshot()
        #expect(throws: WireError.invalidField) { try small.restore(bytes.span) }
        #expect(small.sessionCount == 0)
        try large.restore(bytes.span)
        #expect(large.sessionCount == 2)
    }

    @Test("at the end of all numbers lead to no overflow")
    func lastNumbers() throws {
        var sessions = Sessions(Filler(), limit: 3)
        try sessions.restore(snapshot([(1, .max - 1, [0]), (2, .max, [0])]).span)
        #expect(sessions.send(.max, of: 1) == .done([]))
        #expect(sessions.send(.max, of: 1, answeredBelow: .max) == .done([]))
        #expect(sessions.send(.max, of: 2, answeredBelow: .max) == .done([7]))
        let bytes = sessions.snapshot()
        try sessions.restore(bytes.span)
        #expect(sessions.snapshot() == bytes)
    }
}
