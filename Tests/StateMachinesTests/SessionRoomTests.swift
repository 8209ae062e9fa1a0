import ConsensusCore
import StateMachines
import Testing

/// Who makes room for whom.
@Suite("Room for client sessions")
struct SessionRoomTests {
    private static let window = UInt64(ServiceLimits.maximumOutstanding)

    private func opened(_ count: Int, limit: Int, lately: UInt64) -> Sessions<Recorder> {
        var sessions = Sessions(Recorder(), limit: limit, lately: lately)
        for number in 1...UInt64(count) { #expect(sessions.open() == .opened(session: number)) }
        return sessions
    }

    @Test("the session used least recently goes first; a retry is a use, and so is a refusal")
    func leastRecentlyUsed() {
        var sessions = opened(3, limit: 3, lately: 1)
        _ = sessions.send(1, of: 2)
        _ = sessions.send(1, of: 3)
        #expect(sessions.send(0, of: 1) == .crowded)
        #expect(sessions.send(1, of: 2) == .done([0]))
        #expect(sessions.open() == .opened(session: 4))
        #expect(sessions.send(1, of: 3) == .expired)
        #expect(sessions.open() == .opened(session: 5))
        #expect(sessions.send(1, of: 1) == .expired)
        #expect(sessions.send(1, of: 2) == .done([0]))
        #expect(sessions.sessionCount == 3)
        sessions.checkInvariants()
    }

    @Test("sessions that never carried a second command make room first, however idle others are")
    func newcomersFirst() {
        var sessions = opened(4, limit: 4, lately: 1)
        for sequence in 1...2 as ClosedRange<UInt64> { _ = sessions.send(sequence, of: 1) }
        // The same command once more is not a second one.
        for _ in 1...9 { _ = sessions.send(1, of: 2) }
        for number in 5...2_000 as ClosedRange<UInt64> {
            #expect(sessions.open() == .opened(session: number))
            if number % 2 == 0 { _ = sessions.send(1, of: number) }
        }
        #expect(sessions.send(2, of: 1) == .done([1]))
        #expect(sessions.send(1, of: 2) == .expired && sessions.sessionCount == 4)
        sessions.checkInvariants()
    }

    @Test("a flood of openings takes few places from the others, and none used lately")
    func flood() {
        let lately: UInt64 = 16
        var sessions = opened(100, limit: 100, lately: lately)
        for number in 1...100 as ClosedRange<UInt64> {
            for sequence in 1...2 as ClosedRange<UInt64> { _ = sessions.send(sequence, of: number) }
        }
        for _ in 0..<10_000 { #expect(sessions.open() != .refused) }
        let kept = (1...100 as ClosedRange<UInt64>).filter { number in
            sessions.send(1, of: number) != .expired
        }
        #expect(kept == Array((1 + lately)...100))
        sessions.checkInvariants()
    }

    @Test("when all sessions are in use an opening is refused, until one has been idle for a while")
    func refusal() {
        let lately: UInt64 = 10
        var sessions = opened(3, limit: 3, lately: lately)
        for sequence in 1...2 as ClosedRange<UInt64> {
            for number in 1...3 as ClosedRange<UInt64> { _ = sessions.send(sequence, of: number) }
        }
        // Session 3 was used last: openings let time pass, and 1 is then the one to go.
        for _ in 3..<lately { #expect(sessions.open() == .refused) }
        #expect(sessions.sessionCount == 3 && sessions.send(1, of: 2) != .expired)
        #expect(sessions.open() == .opened(session: 4))
        #expect(sessions.send(1, of: 1) == .expired)
        for number in 2...4 as ClosedRange<UInt64> {
            #expect(sessions.send(1, of: number) != .expired)
        }
        sessions.checkInvariants()
    }

    @Test("a refused opening that is sent again opens one session when there is room")
    func refusedAgain() {
        var sessions = opened(2, limit: 2, lately: 5)
        var replies: [Reply] = []
        for _ in 0..<9 { replies.append(sessions.send(7, of: 0, owner: 3)) }
        #expect(
            replies == Array(repeating: .refused, count: 3)
                + Array(repeating: .opened(session: 3), count: 6))
    }

    // MARK: - Replies

    private static let largest = Filler.command(size: ServiceLimits.maximumReplySize)
    private static let most = ServiceLimits.maximumReplySize + Sessions<Filler>.replyOverhead

    private func fillers(_ count: Int, lately: UInt64, replies: Int) -> Sessions<Filler> {
        var sessions = Sessions(
            Filler(), limit: 8, lately: lately, ownReplyBytes: SessionRoomTests.most,
            replyBytes: replies * SessionRoomTests.most)
        for _ in 0..<count { _ = sessions.open() }
        return sessions
    }

    @Test("a reply at the floor and one more are kept of every session, whatever others keep")
    func ownReplies() {
        var sessions = fillers(2, lately: 1_000, replies: 3)
        for sequence in 1...5 as ClosedRange<UInt64> {
            #expect(sessions.send(sequence, of: 1, Self.largest) != .crowded)
        }
        #expect(sessions.send(6, of: 1, Self.largest) == .crowded)
        // Even the smallest, since what it will be is not known beforehand.
        #expect(sessions.send(6, of: 1, Filler.command(size: 0)) == .crowded)
        for sequence in [2, 1] as [UInt64] {
            #expect(sessions.send(sequence, of: 2, Self.largest) != .crowded)
        }
        #expect(sessions.send(3, of: 2, Self.largest) == .crowded)
        #expect(sessions.replyBytes == 7 * Self.most)
        for sequence in 1...5 as ClosedRange<UInt64> {
            guard case .done(let reply) = sessions.send(sequence, of: 1, Self.largest) else {
                Issue.record("reply \(sequence) is gone")
                return
            }
            #expect(reply.count == ServiceLimits.maximumReplySize)
        }
        // What is answered makes room.
        #expect(sessions.send(6, of: 1, answeredBelow: 3, Self.largest) != .crowded)
        sessions.checkInvariants()
    }

    @Test("the lowest command always gets on, so that no session waits for ever")
    func progress() {
        var sessions = fillers(2, lately: 1_000, replies: 1)
        for sequence in [3, 2, 5, 4] as [UInt64] {
            _ = sessions.send(sequence, of: 1, Self.largest)
        }
        #expect(sessions.send(9, of: 2, Self.largest) != .crowded)
        #expect(sessions.send(8, of: 2, Self.largest) == .crowded)
        for sequence in 1...20 as ClosedRange<UInt64> {
            #expect(
                sessions.send(sequence, of: 2, answeredBelow: sequence, Self.largest) != .crowded)
            sessions.checkInvariants()
        }
    }

    @Test("when replies are too many, the one that keeps most of them and is idle goes")
    func idleReplies() {
        var sessions = fillers(4, lately: 6, replies: 2)
        for sequence in 1...4 as ClosedRange<UInt64> {
            _ = sessions.send(sequence, of: 2, Self.largest)
        }
        for sequence in 1...2 as ClosedRange<UInt64> {
            #expect(sessions.send(sequence, of: 3, Self.largest) != .crowded)
        }
        // Session 2 was used lately; sessions 1 and 4, which keep nothing, would be of no use.
        for _ in 0..<3 { #expect(sessions.send(3, of: 3, Self.largest) == .crowded) }
        #expect(sessions.send(3, of: 3, Self.largest) != .crowded)
        #expect(sessions.send(1, of: 2, Self.largest) == .expired)
        for number in [1, 3, 4] as [UInt64] {
            #expect(sessions.send(1, of: number, Self.largest) != .expired)
        }
        sessions.checkInvariants()
    }
}
