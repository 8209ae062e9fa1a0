import ConsensusCore
import Testing

@testable import PaxosNode

@Suite("Learner (Paxos Made Simple, 2.1 and 2.3)")
struct LearnerTests {
    private func accepted(_ number: UInt64, _ value: Value) -> Accepted {
        Accepted(proposal: proposal(number, value))
    }

    private var learner: Learner { Learner(majority: Majority(of: [2, 3, 4])) }

    @Test("learns a value when a majority has accepted it at one ballot")
    func majority() {
        var learner = learner
        #expect(learner.receive(accepted(0, [9]), from: 2) == nil)
        #expect(learner.chosen == nil)
        #expect(learner.receive(accepted(0, [9]), from: 4) == [9])
        #expect(learner.chosen == [9] && learner.tallies.isEmpty)
    }

    @Test("an acceptor counts once, however many datagrams it sends")
    func distinctAcceptors() {
        var learner = learner
        for _ in 0..<10 { #expect(learner.receive(accepted(0, [9]), from: 2) == nil) }
        #expect(learner.chosen == nil)
    }

    @Test("votes at different ballots are never added up, not even for one value")
    func ballotsApart() {
        var learner = learner
        #expect(learner.receive(accepted(0, [9]), from: 2) == nil)
        #expect(learner.receive(accepted(5, [9]), from: 3) == nil)
        #expect(learner.receive(accepted(10, [9]), from: 4) == nil)
        #expect(learner.chosen == nil && learner.tallies.count == 3)
        #expect(learner.receive(accepted(5, [9]), from: 2) == [9])
    }

    @Test("ballots of one number and two lives are never added up")
    func livesApart() {
        var learner = learner
        let first = Accepted(proposal: Proposal(ballot: ballot(0, life: 1), value: [9]))
        let second = Accepted(proposal: Proposal(ballot: ballot(0, life: 2), value: [9]))
        #expect(learner.receive(first, from: 2) == nil)
        #expect(learner.receive(second, from: 3) == nil)
        #expect(learner.chosen == nil)
    }

    @Test("who is no acceptor does not count")
    func strangers() {
        var learner = learner
        for node: NodeID in [0, 1, 5, 63, 64, 4_000_000_000] {
            #expect(learner.receive(accepted(0, [9]), from: node) == nil)
        }
        #expect(learner.tallies.isEmpty)
    }

    @Test("counts votes in any order", arguments: 0..<30 as Range<UInt64>)
    func order(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var votes: [(UInt64, NodeID)] = [(1, 2), (2, 2), (2, 3), (3, 4), (4, 2)]
        for index in votes.indices.dropFirst() {
            votes.swapAt(index, Int(random.below(UInt64(index + 1))))
        }
        var learner = learner
        let learned = votes.compactMap { number, node in
            learner.receive(accepted(number, [UInt8(number)]), from: node)
        }
        #expect(learned == [[2]])
    }

    @Test("reports what it learned once; later votes change nothing")
    func once() {
        var learner = learner
        _ = learner.receive(accepted(0, [9]), from: 2)
        _ = learner.receive(accepted(0, [9]), from: 3)
        let before = learner
        #expect(learner.receive(accepted(0, [9]), from: 4) == nil)
        #expect(learner.receive(accepted(7, [9]), from: 4) == nil)
        #expect(learner == before)
    }

    @Test("two values at one ballot, which no acceptor could accept, choose nothing together")
    func contradiction() {
        var learner = learner
        #expect(learner.receive(accepted(0, [1]), from: 2) == nil)
        #expect(learner.receive(accepted(0, [2]), from: 3) == nil)
        #expect(learner.chosen == nil)
    }

    @Test("keeps a bounded number of ballots open, giving up the lowest")
    func bound() {
        var learner = learner
        let bound = UInt64(Learner.maximumOpenBallots)
        for number in 0..<bound + 50 {
            #expect(learner.receive(accepted(number, [1]), from: 2) == nil)
            #expect(learner.tallies.count <= Learner.maximumOpenBallots)
        }
        let numbers = learner.tallies.map(\.proposal.ballot.number)
        #expect(numbers == Array(50..<bound + 50))
        #expect(learner.receive(accepted(0, [1]), from: 3) == nil)
        #expect(learner.receive(accepted(bound + 49, [1]), from: 3) == [1])
    }

    @Test("the learner's node tells every client that is not done, and reports it once")
    func tellsClients() {
        var driver = Driver.enrolled(5)
        driver.receive(.done(Done(clients: clients(1))), from: Driver.member(8))
        let vote = Message.accepted(Accepted(proposal: proposal(0, [9])))
        #expect(driver.receive(vote, from: Driver.member(2)).envelopes.isEmpty)
        let effects = driver.receive(vote, from: Driver.member(4))
        #expect(effects.outputs == [.learned([9])])
        #expect(effects.envelopes.map(\.recipients) == [.one(7)])
        #expect(effects.sent(to: 7) == [.chosen(Chosen(value: [9]))])
        #expect(driver.receive(vote, from: Driver.member(3)).envelopes.isEmpty)
    }

    @Test("tells a client that asks again, also by way of its proposer")
    func tellsAgain() {
        var driver = Driver.enrolled(5)
        let request = Message.request(Request(client: 7, value: [1], attempt: 2))
        #expect(driver.receive(request, from: Driver.member(7)).isEmpty)
        for acceptor: NodeID in [2, 3] {
            driver.receive(
                .accepted(Accepted(proposal: proposal(0, [9]))), from: Driver.member(acceptor))
        }
        for sender: NodeID in [7, 0] {
            let effects = driver.receive(request, from: Driver.member(sender))
            #expect(effects.sent(to: 7) == [.chosen(Chosen(value: [9]))])
        }
        let stranger = Message.request(Request(client: 9, value: [1], attempt: 2))
        #expect(driver.receive(stranger, from: Driver.member(0)).isEmpty)
    }
}
