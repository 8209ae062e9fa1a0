import ConsensusCore
import Testing

@testable import PaxosNode

@Suite("The end of a run")
struct EndingTests {
    /// A leader in whose run these con nodes were heard from and have their roles.
    private func leader(
        hearing nodes: [NodeID], options: NodeOptions = NodeOptions()
    ) -> Driver {
        var leader = Driver.leading(options: options)
        for node in nodes {
            let member = member(node, of: leader)
            leader.receive(.join(Join(attempt: 0)), from: member)
            leader.receive(.confirm(leader.confirm()), from: member)
        }
        return leader
    }

    private func member(_ node: NodeID, of leader: Driver) -> Origin {
        origin(node, epoch: leader.node.stamp.epoch, life: 10 + UInt64(node.rawValue))
    }

    private let others: [NodeID] = [0, 1, 2, 3, 4, 5]

    private func done(_ positions: Int...) -> Message {
        var set = ClientSet()
        for position in positions { set.insert(position) }
        return .done(Done(clients: set))
    }

    @Test("shutdown comes only after all clients are done, and each done is answered and recorded")
    func afterAllClients() {
        var leader = leader(hearing: others)
        let first = leader.receive(done(0), from: member(7, of: leader), at: milliseconds(10))
        #expect(first.sent(to: 7) == [.doneReceipt] && first.sent("shutdown").isEmpty)
        #expect(first.records == [.done(0)])
        let again = leader.receive(done(0), from: member(7, of: leader), at: milliseconds(11))
        #expect(again.sent(to: 7) == [.doneReceipt] && again.records.isEmpty)
        #expect(leader.wake(until: milliseconds(5_000)).sent("shutdown").isEmpty)
        let last = leader.receive(done(1), from: member(8, of: leader), at: milliseconds(5_001))
        #expect(last.records == [.done(1)])
        #expect(last.sent("shutdown").map(\.recipients) == [.nodes([0, 1, 2, 3, 4, 5])])
    }

    @Test("a done that names a client of no line of the hosts file counts for nothing")
    func strangers() {
        var leader = leader(hearing: others)
        let effects = leader.receive(
            done(0, 2, 3, 200_000), from: member(7, of: leader), at: milliseconds(10))
        #expect(effects.records == [.done(0)] && leader.node.done == clients(0))
    }

    @Test("a done left over from an earlier run counts for nothing, even after that life's join")
    func leftovers() {
        var leader = leader(hearing: others)
        leader.receive(.join(Join(attempt: 0)), from: origin(7, life: 99), at: milliseconds(10))
        let earlier = leader.receive(
            done(0), from: origin(7, epoch: 4_242, life: 99), at: milliseconds(11))
        #expect(earlier.isEmpty && leader.node.done.isEmpty)
        // A client that gave up before it was told of any run says so without an epoch.
        let given = leader.receive(done(0), from: origin(7, life: 99), at: milliseconds(12))
        #expect(given.records == [.done(0)])
    }

    @Test("other nodes' knowledge of who is done counts, too")
    func hearsay() {
        var leader = leader(hearing: others)
        let relayed = leader.receive(
            done(0, 1), from: member(3, of: leader), at: milliseconds(10))
        #expect(relayed.sent("shutdown").count == 1 && relayed.sent("doneReceipt").isEmpty)
        var other = self.leader(hearing: Array(others.dropLast()))
        let confirm = Message.confirm(other.confirm(done: clients(0, 1)))
        let effects = other.receive(confirm, from: member(5, of: other), at: milliseconds(10))
        #expect(!effects.sent("shutdown").isEmpty)
    }

    @Test("shutdown is repeated to each until its receipt comes; then the leader ends at once")
    func repeated() {
        var leader = leader(hearing: others)
        leader.receive(done(0, 1), from: member(7, of: leader), at: milliseconds(10))
        for node in others.dropLast() {
            leader.receive(.shutdownReceipt, from: member(node, of: leader), at: milliseconds(11))
        }
        let repeats = leader.wake(until: milliseconds(500)).sent("shutdown")
        #expect(repeats.count >= 3)
        #expect(repeats.allSatisfy { $0.recipients == .nodes([5]) })
        let end = leader.receive(
            .shutdownReceipt, from: member(5, of: leader), at: milliseconds(501))
        #expect(end.outputs == [.finished] && leader.node.wakeTime == .never)
        #expect(leader.receive(.shutdownReceipt, from: member(5, of: leader)).isEmpty)
    }

