import ConsensusCore
import StateMachines
import Testing

/// Ongaro, *Consensus: Bridging Theory and Practice*, section 6.3.
@Suite("Client sessions")
struct SessionTests {
    private static let window = UInt64(ServiceLimits.maximumOutstanding)

    private func opened(limit: Int = 8) -> Sessions<Recorder> {
        var sessions = Sessions(Recorder(), limit: limit, lately: 1)
        #expect(sessions.open() == .opened(session: 1))
        return sessions
    }

    @Test("every opening makes a session of its own and applies nothing")
    func opening() {
        var sessions = opened()
        #expect(sessions.send(99, of: 0, answeredBelow: .max, [1]) == .opened(session: 2))
        #expect(sessions.send(0, of: 0) == .opened(session: 3))
        #expect(sessions.send(99, of: 0, owner: 5) == .opened(session: 4))
        #expect(sessions.send(99, of: 0, owner: 0) == .opened(session: 5))
        #expect(sessions.machine.applied.isEmpty && sessions.sessionCount == 5)
    }

    @Test("a copy of an opening opens nothing more, until its session is forgotten")
    func openingAgain() {
        var sessions = opened(limit: 2)
        for _ in 1...5 { #expect(sessions.send(99, of: 0) == .opened(session: 2)) }
        _ = sessions.send(1, of: 2)
        #expect(sessions.send(99, of: 0) == .opened(session: 2) && sessions.sessionCount == 2)
        #expect(sessions.send(98, of: 0) == .opened(session: 3))
        #expect(sessions.send(97, of: 0) == .opened(session: 4))
        #expect(sessions.send(99, of: 0) == .opened(session: 5))
        sessions.checkInvariants()
    }

    @Test("a command of another than the session's owner is expired and changes nothing at all")
    func owner() {
        var sessions = opened(limit: 2)
        _ = sessions.open()
        for sequence in 1...4 as ClosedRange<UInt64> { _ = sessions.send(sequence, of: 1, [7]) }
        _ = sessions.send(1, of: 2)
        let before = sessions.snapshot()
        for owner in [0, soleOwner - 1, soleOwner + 1, .max] {
            for sequence in [0, 1, 4, 5, 900, .max] as [UInt64] {
                for answeredBelow in [0, 4, .max] as [UInt64] {
                    #expect(
                        sessions.send(
                            sequence, of: 1, owner: owner, answeredBelow: answeredBelow, [8])
                            == .expired)
                }
            }
        }
        #expect(sessions.snapshot() == before)
        #expect(sessions.send(4, of: 1, [7]) == .done([3, 7]))
        #expect(sessions.send(5, of: 1, [9]) == .done([5, 9]))
    }

    @Test("a retried command is applied once and gets the reply of the first time")
    func retry() {
        var sessions = opened()
        #expect(sessions.send(1, of: 1, [7]) == .done([0, 7]))
        #expect(sessions.send(2, of: 1, [8]) == .done([1, 8]))
        #expect(sessions.send(1, of: 1, [7]) == .done([0, 7]))
        #expect(sessions.send(2, of: 1, [8]) == .done([1, 8]))
        #expect(sessions.machine.applied == [[7], [8]])
    }

    @Test("equal numbers of different sessions are different commands")
    func otherSession() {
        var sessions = opened()
        _ = sessions.open()
        #expect(sessions.send(1, of: 1, [7]) == .done([0, 7]))
        #expect(sessions.send(1, of: 2, [7]) == .done([1, 7]))
    }

    @Test("commands of a session may come in any order, each applied when it comes")
    func outOfOrder() {
        var sessions = opened()
        let order: [UInt64] = [5, 1, 300, 4, 2, 1_000, 3]
        for (place, sequence) in order.enumerated() {
            #expect(sessions.send(sequence, of: 1, [9]) == .done([UInt8(place), 9]))
        }
        for (place, sequence) in order.enumerated().reversed() {
            #expect(sessions.send(sequence, of: 1, [9]) == .done([UInt8(place), 9]))
        }
        #expect(sessions.machine.applied.count == order.count)
    }

