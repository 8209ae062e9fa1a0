import ConsensusCore
import Testing

@testable import PaxosNode

/// One client, driven by hand.
private struct ClientDriver {
    var client: ClientNode
    private var lanes = ClientNode.Lanes()

    init(
        _ id: NodeID = 7, of cluster: Cluster = smallCluster, proposer: Int = 0,
        timeout: Interval = .seconds(10)
    ) {
        client = ClientNode(
            cluster: cluster, client: id, value: [42], preferredProposer: proposer,
            timeout: timeout, seed: 3)
    }

    @discardableResult
    mutating func start() -> ClientNode.Lanes {
        lanes.removeAll()
        client.start(at: milliseconds(0), into: &lanes)
        return lanes
    }

    @discardableResult
    mutating func receive(
        _ message: Message, from origin: Origin, at now: Instant = milliseconds(1)
    ) -> ClientNode.Lanes {
        lanes.removeAll()
        client.receive(message, from: origin, at: now, into: &lanes)
        return lanes
    }

    mutating func wake(until end: Instant) -> ClientNode.Lanes {
        var all = ClientNode.Lanes()
        while client.wakeTime <= end {
            lanes.removeAll()
            client.wake(at: client.wakeTime, into: &lanes)
            all.envelopes += lanes.envelopes
            all.outputs += lanes.outputs
        }
        return all
    }

    var assign: Assign {
        let cluster = client.cluster
        return Assign(
            claim: Driver.claim(of: cluster), proof: client.stamp.incarnation, role: nil,
            proposers: cluster.proposers, acceptors: cluster.acceptors,
            learners: cluster.learners, roster: Roster())
    }

    static func assigned(
        of cluster: Cluster = smallCluster, proposer: Int = 0, timeout: Interval = .seconds(10)
    ) -> ClientDriver {
        let id = NodeID(index: cluster.nodeCount)
        var driver = ClientDriver(id, of: cluster, proposer: proposer, timeout: timeout)
        driver.start()
        driver.receive(.assign(driver.assign), from: Driver.leader(of: cluster))
        return driver
    }
}

@Suite("Client")
struct ClientTests {
    private let chosen = Message.chosen(Chosen(value: [9]))

    @Test("asks every con node for an assignment, and sends its value to nobody before it has one")
    func waitsForRoles() {
        var driver = ClientDriver()
        let first = driver.start()
        #expect(first.envelopes.map(\.recipients) == [.nodes(smallCluster.nodes)])
        #expect(first.kinds == ["join"])
        let later = driver.wake(until: milliseconds(2_000))
        #expect(later.sent("join").count >= 5 && later.sent("request").isEmpty)
        #expect(driver.receive(chosen, from: Driver.member(5)).outputs.isEmpty)
    }

    @Test("confirms its assignment and sends its value to its proposer at once")
    func proposes() {
        var driver = ClientDriver(proposer: 1)
        driver.start()
        let effects = driver.receive(.assign(driver.assign), from: Driver.leader())
        #expect(effects.sent(to: 6).compactMap(\.confirm).map(\.epoch) == [Driver.epoch])
        #expect(effects.sent(to: 1) == [.request(Request(client: 7, value: [42], attempt: 0))])
        #expect(effects.envelopes.count == 2 && driver.client.stamp.epoch == Driver.epoch)
        let again = driver.receive(.assign(driver.assign), from: Driver.leader())
        #expect(again.kinds == ["confirm"])
    }

    @Test("does not believe an assignment of another life, role, epoch or proposer list")
    func unbelievable() {
        for change in 0..<5 {
            var driver = ClientDriver()
            driver.start()
            var assign = driver.assign
            var sender = Driver.leader()
            switch change {
            case 0: assign.proof &+= 1
            case 1: assign.role = .learner
            case 2: assign.proposers = [0]
            case 3: sender.stamp.epoch = 0
            default: sender.node = 8
            }
            #expect(driver.receive(.assign(assign), from: sender).isEmpty)
        }
    }

