import ConsensusCore
import Testing

@testable import PaxosNode

@Suite("Ring election, whole rings")
struct ElectionRunTests {
    @Test(
        "the highest UID is elected, and all follow it",
        arguments: [(1, 1, 1), (1, 3, 1), (3, 3, 5)])
    func highest(proposers: Int, acceptors: Int, learners: Int) {
        var network = Network(
            Cluster(proposers: proposers, acceptors: acceptors, learners: learners, clients: 1))
        network.startAll()
        network.run(until: milliseconds(3_000))
        let highest = NodeID(index: proposers + acceptors + learners - 1)
        #expect(network.leaders == [highest])
        let followed = network.nodes.compactMap { $0?.election.leader?.leader }
        #expect(followed == network.cluster.nodes.map { _ in highest })
        #expect(network.spinning.isEmpty)
    }

    @Test(
        "under loss, duplication and delay all come to follow one leader, the highest",
        arguments: 0..<20 as Range<UInt64>)
    func faulty(seed: UInt64) {
        var network = Network(smallCluster, seed: seed, faults: .heavy)
        network.startAll()
        let agreed = network.run(until: milliseconds(10_000)) { network in
            let claims = network.nodes.map { $0?.election.leader }
            return Set(claims).count == 1 && claims[0] != nil
                && network.nodes.allSatisfy { $0?.hasRole == true }
        }
        #expect(agreed && network.leading == [6])
        #expect(network.spinning.isEmpty)
    }

    @Test(
        "nodes started seconds apart, in any order, end up with one leader line",
        arguments: 0..<10 as Range<UInt64>)
    func anyOrder(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var order = Array(smallCluster.nodes)
        for index in order.indices.dropFirst() {
            order.swapAt(index, Int(random.below(UInt64(index + 1))))
        }
        var network = Network(smallCluster, seed: seed)
        for node in order {
            network.start(node)
            network.run(until: network.now + random.interval(in: .zero...(.seconds(3))))
        }
        network.run(until: network.now + .seconds(6))
        #expect(network.leading.count == 1 && network.leaders.count == 1)
        for node in smallCluster.nodes {
            #expect(network.roles(of: node) == [smallCluster.role(of: node)])
        }
    }

    @Test(
        "dead nodes on the ring are passed over: the highest that lives is elected",
        arguments: [[0], [6], [5, 6], [1, 3, 5], [0, 1, 2, 3, 4]] as [[NodeID]])
    func deadNodes(dead: [NodeID]) {
        var network = Network(smallCluster)
        for node in smallCluster.nodes where !dead.contains(node) { network.start(node) }
        let ended = network.run(until: milliseconds(9_000)) { network in
            network.nodes.allSatisfy { $0.map(\.election.newsReturnedOrFollows) ?? true }
        }
        let highest = smallCluster.nodes.filter { !dead.contains($0) }.max()
        #expect(ended && network.leaders == [highest])
    }

    @Test(
        "a leader that dies before it assigns roles is replaced by the next highest",
        arguments: [true, false])
    func leaderDies(beforeNews: Bool) {
        var network = Network(smallCluster)
        network.startAll()
        let died = network.run(until: milliseconds(2_000)) { network in
            let leader = network.nodes[6]
            return beforeNews
                ? leader?.election.isLeader == true : leader?.election.newsReturned == true
        }
        network.kill(6)
        #expect(died)
        let replaced = network.run(until: milliseconds(12_000)) { network in
            network.leading == [5] && (0..<6).allSatisfy { network.nodes[$0]?.hasRole == true }
        }
        #expect(replaced)
        #expect(network.leaders == [6, 5])
        for node in smallCluster.nodes.removing(6) {
            #expect(network.roles(of: node) == [smallCluster.role(of: node)])
        }
    }

    @Test("a leader that dies while its token is under way is replaced by the next highest")
    func candidateDies() {
        var network = Network(smallCluster)
        network.startAll()
        let isUnderWay = network.run(until: milliseconds(1_000)) { network in
            network.sent.contains { $0.message.kind == "token" && $0.to == 3 }
        }
        network.kill(6)
        #expect(isUnderWay)
        let replaced = network.run(until: milliseconds(12_000)) { network in
            (0..<6).allSatisfy { network.nodes[$0]?.hasRole == true }
        }
        #expect(replaced && network.leaders == [5])
    }

    @Test("two halves elect two leaders, and the lower claim gives way when they meet")
    func split() {
        var network = Network(smallCluster)
        network.loses = { ($0.from.node < 3) != ($0.to < 3) }
        network.startAll()
        network.run(until: milliseconds(4_000))
        #expect(Set(network.leading) == [2, 6])
        network.loses = { _ in false }
        let healed = network.run(until: milliseconds(14_000)) { network in
            network.leading.count == 1 && Set(network.nodes.map { $0?.stamp.epoch }).count == 1
        }
        #expect(healed)
        for node in smallCluster.nodes {
            #expect(network.roles(of: node) == [smallCluster.role(of: node)])
        }
    }

    @Test("no host is asked to wake at once for ever, whatever round a datagram names")
    func forgedRounds() {
        var network = Network(smallCluster)
        network.startAll()
        network.run(until: milliseconds(500))
        let forger = origin(0, epoch: 1, life: 9)
        for node in smallCluster.nodes {
            network.inject(
                .token(Token(round: .max, candidate: 0, incarnation: 9)), from: forger, to: node)
        }
        network.run(until: milliseconds(60_000))
        #expect(network.spinning.isEmpty)
    }
}

extension RingElection {
    /// Whether this node takes the election for over.
    fileprivate var newsReturnedOrFollows: Bool { isLeader ? newsReturned : leader != nil }
}