    @Test("a command too far above the floor is crowded, until the floor has risen")
    func window() {
        var sessions = opened()
        #expect(sessions.send(Self.window, of: 1) == .done([0]))
        #expect(sessions.send(Self.window + 1, of: 1) == .crowded)
        #expect(sessions.send(.max, of: 1) == .crowded)
        #expect(sessions.send(0, of: 1, answeredBelow: .max) == .crowded)
        #expect(sessions.machine.applied.count == 1)
        #expect(sessions.send(Self.window + 1, of: 1, answeredBelow: 2) == .done([1]))
        #expect(sessions.send(Self.window + 2, of: 1, answeredBelow: 2) == .crowded)
    }

    @Test("what its client has the answer to is superseded, and its reply forgotten")
    func superseded() {
        var sessions = opened()
        for sequence in 1...4 as ClosedRange<UInt64> { _ = sessions.send(sequence, of: 1) }
        #expect(sessions.replyBytes == 4 * (1 + Sessions<Recorder>.replyOverhead))
        #expect(sessions.send(5, of: 1, answeredBelow: 4) == .done([4]))
        #expect(sessions.replyBytes == 2 * (1 + Sessions<Recorder>.replyOverhead))
        #expect(sessions.send(3, of: 1) == .superseded)
        #expect(sessions.send(4, of: 1) == .done([3]))
        #expect(sessions.machine.applied.count == 5)
    }

    @Test("the floor rises no further than the command that says so, and never falls")
    func floor() {
        var sessions = opened()
        #expect(sessions.send(3, of: 1, answeredBelow: .max) == .done([0]))
        #expect(sessions.send(3, of: 1, answeredBelow: 1) == .done([0]))
        #expect(sessions.send(2, of: 1, answeredBelow: 1) == .superseded)
        #expect(sessions.send(4, of: 1) == .done([1]))
        #expect(sessions.send(.max, of: 1, answeredBelow: .max) == .done([2]))
        #expect(sessions.send(.max, of: 1, answeredBelow: .max) == .done([2]))
        #expect(sessions.send(.max - 1, of: 1) == .superseded)
        sessions.checkInvariants()
    }

    @Test("a command of an unknown session is expired and not applied")
    func unknown() {
        var sessions = opened()
        #expect(sessions.send(1, of: 2) == .expired)
        #expect(sessions.send(1, of: .max) == .expired)
        #expect(sessions.machine.applied.isEmpty)
    }

    @Test("a late copy of a command of a forgotten session is never applied again")
    func lateCopy() {
        var sessions = opened(limit: 2)
        #expect(sessions.send(1, of: 1, [7]) == .done([0, 7]))
        #expect(sessions.open() == .opened(session: 2))
        for number in 3...50 as ClosedRange<UInt64> {
            #expect(sessions.open() == .opened(session: number))
            #expect(sessions.send(1, of: number, answeredBelow: 1, [8]) != .expired)
            #expect(sessions.send(1, of: 1, [7]) == .expired)
        }
        #expect(sessions.machine.applied.count { $0 == [7] } == 1)
        sessions.checkInvariants()
    }

    @Test("a session in a forgotten one's place knows nothing of its commands")
    func reusedPlace() {
        var sessions = opened(limit: 1)
        _ = sessions.send(3, of: 1, answeredBelow: 2)
        _ = sessions.send(2, of: 1)
        #expect(sessions.open() == .opened(session: 2))
        #expect(sessions.replyBytes == 0)
        for sequence in 1...3 as ClosedRange<UInt64> {
            #expect(sessions.send(sequence, of: 2) == .done([UInt8(sequence + 1)]))
        }
    }

    @Test("a reply over the limit is given as an empty one, on a retry too")
    func oversized() {
        var sessions = Sessions(Filler())
        _ = sessions.open()
        let tooLarge = Filler.command(size: ServiceLimits.maximumReplySize + 1)
        #expect(sessions.send(1, of: 1, tooLarge) == .done([]))
        #expect(sessions.send(1, of: 1, tooLarge) == .done([]))
        #expect(sessions.read(tooLarge.span).isEmpty)
        let largest = Filler.command(size: ServiceLimits.maximumReplySize)
        #expect(sessions.read(largest.span).count == ServiceLimits.maximumReplySize)
    }
}
