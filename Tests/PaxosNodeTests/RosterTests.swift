import ConsensusCore
import Testing

@testable import PaxosNode

@Suite("Roster")
struct RosterTests {
    /// Few nodes and lives, so that rosters often agree and often contradict each other.
    private func randomRoster(_ random: inout RandomSource) -> Roster {
        var roster = Roster()
        for _ in 0..<random.number(in: 0...6) {
            roster.note(NodeID(UInt32(random.below(5))), incarnation: random.below(4))
        }
        return roster
    }

    private func merged(_ left: Roster, _ right: Roster) -> Roster {
        var result = left
        result.merge(right, of: NodeSet(0..<5))
        return result
    }

    @Test("merging is commutative, associative and idempotent", arguments: 0..<500 as Range<UInt64>)
    func lattice(seed: UInt64) {
        var random = RandomSource(seed: seed)
        let (one, two, three) = (
            randomRoster(&random), randomRoster(&random), randomRoster(&random)
        )
        #expect(merged(one, two) == merged(two, one))
        #expect(merged(merged(one, two), three) == merged(one, merged(two, three)))
        #expect(merged(one, one) == one)
        #expect(merged(merged(one, two), two) == merged(one, two))
        #expect(merged(one, Roster()) == one && merged(Roster(), one) == one)
    }

    @Test("an entry goes from unknown to one life to void, and never back")
    func entries() {
        var roster = Roster()
        #expect(roster[3] == .unknown && !roster.admits(origin(3, life: 0)))
        roster.note(3, incarnation: 0)
        #expect(roster[3] == .unknown)
        roster.note(3, incarnation: 7)
        roster.note(3, incarnation: 7)
        #expect(roster[3] == .life(7))
        #expect(roster.admits(origin(3, life: 7)) && !roster.admits(origin(3, life: 8)))
        roster.note(3, incarnation: 8)
        #expect(roster[3] == .void)
        roster.note(3, incarnation: 7)
        #expect(roster[3] == .void)
        for life: UInt64 in [0, 7, 8, .max] { #expect(!roster.admits(origin(3, life: life))) }
    }

    @Test("nodes it was never told of are unknown, however high their IDs")
    func strangers() {
        var roster = Roster()
        roster.note(63, incarnation: 1)
        for node: NodeID in [0, 62, 64, 4_000_000_000] { #expect(roster[node] == .unknown) }
        #expect(roster[63] == .life(1))
    }
}

@Suite("Client sets")
struct ClientSetTests {
    @Test("hold what was inserted and nothing else", arguments: 0..<20 as Range<UInt64>)
    func membership(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var set = ClientSet()
        var members: Set<Int> = []
        for _ in 0..<random.number(in: 0...80) {
            let position = random.number(in: 0...300)
            set.insert(position)
            members.insert(position)
        }
        #expect(set.count == members.count && set.isEmpty == members.isEmpty)
        for position in -2...400 { #expect(set.contains(position) == members.contains(position)) }
    }

    @Test("a union takes only positions below its limit, and says whether it grew")
    func unions() {
        var set = clients(1)
        #expect(set.formUnion(clients(1, 3, 70), below: 70) == true)
        #expect(set == clients(1, 3))
        #expect(set.formUnion(clients(1, 3, 70, 200_000), below: 70) == false)
        #expect(set.formUnion(ClientSet(), below: 70) == false)
    }

    @Test("subsets are told apart, whichever set is longer")
    func subsets() {
        #expect(clients().isSubset(of: clients()))
        #expect(clients(1).isSubset(of: clients(1, 200)))
        #expect(!clients(1, 200).isSubset(of: clients(1)))
        #expect(!clients(2).isSubset(of: clients(1, 200)))
    }
}