    @Test("one that was alive and is silent is waited for no longer than its patience")
    func deadNode() {
        var leader = leader(hearing: others)
        leader.receive(done(0, 1), from: member(7, of: leader), at: milliseconds(10))
        for node in others.dropLast() {
            leader.receive(.shutdownReceipt, from: member(node, of: leader), at: milliseconds(11))
        }
        #expect(leader.wake(until: milliseconds(1_009)).outputs.isEmpty)
        #expect(leader.wake(until: milliseconds(1_011)).outputs == [.finished])
    }

    // The leader heard node 5 while it was elected, so the one that never appeared is node 0.

    @Test("one that never appeared is awaited no longer than the latecomer's patience")
    func latecomers() {
        var leader = leader(hearing: Array(others.dropFirst()))
        leader.receive(done(0, 1), from: member(7, of: leader), at: milliseconds(10))
        for node in others.dropFirst() {
            leader.receive(.shutdownReceipt, from: member(node, of: leader), at: milliseconds(11))
        }
        let end = milliseconds(10) + Timing.latecomerPatience
        #expect(leader.wake(until: end + .milliseconds(-1)).outputs.isEmpty)
        #expect(leader.wake(until: end + .milliseconds(1)).outputs == [.finished])
    }

    @Test("one that appears late is told at once")
    func appearsLate() {
        var leader = leader(hearing: Array(others.dropFirst()))
        leader.receive(done(0, 1), from: member(7, of: leader), at: milliseconds(10))
        for node in others.dropFirst() {
            leader.receive(.shutdownReceipt, from: member(node, of: leader), at: milliseconds(11))
        }
        _ = leader.wake(until: milliseconds(3_000))
        let late = member(0, of: leader)
        let joined = leader.receive(
            .join(Join(attempt: 0)), from: origin(0, life: 10), at: milliseconds(3_000))
        #expect(!joined.sent(to: 0).isEmpty)
        let confirmed = leader.receive(
            .confirm(leader.confirm()), from: late, at: milliseconds(3_001))
        #expect(confirmed.sent(to: 0).contains(.shutdown))
        let end = leader.receive(.shutdownReceipt, from: late, at: milliseconds(3_002))
        #expect(end.outputs == [.finished])
    }

    @Test("receipts of clients and strangers count for nothing and do no harm")
    func strangeReceipts() {
        var leader = leader(hearing: others)
        leader.receive(done(0, 1), from: member(7, of: leader), at: milliseconds(10))
        for node: NodeID in [7, 8, 63, 64, 4_000_000_000] {
            let effects = leader.receive(
                .shutdownReceipt, from: member(node, of: leader), at: milliseconds(11))
            #expect(effects.outputs.isEmpty)
        }
        #expect(leader.node.ending?.confirmed == [])
    }

    @Test("a node confirms a shutdown and ends; after that it says nothing")
    func nodeEnds() {
        var driver = Driver.enrolled(3)
        let effects = driver.receive(.shutdown, from: Driver.leader())
        #expect(effects.sent(to: 6) == [.shutdownReceipt] && effects.outputs == [.finished])
        #expect(driver.node.wakeTime == .never)
        #expect(driver.receive(.shutdown, from: Driver.leader()).isEmpty)
        #expect(driver.wake(at: milliseconds(9_000)).isEmpty)
    }

    @Test("a client cannot end the run")
    func clientsCannot() {
        var driver = Driver.enrolled(3)
        for node: NodeID in [7, 8, 64] {
            #expect(driver.receive(.shutdown, from: Driver.member(node)).isEmpty)
        }
    }

    @Test("`stay` neither ends a member nor a leader, who goes on being polite and idle")
    func stay() {
        let options = NodeOptions(whenClientsAreDone: .stay)
        var driver = Driver.enrolled(3, options: options)
        let told = driver.receive(.shutdown, from: Driver.leader())
        #expect(told.outputs.isEmpty && told.sent(to: 6) == [.shutdownReceipt])
        var leader = leader(hearing: others, options: options)
        leader.receive(done(0, 1), from: member(7, of: leader), at: milliseconds(10))
        for node in others {
            leader.receive(.shutdownReceipt, from: member(node, of: leader), at: milliseconds(11))
        }
        for second in 1...20 {
            let now = milliseconds(Int64(second) * 1_000)
            let effects = leader.wake(at: now)
            #expect(effects.outputs.isEmpty && leader.node.wakeTime > now)
        }
    }

    @Test("without clients in the hosts file a run has no end")
    func noClients() {
        let cluster = Cluster(proposers: 1, acceptors: 1, learners: 1, clients: 0)
        var leader = Driver.leading(cluster)
        #expect(leader.wake(until: milliseconds(20_000)).outputs.isEmpty)
    }
}

