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
}
