import ConsensusCore
import Testing

@testable import PaxosNode

@Suite("Role assignment")
struct AssignmentTests {
    @Test(
        "roles go first to the proposers, then the acceptors, then the learners; one a node",
        arguments: [(1, 1, 1), (3, 3, 5), (5, 49, 10), (1, 62, 1)])
    func roles(proposers: Int, acceptors: Int, learners: Int) {
        let cluster = Cluster(
            proposers: proposers, acceptors: acceptors, learners: learners, clients: 3)
        let count = proposers + acceptors + learners
        let roles = (0..<count).map { cluster.role(of: NodeID(index: $0)) }
        let expected =
            [Role](repeating: .proposer, count: proposers)
            + [Role](repeating: .acceptor, count: acceptors)
            + [Role](repeating: .learner, count: learners)
        #expect(roles == expected)
        #expect(cluster.nodeCount == count && cluster.nodes == NodeSet(0..<count))
        #expect(cluster.role(of: NodeID(index: count)) == nil)
        let clients = (0..<count + 6).filter { cluster.isClient(NodeID(index: $0)) }
        #expect(clients == Array(count..<count + 3))
    }

    @Test("in a run every node reports exactly its one role")
    func run() {
        var network = Network(Cluster(proposers: 2, acceptors: 3, learners: 2, clients: 0))
        network.startAll()
        network.run(until: milliseconds(5_000))
        for node in network.cluster.nodes {
            #expect(network.roles(of: node) == [network.cluster.role(of: node)])
        }
    }

    // MARK: - The one that is assigned

    @Test("an assignment is believed, reported once, recorded, and confirmed with its epoch")
    func believed() {
        var driver = Driver(3)
        driver.start()
        let assign = Message.assign(driver.assign())
        let effects = driver.receive(assign, from: Driver.leader())
        #expect(effects.outputs == [.assigned(.acceptor)])
        #expect(effects.records == [.epoch(Driver.epoch)])
        #expect(driver.node.stamp.epoch == Driver.epoch && driver.node.isEnrolled)
        let confirms = effects.sent(to: 6).compactMap(\.confirm)
        #expect(confirms.map(\.epoch) == [Driver.epoch])
        #expect(confirms.map(\.claim) == [Driver.claim()])
        #expect(confirms.first?.roster[3] == .unknown)
        let again = driver.receive(assign, from: Driver.leader())
        #expect(again.outputs.isEmpty && again.records.isEmpty)
        #expect(again.sent(to: 6).compactMap(\.confirm) == confirms)
    }

    @Test("an acceptor votes only once another node has shown that it remembers its life")
    func admission() {
        var driver = Driver(3)
        driver.start()
        driver.receive(.assign(driver.assign()), from: Driver.leader())
        let prepare = Message.prepare(Prepare(ballot: ballot(1)))
        #expect(driver.receive(prepare, from: Driver.member(1)).isEmpty)
        driver.admit()
        #expect(driver.receive(prepare, from: Driver.member(1)).kinds == ["promise"])
    }