@Suite("Whole runs")
struct RunTests {
    @Test(
        "every client is told one value, once, and everything ends",
        arguments: [(1, 1, 1, 1), (3, 3, 5, 8), (1, 3, 1, 4), (2, 4, 1, 2)])
    func quiet(proposers: Int, acceptors: Int, learners: Int, count: Int) {
        let cluster = Cluster(
            proposers: proposers, acceptors: acceptors, learners: learners, clients: count)
        var network = Network(cluster)
        network.startAll()
        network.startClients()
        network.run(until: milliseconds(20_000)) { $0.isOver }
        #expect(network.isOver && network.spinning.isEmpty)
        #expect(network.values.count == count && Set(network.values).count == 1)
        #expect(Set(network.finishedNodes).count == cluster.nodeCount)
        #expect(network.now < milliseconds(300))
    }

    @Test("the same under loss, duplication and delay", arguments: 0..<40 as Range<UInt64>)
    func faulty(seed: UInt64) {
        var network = Network(
            Cluster(proposers: 3, acceptors: 3, learners: 2, clients: 4), seed: seed,
            faults: .heavy)
        network.startAll()
        network.startClients()
        network.run(until: milliseconds(30_000)) { $0.isOver }
        #expect(network.isOver && network.spinning.isEmpty)
        #expect(network.values.count == 4)
        #expect(Set(network.values + network.learned).count == 1)
    }

    @Test(
        "a minority of acceptors, a proposer and all learners but one may die at any time",
        arguments: 0..<40 as Range<UInt64>)
    func crashes(seed: UInt64) {
        let cluster = Cluster(proposers: 2, acceptors: 5, learners: 3, clients: 3)
        var random = RandomSource(seed: seed)
        var network = Network(cluster, seed: seed)
        network.startAll()
        network.startClients()
        var doomed: [NodeID] = [0, 2, 3, 8, 9]
        while !doomed.isEmpty {
            network.run(until: network.now + .microseconds(Int64(random.below(1_500))))
            network.kill(doomed.remove(at: Int(random.below(UInt64(doomed.count)))))
        }
        network.run(until: milliseconds(40_000)) { $0.isOver }
        #expect(network.isOver && network.spinning.isEmpty)
        #expect(network.values.count == 3)
        #expect(Set(network.values + network.learned).count == 1)
    }

    @Test(
        "without a majority of acceptors each client is told so, and never a value",
        arguments: 0..<5 as Range<UInt64>)
    func noMajority(seed: UInt64) {
        var network = Network(smallCluster, seed: seed)
        for node: NodeID in [0, 1, 3, 5, 6] { network.start(node) }
        network.startClients()
        network.run(until: milliseconds(40_000)) { $0.isOver }
        let silences = network.clientOutputs.compactMap { entry -> Silence? in
            if case .timedOut(let silence) = entry.output { silence } else { nil }
        }
        #expect(silences.count == 2 && network.values.isEmpty && network.learned.isEmpty)
        for silence in silences {
            #expect(silence.answeringAcceptors == [3] && silence.silent == [2, 4])
        }
        #expect(network.isOver)
    }

    @Test("a client that gave up before it was assigned does not keep the run from ending")
    func impatientClient() {
        var network = Network(smallCluster)
        network.startClient(0, timeout: .milliseconds(300))
        network.run(until: milliseconds(150))
        network.loses = { $0.to == 7 }
        network.startAll()
        network.startClient(1)
        network.run(until: milliseconds(1_000))
        network.loses = { _ in false }
        network.run(until: milliseconds(30_000)) { $0.isOver }
        #expect(network.isOver)
    }

    @Test("one that stays has its idle processor to itself")
    func stay() {
        var network = Network(smallCluster)
        network.startAll(options: NodeOptions(whenClientsAreDone: .stay))
        network.startClients()
        network.run(until: milliseconds(30_000))
        #expect(network.values.count == 2 && network.finishedNodes.isEmpty)
        #expect(network.spinning.isEmpty)
    }

    @Test("the same arguments give the same run")
    func replay() {
        func trace(seed: UInt64) -> [Instant] {
            var network = Network(smallCluster, seed: seed, faults: .heavy)
            network.startAll()
            network.startClients()
            network.run(until: milliseconds(3_000))
            return network.sent.map(\.time)
        }
        #expect(trace(seed: 9) == trace(seed: 9))
        #expect(trace(seed: 9) != trace(seed: 10))
    }
}