    @Test(
        "the desired proposer is taken modulo the number of proposers",
        arguments: [(0, 0), (1, 1), (2, 2), (3, 0), (45, 0), (41, 2), (10, 1)])
    func modulo(desired: Int, proposer: UInt32) {
        let cluster = Cluster(proposers: 3, acceptors: 3, learners: 5, clients: 8)
        var driver = ClientDriver(11, of: cluster, proposer: desired)
        driver.start()
        let effects = driver.receive(
            .assign(driver.assign), from: Driver.leader(of: cluster))
        #expect(effects.sent("request").map(\.recipients) == [.one(NodeID(proposer))])
    }

    @Test("repeats its request, to the learners too, while it has no answer")
    func repeats() {
        var driver = ClientDriver.assigned()
        let effects = driver.wake(until: milliseconds(350))
        let requests = effects.sent("request")
        #expect(requests.count >= 3)
        #expect(requests.allSatisfy { $0.recipients == .nodes([0, 5, 6]) })
    }

    @Test("turns to the next proposer when its own is silent, and comes round")
    func failsOver() {
        var driver = ClientDriver.assigned(proposer: 1)
        let first = driver.wake(until: milliseconds(399)).sent("request")
        #expect(first.allSatisfy { !$0.recipients.contains(0) })
        let second = driver.wake(until: milliseconds(750)).sent("request")
        #expect(second.contains { $0.recipients == .nodes([0, 5, 6]) })
        let third = driver.wake(until: milliseconds(1_150)).sent("request")
        #expect(third.contains { $0.recipients == .nodes([1, 5, 6]) })
    }

    @Test("stays longer with a proposer that has answered")
    func pending() {
        var driver = ClientDriver.assigned(proposer: 1)
        driver.receive(.pending, from: Driver.member(1), at: milliseconds(10))
        let requests = driver.wake(until: milliseconds(1_600)).sent("request")
        #expect(requests.allSatisfy { !$0.recipients.contains(0) })
        let later = driver.wake(until: milliseconds(1_900)).sent("request")
        #expect(later.contains { $0.recipients.contains(0) })
        var other = ClientDriver.assigned(proposer: 1)
        other.receive(.pending, from: Driver.member(0), at: milliseconds(10))
        let turned = other.wake(until: milliseconds(750)).sent("request")
        #expect(turned.contains { $0.recipients.contains(0) })
    }

    @Test("reports the chosen value once, however often it is told, and says that it is done")
    func reportsOnce() {
        var driver = ClientDriver.assigned()
        let first = driver.receive(chosen, from: Driver.member(5))
        #expect(first.outputs == [.chosen([9])])
        #expect(first.sent(to: 3) == [.done(Done(clients: clients(0)))])
        for learner: NodeID in [5, 6, 5] {
            #expect(driver.receive(chosen, from: Driver.member(learner)).isEmpty)
        }
        #expect(!driver.wake(until: milliseconds(500)).sent("done").isEmpty)
        let over = driver.receive(.doneReceipt, from: Driver.leader(), at: milliseconds(501))
        #expect(over.outputs == [.finished] && driver.client.wakeTime == .never)
        #expect(driver.receive(.doneReceipt, from: Driver.leader()).isEmpty)
        #expect(driver.receive(chosen, from: Driver.member(5)).isEmpty)
    }

    @Test("takes a value from learners of its run only")
    func believesLearners() {
        var driver = ClientDriver.assigned()
        for node: NodeID in [0, 2, 8, 4_000_000_000] {
            #expect(driver.receive(chosen, from: Driver.member(node)).isEmpty)
        }
        #expect(driver.receive(chosen, from: origin(5, epoch: 76, life: 1)).isEmpty)
        #expect(driver.receive(chosen, from: origin(5, epoch: 0, life: 1)).isEmpty)
        #expect(driver.receive(.doneReceipt, from: Driver.leader()).isEmpty)
    }

