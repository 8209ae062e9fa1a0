import ConsensusCore
import Testing

@testable import PaxosNode

@Suite("Ring election, one participant (Chang and Roberts)")
struct RingElectionTests {
    @Test("begins red and sends its token to the next node of the ring")
    func start() {
        var three = Participant(3)
        #expect(three.start().lanes.sent(to: 4) == [.token(token(3))])
        #expect(three.election.colour == .red)
        var last = Participant(4)
        #expect(last.start().lanes.sent(to: 0) == [.token(token(4))])
    }

    @Test("red dismisses a lower token, and confirms the hop all the same")
    func redDismisses() {
        var three = Participant(3)
        three.start()
        let result = three.receive(token(1), from: 2)
        #expect(result.lanes.sent(to: 2) == [.receipt(receipt(token(1)))])
        #expect(result.lanes.envelopes.count == 1 && three.election.colour == .red)
    }

    @Test("red turns black on a higher token and passes on that very token")
    func redTurnsBlack() {
        var three = Participant(3)
        three.start()
        let higher = token(4, life: 987_654_321)
        let result = three.receive(higher, from: 2)
        #expect(result.lanes.sent(to: 4) == [.token(higher)])
        #expect(three.election.colour == .black)
    }

    @Test("black passes on the token it received, not its own")
    func blackPasses() {
        var one = Participant(1)
        one.start()
        one.receive(token(4), from: 0)
        let result = one.receive(token(3, life: 5), from: 0)
        #expect(result.lanes.sent(to: 2) == [.token(token(3, life: 5))])
    }

    @Test("black dismisses tokens lower than its own UID")
    func blackDismisses() {
        var two = Participant(2)
        two.start()
        two.receive(token(4), from: 1)
        let result = two.receive(token(1), from: 1)
        #expect(result.lanes.kinds == ["receipt"])
    }

    @Test("its own token back means elected, and the news goes round")
    func elected() {
        var four = Participant(4)
        four.start()
        let result = four.receive(token(4), from: 3)
        #expect(result.outcome == .elected && four.election.isLeader)
        #expect(result.lanes.sent(to: 0) == [.elected(Elected(claim: claim(4), lap: 0))])
        #expect(!four.election.newsReturned)
        let news = four.receive(Elected(claim: claim(4), lap: 0), from: 3)
        #expect(news.outcome == .newsReturned && four.election.newsReturned)
        let repeated = four.receive(Elected(claim: claim(4), lap: 0), from: 3)
        #expect(repeated.outcome == .nothing && repeated.lanes.kinds == ["receipt"])
    }

    @Test("a token of an earlier life elects nobody")
    func earlierLife() {
        var four = Participant(4)
        four.start()
        let result = four.receive(token(4, life: 99), from: 3)
        #expect(result.outcome == .nothing && !four.election.isLeader)
        #expect(result.lanes.kinds == ["receipt"])
    }

