import ConsensusCore
import Testing

@testable import PaxosNode

/// A leader that serves its cluster goes on leading, whatever a proposer that cannot see so does.
@Suite struct LogStabilityTests {
    /// What is cut between the leader, one other proposer and the rest.
    enum Cut: CaseIterable {
        case doesNotHearTheLeader, isNotHeardByTheLeader, neither
        case hearsNobody, isHeardByNobody, isolated

        func apply(to network: inout LogNetwork, leader: NodeID, outsider: NodeID) {
            let others = network.cluster.nodes.removing(outsider)
            let toLeader = [[outsider, leader]]
            let fromLeader = [[leader, outsider]]
            let toAll = others.map { [outsider, $0] }
            let fromAll = others.map { [$0, outsider] }
            network.cut =
                switch self {
                case .doesNotHearTheLeader: Set(fromLeader)
                case .isNotHeardByTheLeader: Set(toLeader)
                case .neither: Set(fromLeader + toLeader)
                case .hearsNobody: Set(fromAll)
                case .isHeardByNobody: Set(toAll)
                case .isolated: Set(fromAll + toAll)
                }
        }
    }

    static let shapes = [
        LogCluster(replicas: 3), LogCluster(replicas: 5),
        LogCluster(proposers: 3, acceptors: 3, learners: 2),
    ]

    @Test(
        "a proposer that is partly cut off neither takes over nor stops the others",
        arguments: shapes)
    func partlyCutOff(cluster: LogCluster) throws {
        for cut in Cut.allCases {
            var network = LogNetwork(cluster, clients: 2)
            let first = network.call(.command([1]))
            #expect(network.run { $0.answers[first] != nil })
            let leader = try #require(
                cluster.nodes.first { network.nodes[$0.index]?.tenure != nil })
            let outsider = try #require(cluster.proposers.removing(leader).first { _ in true })
            network.outputs = []
            cut.apply(to: &network, leader: leader, outsider: outsider)
            // The second client asks the outsider first.
            var slowest = Interval.zero
            for round in 0..<150 {
                let begin = network.now
                let calls = [
                    network.call(.command([UInt8(round)])), network.call(.query([]), of: 1),
                ]
                let isAnswered = network.run { network in
                    calls.allSatisfy { network.answers[$0] != nil }
                }
                #expect(isAnswered)
                slowest = max(slowest, network.now - begin)
                _ = network.run(.milliseconds(200))
            }
            #expect(slowest < .milliseconds(500), "\(cut): \(slowest)")
            // Nor does it depose the leader when it is back.
            network.cut = []
            _ = network.run(.seconds(5))
            let led = network.outputs.contains {
                if case .leads = $0.output { true } else { false }
            }
            #expect(!led, "\(cut)")
            #expect(network.nodes[leader.index]?.tenure != nil)
            let learners = cluster.learners.map { network.nodes[$0.index]?.applied.count ?? 0 }
            #expect(Set(learners).count == 1, "\(cut): \(learners)")
        }
    }
}
