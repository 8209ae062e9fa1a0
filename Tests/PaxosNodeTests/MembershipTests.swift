import ConsensusCore
import Testing

@testable import PaxosNode

@Suite("Messages of another run")
struct ForeignEpochTests {
    /// One message of each kind that is taken from the own run only.
    private func messages(to driver: Driver) -> [Message] {
        let own = ballot(1, life: driver.node.incarnation)
        let put = Proposal(ballot: own, value: [9])
        return [
            .request(Request(client: 7, value: [1], attempt: 0)), .pending,
            .prepare(Prepare(ballot: own)), .promise(Promise(ballot: own, accepted: nil)),
            .accept(Accept(proposal: put)), .accepted(Accepted(proposal: put)),
            .nack(Nack(ballot: own, promised: ballot(9))), .chosen(Chosen(value: [9])),
            .done(Done(clients: clients(0, 1))), .doneReceipt, .shutdown, .shutdownReceipt,
        ]
    }

    /// A node of each role that would act on each of those messages, were they of its run.
    private func drivers() -> [Driver] {
        var proposer = Driver.enrolled(1)
        proposer.receive(
            .request(Request(client: 7, value: [1], attempt: 0)), from: Driver.member(7))
        return [proposer, Driver.enrolled(3), Driver.enrolled(5)]
    }

    @Test(
        "of every kind are acted on by no role; at most the sender is told of this run",
        arguments: [0, 76, 78, .max] as [UInt64])
    func ignored(epoch: UInt64) {
        for driver in drivers() {
            for message in messages(to: driver) {
                for sender: NodeID in [0, 2, 6, 7] {
                    var driver = driver
                    let before = driver.node
                    let effects = driver.receive(
                        message, from: origin(sender, epoch: epoch, life: 50))
                    #expect(effects.records.isEmpty && effects.outputs.isEmpty)
                    #expect(effects.kinds == [] || (effects.kinds == ["assign"] && epoch != 0))
                    let assigns = effects.sent(to: sender).compactMap(\.assign)
                    #expect(assigns.count == effects.envelopes.count)
                    #expect(assigns.allSatisfy { $0.proof == 50 })
                    var after = driver.node
                    after.election = before.election
                    #expect(after == before)
                }
            }
        }
    }

    @Test("of the own run they are acted on, each kind by some role")
    func notIgnored() {
        var acted: Set<String> = []
        for driver in drivers() {
            for message in messages(to: driver) {
                for sender: NodeID in [0, 2, 6, 7] {
                    var driver = driver
                    let before = driver.node
                    driver.receive(message, from: Driver.member(sender))
                    var after = driver.node
                    after.election = before.election
                    if after != before { acted.insert(message.kind) }
                }
            }
        }
        #expect(
            acted.isSuperset(of: [
                "prepare", "promise", "accept", "accepted", "nack", "done", "shutdown",
            ]))
    }

    @Test("a node without a role ignores them all")
    func withoutRole() {
        var driver = Driver(3)
        driver.start()
        for message in messages(to: driver) {
            let effects = driver.receive(message, from: Driver.member(0))
            #expect(effects.isEmpty)
        }
    }

    @Test("a heartbeat of another run tells nothing of this one")
    func heartbeat() {
        var driver = Driver.enrolled(3)
        var roster = Roster()
        roster.note(3, incarnation: driver.node.incarnation &+ 1)
        roster.note(2, incarnation: 5)
        let heartbeat = Message.heartbeat(
            Heartbeat(claim: Driver.claim(), roster: roster, done: clients(0)))
        let effects = driver.receive(heartbeat, from: Driver.leader(epoch: 5))
        #expect(effects.isEmpty && !driver.node.isRefused)
        #expect(driver.node.roster[2] == .unknown && driver.node.done.isEmpty)
    }
}

@Suite("An acceptor that forgot")
struct AmnesiaTests {
    private func promise(_ driver: Driver) -> Message {
        let own = ballot(1, life: driver.node.incarnation)
        return .promise(Promise(ballot: own, accepted: nil))
    }

    @Test("is refused by the leader that knew its earlier life")
    func refusedByLeader() {
        var leader = Driver.leading()
        leader.receive(.join(Join(attempt: 0)), from: origin(3, life: 13))
        leader.receive(.confirm(leader.confirm()), from: origin(3, life: 13))
        let effects = leader.receive(.join(Join(attempt: 0)), from: origin(3, life: 14))
        #expect(effects.sent(to: 3) == [.refuse(Refuse(proof: 14))])
        #expect(leader.node.roster[3] == .life(13))
    }

    @Test("learns that it is refused, says so once, and votes no more")
    func knowsItsRefusal() {
        var driver = Driver.enrolled(3)
        let refuse = Message.refuse(Refuse(proof: driver.node.incarnation))
        let effects = driver.receive(refuse, from: Driver.leader())
        #expect(effects.outputs == [.refused] && driver.node.isRefused)
        #expect(driver.receive(refuse, from: Driver.leader()).outputs.isEmpty)
        let prepare = Message.prepare(Prepare(ballot: ballot(1)))
        #expect(driver.receive(prepare, from: Driver.member(1)).isEmpty)
        let again = driver.receive(.assign(driver.assign()), from: Driver.leader())
        #expect(again.isEmpty)
    }

