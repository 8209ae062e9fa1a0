import ConsensusCore
import Testing

@testable import PaxosNode

/// How a log gets over much that was accepted and is in no snapshot yet.
@Suite struct LogBacklogTests {
    /// Has a client perform commands of which each fills a datagram.
    private func perform(_ count: Int, _ network: inout LogNetwork) {
        var calls: [UInt64] = []
        for round in 0..<count {
            var command = LogSamples.bytes(30_000)
            command[0] = UInt8(round)
            calls.append(network.call(.command(command)))
            if round % 16 == 15 {
                #expect(network.run { network in calls.allSatisfy { network.answers[$0] != nil } })
            }
        }
        #expect(network.run { network in calls.allSatisfy { network.answers[$0] != nil } })
    }

    @Test("a phase 1 of many pages comes to its end, though others would lead too")
    func longPhaseOne() {
        var network = LogNetwork(LogCluster(proposers: 3, acceptors: 3, learners: 2))
        perform(150, &network)
        let leader = network.nodes.firstIndex { $0?.tenure != nil }
        network.stop(NodeID(index: leader!))
        // Each page takes 20 ms: 3 s in all.
        network.delay = .milliseconds(10)
        let call = network.call(.command([1]))
        #expect(network.run(.seconds(12)) { $0.answers[call] != nil })
    }

    @Test("a replica that was away is sent what it misses about once")
    func valuesOnce() {
        var network = LogNetwork(LogCluster(replicas: 3))
        network.isolate(2)
        perform(120, &network)
        network.cut = []
        network.sent = [:]
        #expect(network.run { $0.nodes[2]?.applied.count == 120 })
        #expect(network.sent["chosen"]! < 180)
    }

    @Test("a learner whom only acceptors can help does not wait for each page of what it misses")
    func votesInTurn() {
        var network = LogNetwork(LogCluster(proposers: 1, acceptors: 3, learners: 1))
        perform(100, &network)
        let learner = network.cluster.learners.first!
        network.stop(learner)
        network.disks[learner.index] = []
        network.start(learner)
        #expect(network.run(.seconds(3)) { $0.nodes[learner.index]?.applied.count == 100 })
    }
}