    @Test("ends by itself when nobody takes note that it is done")
    func farewell() {
        var driver = ClientDriver.assigned()
        driver.receive(chosen, from: Driver.member(5), at: milliseconds(100))
        let foreign = driver.receive(
            .doneReceipt, from: Driver.leader(epoch: 5), at: milliseconds(101))
        #expect(foreign.isEmpty)
        let effects = driver.wake(until: milliseconds(1_100))
        #expect(effects.outputs == [.finished] && effects.sent("done").count >= 4)
    }

    @Test("asks the leader again from time to time, and enters a new leader's epoch")
    func renews() {
        var driver = ClientDriver.assigned()
        #expect(driver.wake(until: milliseconds(499)).sent("join").isEmpty)
        #expect(!driver.wake(until: milliseconds(600)).sent("join").isEmpty)
        driver.receive(.assign(driver.assign), from: Driver.leader(epoch: 90))
        #expect(driver.client.stamp.epoch == 90)
        let effects = driver.receive(chosen, from: origin(5, epoch: 90, life: 1))
        #expect(effects.outputs == [.chosen([9])])
    }

    @Test("times out saying who is silent, how many acceptors answered, how many are needed")
    func timesOut() throws {
        var driver = ClientDriver.assigned(timeout: .seconds(4))
        let early = driver.wake(until: milliseconds(2_400))
        #expect(early.sent("probe").isEmpty && early.outputs.isEmpty)
        let probing = driver.wake(until: milliseconds(3_500))
        #expect(!probing.sent("probe").isEmpty)
        for node: NodeID in [0, 1, 2, 6] {
            driver.receive(
                .present(Present(isEnrolled: node != 1, following: nil)),
                from: Driver.member(node), at: milliseconds(3_600))
        }
        let end = driver.wake(until: milliseconds(4_000))
        #expect(end.outputs.count == 2 && end.outputs.last == .finished)
        guard case .timedOut(let silence) = end.outputs.first else {
            Issue.record("no silence reported")
            return
        }
        #expect(silence.silent == [3, 4, 5] && silence.answeringAcceptors == [2])
        let expected =
            "No value was learned within 4 s: 1 of 3 acceptors answered, and a majority "
            + "needs 2; silent: node 3 (acceptor), node 4 (acceptor), node 5 (learner); "
            + "present without a role or a vote: node 1 (proposer)."
        #expect("\(silence)" == expected)
        #expect(end.sent("done").map(\.message) == [.done(Done(clients: clients(0)))])
        #expect(driver.client.wakeTime == .never)
    }

    @Test(
        "times out without a leader saying so, even if it is given hardly any time",
        arguments: [1, 250_000_000, 1_500_000_000] as [Int64])
    func timesOutAlone(nanoseconds: Int64) {
        var driver = ClientDriver(timeout: Interval(nanoseconds: nanoseconds))
        driver.start()
        let outputs = driver.wake(until: milliseconds(1_500)).outputs
        guard case .timedOut(let silence) = outputs.first else {
            Issue.record("no silence reported")
            return
        }
        #expect(!silence.wasAssigned && silence.silent == smallCluster.nodes)
        #expect("\(silence)".contains("0 of 3 acceptors answered, and a majority needs 2"))
        #expect("\(silence)".contains("no leader has assigned the roles"))
        if nanoseconds == 250_000_000 { #expect("\(silence)".contains("within 0.250 s")) }
    }

    @Test("ignores strangers and every message that is not for clients")
    func strangers() {
        var driver = ClientDriver.assigned()
        let before = driver.client
        for (message, sender) in [
            (Message.shutdown, Driver.leader()), (.probe, Driver.leader()),
            (.prepare(Prepare(ballot: ballot(1))), Driver.member(0)),
            (.doneReceipt, Driver.leader()), (chosen, Driver.member(70)),
        ] {
            #expect(driver.receive(message, from: sender).isEmpty)
        }
        #expect(driver.client == before)
    }
}