    @Test("a refusal of another life, or of no run, is not its own")
    func foreignRefusals() {
        var driver = Driver.enrolled(3)
        let life = driver.node.incarnation
        driver.receive(.refuse(Refuse(proof: life &+ 1)), from: Driver.leader())
        driver.receive(.refuse(Refuse(proof: life)), from: Driver.leader(epoch: 0))
        #expect(!driver.node.isRefused)
    }

    @Test("learns of its earlier life from any roster")
    func refusedByRoster() {
        var roster = Roster()
        roster.note(3, incarnation: 5)
        var driver = Driver(3)
        driver.start()
        let effects = driver.receive(
            .assign(driver.assign(roster: roster)), from: Driver.leader())
        #expect(effects.outputs == [.refused] && effects.sent("confirm").isEmpty)
        #expect(!driver.node.hasRole)
    }

    @Test("hears of the end of the run all the same")
    func endsWithTheRun() {
        var driver = Driver(3)
        driver.start()
        driver.receive(.refuse(Refuse(proof: driver.node.incarnation)), from: Driver.leader())
        let effects = driver.receive(.shutdown, from: Driver.leader())
        #expect(effects.outputs == [.finished] && effects.kinds == ["shutdownReceipt"])
    }

    @Test("has no vote with a proposer that heard its earlier life, nor has that life any more")
    func proposerCountsNeither() {
        var driver = Driver.enrolled(1)
        driver.receive(
            .request(Request(client: 7, value: [1], attempt: 0)), from: Driver.member(7))
        driver.receive(promise(driver), from: Driver.member(2, life: 21))
        let effects = driver.receive(promise(driver), from: Driver.member(3, life: 31))
        #expect(effects.kinds == ["accept"])
        var other = Driver.enrolled(1)
        other.receive(
            .request(Request(client: 7, value: [1], attempt: 0)), from: Driver.member(7))
        var roster = Roster()
        roster.note(2, incarnation: 20)
        other.receive(
            .heartbeat(Heartbeat(claim: Driver.claim(), roster: roster, done: ClientSet())),
            from: Driver.leader())
        let later = other.receive(promise(other), from: Driver.member(2, life: 21))
        #expect(later.sent(to: 2) == [.refuse(Refuse(proof: 21))])
        other.receive(promise(other), from: Driver.member(2, life: 20))
        let third = other.receive(promise(other), from: Driver.member(3, life: 31))
        #expect(third.sent("accept").isEmpty)
        let fourth = other.receive(promise(other), from: Driver.member(4, life: 41))
        #expect(fourth.kinds == ["accept"])
    }

    @Test("has no vote with a learner that heard its earlier life")
    func learnerCountsNeither() {
        var driver = Driver.enrolled(5)
        let first = Message.accepted(Accepted(proposal: proposal(0, [1])))
        let second = Message.accepted(Accepted(proposal: proposal(1, [2])))
        driver.receive(first, from: Driver.member(2, life: 20))
        let refused = driver.receive(second, from: Driver.member(2, life: 21))
        #expect(refused.sent(to: 2) == [.refuse(Refuse(proof: 21))])
        let other = driver.receive(second, from: Driver.member(3, life: 31))
        #expect(other.outputs.isEmpty && driver.node.learner?.chosen == nil)
        let majority = driver.receive(second, from: Driver.member(4, life: 41))
        #expect(majority.outputs == [.learned([2])])
    }

    @Test("in a run: one killed and started again is refused, and its peers go on")
    func run() {
        var network = Network(smallCluster)
        network.startAll()
        network.run(until: milliseconds(500))
        network.kill(3)
        network.run(until: milliseconds(600))
        network.start(3)
        network.run(until: milliseconds(1_500))
        let refusals = network.outputs.filter { $0.output == .refused }.map(\.node)
        #expect(refusals == [3])
        network.startClients()
        network.run(until: milliseconds(20_000)) { $0.isOver }
        #expect(network.isOver && Set(network.values).count == 1 && network.values.count == 2)
    }

    /// Acceptor 2 votes for a value, but its confirmations never reach the leader; it dies and comes back
    /// without memory while those who counted its vote are cut off.
    @Test("never helps to choose a second value, even if the leader never heard of its first life")
    func unconfirmedLife() {
        var network = Network(smallCluster)
        network.loses = { delivery in
            let (from, to, kind) = (delivery.from.node, delivery.to, delivery.message.kind)
            if from == 2 && kind == "confirm" { return true }
            if ["promise", "accepted"].contains(kind) { return to != 0 && to != 5 }
            return ["prepare", "accept"].contains(kind) && to == 4
        }
        network.startAll()
        network.startClient(0, proposer: 0)
        network.run(until: milliseconds(5_000)) { !$0.values.isEmpty }
        network.kill(2)
        network.loses = { delivery in
            [0, 3, 5].contains(delivery.from.node) || [0, 3, 5].contains(delivery.to)
        }
        network.run(until: network.now + .milliseconds(300))
        network.start(2)
        network.startClient(1, proposer: 1)
        network.run(until: network.now + .seconds(9))
        #expect(Set(network.values + network.learned).count <= 1)
    }
}