    @Test("the leader shows an acceptor's life to all as soon as it is confirmed")
    func showsLife() {
        var leader = Driver.leading()
        leader.receive(.join(Join(attempt: 0)), from: origin(3, life: 13))
        let effects = leader.receive(.confirm(leader.confirm()), from: origin(3, life: 13))
        #expect(
            effects.sent("heartbeat").map(\.recipients)
                == [.nodes(smallCluster.nodes.removing(6))])
        #expect(leader.node.roster[3] == .life(13))
        #expect(effects.records == [.life(3, 13)])
        let again = leader.receive(.confirm(leader.confirm()), from: origin(3, life: 13))
        #expect(again.sent("heartbeat").isEmpty && again.records.isEmpty)
    }

    @Test("a relay does not admit: it passes on only the lives that a leader remembers")
    func relayDoesNotAdmit() {
        var relay = Driver.enrolled(5)
        let confirm = Confirm(
            claim: nil, epoch: Driver.epoch, roster: Roster(), done: ClientSet(), heard: [])
        relay.receive(.confirm(confirm), from: Driver.member(3))
        #expect(relay.node.roster[3] == .life(13))
        let join = Message.join(Join(attempt: Join.relayedFrom))
        let answer = relay.receive(join, from: origin(3, life: 13))
        #expect(answer.sent(to: 3).compactMap(\.assign).map(\.roster) == [Roster()])
    }

    @Test("a member brings its leader the lives that the leader does not know of")
    func bringsLives() {
        var member = Driver.enrolled(5)
        let confirm = Confirm(
            claim: nil, epoch: Driver.epoch, roster: Roster(), done: ClientSet(), heard: [])
        member.receive(.confirm(confirm), from: Driver.member(3))
        let heartbeat = Heartbeat(claim: Driver.claim(), roster: Roster(), done: ClientSet())
        let effects = member.receive(.heartbeat(heartbeat), from: Driver.leader())
        #expect(effects.sent(to: 6).compactMap(\.confirm).map { $0.roster[3] } == [.life(13)])
    }

    @Test("a life that was refused stays refused when it comes back from its disk")
    func refusedForGood() {
        var driver = Driver(3)
        var records = driver.start().records
        records += driver.receive(.assign(driver.assign()), from: Driver.leader()).records
        let refuse = Message.refuse(Refuse(proof: driver.node.incarnation))
        records += driver.receive(refuse, from: Driver.leader()).records
        var later = Driver(3, seed: 99)
        for record in records { later.node.recover(record) }
        #expect(later.node.isRefused && !later.node.isEnrolled)
    }

    @Test("an assignment meant for another life is answered with a join and not believed")
    func wrongProof() {
        var driver = Driver(3)
        driver.start()
        let assign = driver.assign(proof: driver.node.incarnation &+ 1)
        let effects = driver.receive(.assign(assign), from: Driver.leader())
        #expect(effects.sent(to: 6) == [.join(Join(attempt: 0))])
        #expect(effects.outputs.isEmpty && effects.records.isEmpty)
        #expect(!driver.node.hasRole && driver.node.stamp.epoch == 0)
    }

    @Test("an assignment of another role, without an epoch, or from a client, is not believed")
    func unbelievable() {
        var other = Driver(3).assign()
        other.role = .learner
        var client = Driver(3).assign()
        client.role = nil
        let cases: [(Assign, Origin)] = [
            (other, Driver.leader()), (client, Driver.leader()),
            (Driver(3).assign(), Driver.leader(epoch: 0)),
            (Driver(3).assign(), Driver.member(8)),
            (Driver(3).assign(), Driver.member(4_000_000_000)),
        ]
        for (assign, sender) in cases {
            var driver = Driver(3)
            driver.start()
            let effects = driver.receive(.assign(assign), from: sender)
            #expect(effects.isEmpty && !driver.node.hasRole)
        }
    }

    @Test("any member relays an assignment to one who has long asked in vain, and no other")
    func relayed() {
        var member = Driver.enrolled(4)
        let asking = origin(3, life: 333)
        let early = member.receive(.join(Join(attempt: Join.relayedFrom - 1)), from: asking)
        #expect(early.isEmpty)
        let late = member.receive(.join(Join(attempt: Join.relayedFrom)), from: asking)
        let assigns = late.sent(to: 3).compactMap(\.assign)
        #expect(assigns.map(\.claim) == [Driver.claim()] && assigns.map(\.proof) == [333])
        var outsider = Driver(4)
        outsider.start()
        let nothing = outsider.receive(.join(Join(attempt: 10)), from: asking)
        #expect(nothing.sent("assign").isEmpty)
    }

    @Test("the higher of two epochs prevails; messages of either are the run's")
    func epochs() {
        var driver = Driver.enrolled(3)
        driver.receive(.assign(driver.assign()), from: Driver.leader(epoch: 99))
        #expect(driver.node.stamp.epoch == 99)
        let lower = driver.receive(.assign(driver.assign()), from: Driver.leader(epoch: 50))
        #expect(driver.node.stamp.epoch == 99)
        #expect(lower.sent(to: 6).compactMap(\.confirm).map(\.epoch) == [50])
        #expect(lower.records.isEmpty)
        for epoch: UInt64 in [50, 77, 99] {
            let prepare = Message.prepare(Prepare(ballot: ballot(1)))
            let answer = driver.receive(prepare, from: origin(1, epoch: epoch, life: 11))
            #expect(answer.kinds == ["promise"])
        }
    }

    // MARK: - The leader

    @Test("the leader enrols itself, then assigns to all who join until they confirm")
    func resends() {
        var leader = Driver.leading()
        #expect(leader.node.stamp.epoch != 0 && leader.node.hasRole)
        let joined = leader.receive(.join(Join(attempt: 0)), from: origin(3, life: 13))
        #expect(joined.sent(to: 3).compactMap(\.assign).map(\.proof) == [13])
        let before = leader.wake(until: milliseconds(1_000))
        #expect(before.sent(to: 3).compactMap(\.assign).count >= 5)
        #expect(before.sent(to: 2).compactMap(\.assign).isEmpty)
        leader.receive(.confirm(leader.confirm()), from: origin(3, life: 13))
        let after = leader.wake(until: milliseconds(2_000))
        #expect(after.sent("assign").isEmpty && !after.sent("heartbeat").isEmpty)
    }

    @Test("a confirmation of another leader, or of an epoch never told, confirms nothing")
    func foreignConfirms() {
        var leader = Driver.leading()
        leader.receive(.join(Join(attempt: 0)), from: origin(3, life: 13))
        var ofOther = leader.confirm()
        ofOther.claim?.incarnation &+= 1
        var ofEarlier = leader.confirm()
        ofEarlier.epoch &+= 1
        leader.receive(.confirm(ofEarlier), from: origin(3, life: 13))
        #expect(leader.node.roster[3] == .unknown)
        leader.receive(.confirm(ofOther), from: origin(3, life: 13))
        #expect(!leader.wake(until: milliseconds(300)).sent("assign").isEmpty)
    }

    @Test("a member of a higher epoch makes the leader enter it and assign to all anew")
    func entersHigherEpoch() {
        var leader = Driver.leading()
        for node: NodeID in [2, 3] {
            let sender = origin(node, life: 10 + UInt64(node.rawValue))
            leader.receive(.join(Join(attempt: 0)), from: sender)
            leader.receive(.confirm(leader.confirm()), from: sender)
        }
        #expect(leader.wake(until: milliseconds(300)).sent("assign").isEmpty)
        let higher = leader.node.stamp.epoch + 1
        let effects = leader.receive(
            .confirm(leader.confirm()), from: origin(4, epoch: higher, life: 14),
            at: milliseconds(301))
        #expect(leader.node.stamp.epoch == higher)
        #expect(effects.records == [.life(4, 14), .epoch(higher)])
        let later = leader.wake(until: milliseconds(700))
        let all = (effects.envelopes + later.envelopes).filter { $0.message.kind == "assign" }
        for node: NodeID in [2, 3, 4] {
            #expect(all.contains { $0.recipients == .one(node) })
        }
    }

    @Test("clients are told once all who joined have confirmed")
    func clientsAfterNodes() {
        var leader = Driver.leading()
        let waiting = leader.receive(.join(Join(attempt: 0)), from: origin(7, life: 17))
        #expect(waiting.sent("assign").isEmpty)
        let members = [0, 2, 3, 4].map { origin(NodeID($0), life: 10 + UInt64($0)) }
        for member in members { leader.receive(.join(Join(attempt: 0)), from: member) }
        for member in members.dropLast() {
            let effects = leader.receive(.confirm(leader.confirm()), from: member)
            #expect(effects.sent(to: 7).isEmpty)
        }
        let last = leader.receive(.confirm(leader.confirm()), from: origin(4, life: 14))
        let assigns = last.sent(to: 7).compactMap(\.assign)
        #expect(assigns.map(\.proof) == [17] && assigns.map(\.role) == [nil])
        #expect(assigns.first?.proposers == [0, 1])
    }

    @Test("or after the patience, with whoever has confirmed")
    func clientsAfterPatience() {
        var leader = Driver.leading()
        leader.receive(.join(Join(attempt: 0)), from: origin(7, life: 17))
        leader.receive(.join(Join(attempt: 0)), from: origin(3, life: 13))
        let before = leader.wake(until: milliseconds(400))
        #expect(before.sent(to: 7).isEmpty)
        let after = leader.wake(until: milliseconds(402))
        #expect(!after.sent(to: 7).isEmpty)
        let repeated = leader.wake(until: milliseconds(1_000))
        #expect(repeated.sent(to: 7).count >= 2)
        leader.receive(.confirm(leader.confirm()), from: origin(7, life: 17))
        #expect(leader.wake(until: milliseconds(2_000)).sent(to: 7).isEmpty)
    }

    @Test("joins and confirmations of strangers are ignored")
    func strangers() {
        var leader = Driver.leading()
        for node: NodeID in [9, 63, 64, 4_000_000_000] {
            let sender = origin(node, epoch: leader.node.stamp.epoch, life: 1)
            #expect(leader.receive(.join(Join(attempt: 9)), from: sender).isEmpty)
            #expect(leader.receive(.confirm(leader.confirm()), from: sender).isEmpty)
        }
        #expect(leader.node.guests.isEmpty)
    }
}

extension Message {
    var assign: Assign? {
        if case .assign(let assign) = self { assign } else { nil }
    }

    var confirm: Confirm? {
        if case .confirm(let confirm) = self { confirm } else { nil }
    }
}
