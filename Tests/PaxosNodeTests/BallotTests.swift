import ConsensusCore
import Testing

@testable import PaxosNode

@Suite("Ballots")
struct BallotTests {
    @Test("are equal exactly when neither is lower", arguments: 0..<4 as Range<UInt64>)
    func order(number: UInt64) {
        let all = (0..<4).flatMap { number in (1..<4).map { ballot(number, life: $0) } }
        for life in 1..<4 as Range<UInt64> {
            let one = ballot(number, life: life)
            for other in all {
                let relations = [one < other, one == other, one > other]
                #expect(relations.count(where: \.self) == 1)
                #expect(
                    (one == other)
                        == (one.number == other.number && one.incarnation == other.incarnation))
            }
        }
    }

    @Test("are ordered by number, then by life")
    func lexicographic() {
        #expect(ballot(1, life: 9) < ballot(2, life: 1))
        #expect(ballot(2, life: 1) < ballot(2, life: 2))
        #expect("\(ballot(12, life: 99))" == "12")
    }

    @Test("node u of n uses u, u + n, u + 2n, …", arguments: 0..<5 as Range<UInt32>)
    func sequence(node: UInt32) {
        var ballots = BallotSequence(node: NodeID(node), nodeCount: 5, incarnation: 3)
        let numbers = (0..<4).map { _ in ballots.next(above: nil) }
        let first = UInt64(node)
        #expect(numbers == [first, first + 5, first + 10, first + 15].map { ballot($0, life: 3) })
    }

    @Test("no two nodes share a ballot number, whatever nacks they were given")
    func disjoint() {
        var random = RandomSource(seed: 1)
        var used: Set<UInt64> = []
        var count = 0
        for node in 0..<7 {
            var ballots = BallotSequence(
                node: NodeID(index: node), nodeCount: 7, incarnation: 1)
            for _ in 0..<100 {
                let floor = random.below(2) == 0 ? nil : ballot(random.below(2_000))
                guard let next = ballots.next(above: floor) else { continue }
                #expect(next.number % 7 == UInt64(node))
                used.insert(next.number)
                count += 1
            }
        }
        #expect(used.count == count && count == 700)
    }

    @Test("the next ballot is the lowest above the floor", arguments: 0..<100 as Range<UInt64>)
    func jumpsAboveFloor(floor: UInt64) throws {
        var ballots = BallotSequence(node: 3, nodeCount: 8, incarnation: 1)
        let candidate = ballots.next(above: ballot(floor, life: 9))
        let next = try #require(candidate)
        #expect(next.number > floor || (floor < 3 && next.number == 3))
        #expect(next.number % 8 == 3)
        #expect(next.number < floor + 9 || next.number == 3)
        let after = ballots.next(above: ballot(0))
        #expect(after?.number == next.number + 8)
    }

    @Test("a recovered number is never used again", arguments: 0..<40 as Range<UInt64>)
    func recovery(number: UInt64) throws {
        var ballots = BallotSequence(node: 2, nodeCount: 5, incarnation: 1)
        ballots.recover(number)
        ballots.recover(number / 2)
        let candidate = ballots.next(above: nil)
        let next = try #require(candidate)
        #expect(next.number > number && next.number <= number + 5 && next.number % 5 == 2)
    }

    @Test(
        "run out at the ceiling, and at the end of 64 bits, without a trap",
        arguments: [1, 3, 7, 64])
    func exhaustion(nodeCount: Int) throws {
        for node in [0, nodeCount - 1] {
            for distance in 0..<200 as Range<UInt64> {
                var ballots = BallotSequence(
                    node: NodeID(index: node), nodeCount: nodeCount, incarnation: 1)
                let floor = Ballot.ceiling - distance
                if let next = ballots.next(above: ballot(floor)) {
                    #expect(next.number > floor && next.number <= Ballot.ceiling)
                    #expect(next.number % UInt64(nodeCount) == UInt64(node))
                } else {
                    #expect(distance < UInt64(nodeCount))
                }
            }
            var ballots = BallotSequence(
                node: NodeID(index: node), nodeCount: nodeCount, incarnation: 1)
            ballots.recover(.max)
            #expect(ballots.next(above: nil) == nil)
            #expect(ballots.next(above: ballot(.max, life: .max)) == nil)
        }
    }
}