    @Test("a token of an earlier round is confirmed and ignored; of a later one, joined")
    func rounds() {
        var three = Participant(3)
        three.start()
        let later = three.receive(token(4, round: 5), from: 2)
        #expect(three.election.round == 5)
        #expect(
            later.lanes.sent(to: 4) == [.token(token(3, round: 5)), .token(token(4, round: 5))])
        let earlier = three.receive(token(4, round: 4), from: 2)
        #expect(earlier.lanes.kinds == ["receipt"])
    }

    @Test("a duplicated token is passed on once")
    func duplicates() {
        var three = Participant(3)
        three.start()
        three.receive(token(4), from: 2)
        for _ in 0..<5 {
            let result = three.receive(token(4), from: 2)
            #expect(result.lanes.kinds == ["receipt"])
        }
    }

    @Test("a lap of the news is passed on once, the next lap again")
    func newsOnce() {
        var three = Participant(3)
        three.start()
        let first = three.receive(Elected(claim: claim(4), lap: 0), from: 2)
        #expect(first.outcome == .follows && three.election.leader == claim(4))
        #expect(first.lanes.sent(to: 4) == [.elected(Elected(claim: claim(4), lap: 0))])
        let again = three.receive(Elected(claim: claim(4), lap: 0), from: 2)
        #expect(again.lanes.kinds == ["receipt"])
        let next = three.receive(Elected(claim: claim(4), lap: 1), from: 2)
        #expect(next.lanes.sent(to: 4) == [.elected(Elected(claim: claim(4), lap: 1))])
    }

    @Test("a hop is repeated until its receipt comes")
    func repeatsHops() {
        var three = Participant(3)
        three.start()
        let before = three.wake(until: milliseconds(120))
        #expect(before.sent(to: 4).count >= 2)
        #expect(before.sent(to: 4).allSatisfy { $0 == .token(token(3)) })
        three.receive(receipt(token(3)), from: 4)
        let after = three.wake(until: milliseconds(2_400))
        #expect(after.envelopes.isEmpty)
    }

    @Test("another's receipt, or one of another hop, confirms nothing")
    func foreignReceipts() {
        var three = Participant(3)
        three.start()
        three.receive(receipt(token(3)), from: 2)
        three.receive(receipt(token(2)), from: 4)
        three.receive(receipt(token(3, round: 2)), from: 4)
        #expect(!three.wake(until: milliseconds(120)).sent(to: 4).isEmpty)
    }

    @Test("a dead neighbour is passed over after one patience")
    func deadNeighbour() {
        var one = Participant(1)
        one.start()
        let before = one.wake(until: milliseconds(999))
        #expect(before.sent("token").allSatisfy { $0.recipients.members == [2] })
        #expect(!before.sent("probe").isEmpty)
        for node: NodeID in [0, 3, 4] { one.election.hears(node) }
        let after = one.wake(until: milliseconds(1_001))
        #expect(after.sent("token").map(\.recipients.members) == [[3]])
    }

    @Test("several dead neighbours cost one patience")
    func severalDeadNeighbours() {
        var one = Participant(1, of: 8)
        one.start()
        _ = one.wake(until: milliseconds(999))
        for node: NodeID in [0, 6, 7] { one.election.hears(node) }
        let after = one.wake(until: milliseconds(1_001))
        #expect(after.sent("token").map(\.recipients.members) == [[6]])
    }

    @Test("a suspected neighbour that is heard again is the next once more")
    func forgiven() {
        var one = Participant(1)
        one.start()
        _ = one.wake(until: milliseconds(999))
        for node: NodeID in [0, 3, 4] { one.election.hears(node) }
        let over = one.wake(until: milliseconds(1_001))
        #expect(over.sent(to: 3) == [.token(token(1))])
        one.election.hears(2)
        let result = one.receive(token(4), from: 0, at: milliseconds(1_010))
        #expect(result.lanes.sent(to: 2) == [.token(token(4))])
    }

    @Test("a token that would pass its own dead candidate is dropped")
    func deadOriginator() {
        var three = Participant(3)
        three.start()
        three.receive(token(4), from: 2, at: milliseconds(1))
        _ = three.wake(until: milliseconds(999))
        for node: NodeID in [0, 1, 2] { three.election.hears(node) }
        let after = three.wake(until: milliseconds(1_100))
        let tokens = after.sent("token").filter { $0.recipients.members != [4] }
        #expect(!tokens.isEmpty)
        #expect(
            tokens.allSatisfy { $0.message == .token(token(3)) && $0.recipients.members == [0] })
        #expect(three.election.patienceTime <= milliseconds(1_700))
    }

    @Test("a lone node elects itself at once")
    func alone() {
        var lone = Participant(0, of: 1)
        let result = lone.start()
        #expect(result.outcome == .elected && lone.election.isLeader)
        #expect(lone.election.newsReturned && result.lanes.envelopes.isEmpty)
    }

    @Test("the last one alive elects itself after one patience")
    func lastAlive() {
        var one = Participant(1)
        one.start()
        _ = one.wake(until: milliseconds(999))
        let result = one.wake(at: one.election.wakeTime)
        let next = result.outcome == .elected ? result : one.wake(at: milliseconds(1_000))
        #expect(next.outcome == .elected && one.election.newsReturned)
    }

    @Test("of two leaders the lower steps down", arguments: [1, 2] as [UInt32])
    func stepsDown(round: UInt32) {
        var three = Participant(3)
        three.start()
        three.receive(token(3), from: 2)
        #expect(three.election.isLeader)
        let result = three.receive(Elected(claim: claim(4, round: round), lap: 0), from: 2)
        #expect(result.outcome == .follows && !three.election.isLeader)
        let lower = three.receive(Elected(claim: claim(2, round: round), lap: 3), from: 1)
        #expect(lower.outcome == .nothing && three.election.leader == claim(4, round: round))
        var four = Participant(4)
        four.start()
        four.receive(token(4), from: 3)
        #expect(four.receive(receipt(token(4), following: claim(3)), from: 0) == .nothing)
        #expect(four.election.isLeader)
    }

    @Test("a late starter hears of the leader by the receipt of its token")
    func lateStarter() {
        var two = Participant(2)
        two.start()
        #expect(two.receive(receipt(token(2), following: claim(4)), from: 3) == .follows)
        #expect(two.election.leader == claim(4))
        var four = Participant(4)
        four.start()
        four.receive(token(4), from: 3)
        let answer = four.receive(token(2), from: 1)
        #expect(answer.lanes.sent(to: 1) == [.receipt(receipt(token(2), following: claim(4)))])
        #expect(answer.outcome == .nothing && four.election.isLeader)
    }

    @Test("a leader that asks again in another life begins a round in which all are red")
    func leaderRestarts() {
        var three = Participant(3)
        three.start()
        three.receive(Elected(claim: claim(4), lap: 0), from: 2)
        let result = three.receive(token(4, life: 7), from: 2)
        #expect(three.election.round == 2 && three.election.leader == nil)
        #expect(three.election.colour == .red)
        #expect(result.lanes.sent(to: 4).contains(.token(token(3, round: 2))))
    }

    @Test("tokens and news of nodes that do not exist are confirmed and ignored")
    func strangers() {
        var three = Participant(3)
        three.start()
        let before = three.election
        #expect(three.receive(token(5), from: 2).lanes.kinds == ["receipt"])
        #expect(three.receive(token(63, round: 9), from: 2).outcome == .nothing)
        let news = Elected(claim: claim(63, round: 9), lap: 0)
        #expect(three.receive(news, from: 2).lanes.kinds == ["receipt"])
        #expect(three.election.round == before.round && three.election.leader == nil)
    }

    @Test("the news goes round once more when it does not come back")
    func laps() {
        var four = Participant(4)
        four.start()
        four.receive(token(4), from: 3)
        four.receive(
            Receipt(hop: HopName(round: 1, node: 4, lap: 0), following: claim(4)), from: 0)
        let lanes = four.wake(until: milliseconds(610))
        #expect(lanes.sent("elected").first?.message == .elected(Elected(claim: claim(4), lap: 1)))
    }

    @Test("a silent election ends in another round; so does a silent leader")
    func patience() {
        var three = Participant(3)
        three.start()
        three.receive(receipt(token(3)), from: 4)
        _ = three.wake(until: milliseconds(2_499))
        #expect(three.election.round == 1)
        _ = three.wake(at: milliseconds(3_751))
        #expect(three.election.round == 2)
        var two = Participant(2)
        two.start()
        two.receive(Elected(claim: claim(4), lap: 0), from: 1)
        two.receive(
            Receipt(hop: HopName(round: 1, node: 4, lap: 0), following: nil), from: 3)
        _ = two.wake(at: milliseconds(1_802))
        #expect(two.election.round == 2 && two.election.leader == nil)
    }

    @Test("in the last round there can be, its deadline does not stay in the past")
    func lastRound() {
        var three = Participant(3)
        three.start()
        three.receive(token(4, round: .max), from: 2)
        #expect(three.election.round <= .max)
        let end = milliseconds(60_000)
        _ = three.wake(at: end)
        _ = three.wake(at: end)
        #expect(three.election.wakeTime > end)
    }

    @Test("a pause of its own process is not taken for the silence of all others")
    func pause() {
        var one = Participant(1)
        one.start()
        let late = one.wake(at: milliseconds(5_000))
        #expect(late.outcome == .nothing && !one.election.isLeader)
        var two = Participant(2)
        two.start()
        two.receive(token(4), from: 1)
        let result = two.wake(at: milliseconds(2_400))
        #expect(result.outcome == .nothing)
        #expect(result.lanes.sent("token").allSatisfy { $0.recipients.members == [3] })
        #expect(!result.lanes.sent("probe").isEmpty)
    }

    @Test("a second hop's probe does not make the first hop suspect those who answered")
    func probesOfTwoHops() {
        var zero = Participant(0)
        zero.start()
        // Node 1 is dead; 2, 3 and 4 answer the probes of the hop of 0's own token.
        _ = zero.wake(until: milliseconds(849))
        for node: NodeID in [2, 3, 4] { zero.election.hears(node) }
        zero.receive(token(4), from: 4, at: milliseconds(849))
        // At 999 ms the second hop begins to probe, at 1000 ms the first gives node 1 up.
        var leads = false
        while zero.election.wakeTime <= milliseconds(1_000) {
            if zero.wake(at: zero.election.wakeTime).outcome == .elected { leads = true }
        }
        #expect(!leads && !zero.election.isLeader)
    }
}
