import ConsensusCore
import Testing

@testable import PaxosNode

/// The log as a whole, on a network without faults but those a test makes.
@Suite struct LogRunTests {
    static let shapes = [
        LogCluster(replicas: 1), LogCluster(replicas: 2), LogCluster(replicas: 3),
        LogCluster(replicas: 4), LogCluster(replicas: 5),
        LogCluster(proposers: 1, acceptors: 3, learners: 1),
        LogCluster(proposers: 2, acceptors: 3, learners: 2),
        LogCluster(proposers: 3, acceptors: 5, learners: 3),
    ]

    private func bytes(_ answer: ClientAnswer?) -> [UInt8]? {
        if case .success(.bytes(let bytes))? = answer?.result { return bytes }
        return nil
    }

    @Test(arguments: shapes)
    func commandsAreAppliedInOneOrderEverywhere(cluster: LogCluster) {
        var network = LogNetwork(cluster, clients: 3)
        var calls: [UInt64] = []
        for round in 0..<20 {
            for client in 0..<3 {
                calls.append(
                    network.call(.command([UInt8(client), UInt8(round)]), of: client))
            }
            let answered = network.run { network in
                calls.allSatisfy { network.answers[$0] != nil }
            }
            #expect(answered)
        }
        for call in calls { #expect(bytes(network.answers[call]) != nil) }
        let settled = network.run { network in
            cluster.learners.allSatisfy { network.nodes[$0.index]?.applied.count == 60 }
        }
        #expect(settled)
        let orders = cluster.learners.map { network.nodes[$0.index]?.applied ?? [] }
        for order in orders { #expect(order == orders[0]) }
    }

    @Test(arguments: shapes)
    func aQuerySeesWhatWasAnsweredBefore(cluster: LogCluster) {
        var network = LogNetwork(cluster, clients: 2)
        for round in 0..<10 {
            let write = network.call(.command([UInt8(round)]))
            #expect(network.run { $0.answers[write] != nil })
            let read = network.call(.query([]), of: 1)
            #expect(network.run { $0.answers[read] != nil })
            #expect(bytes(network.answers[read]) == (0...round).map { UInt8($0) })
        }
    }

    @Test func aSteadyCommandTakesOneAcceptAndOneAnswerPerAcceptor() {
        var network = LogNetwork(LogCluster(replicas: 3))
        let first = network.call(.command([1]))
        #expect(network.run { $0.answers[first] != nil })
        network.sent = [:]
        let second = network.call(.command([2]))
        #expect(network.run { $0.answers[second] != nil })
        #expect(network.sent["prepare"] == nil)
        #expect(network.sent["accept"] == 2)
        #expect(network.sent["accepted"] == 2)
        #expect(network.sent["request"] == 1)
    }

    @Test func whenTheLeaderDiesAnotherTakesOverWithinASecond() {
        var network = LogNetwork(LogCluster(replicas: 3))
        let first = network.call(.command([1]))
        #expect(network.run { $0.answers[first] != nil })
        let leader = network.nodes.firstIndex { $0?.tenure != nil }
        network.stop(NodeID(index: leader!))
        let begin = network.now
        let second = network.call(.command([2]))
        #expect(network.run { $0.answers[second] != nil })
        #expect(network.now - begin < .seconds(1))
    }

    @Test func aNodeThatWasAwayCatchesUpBySlotsOrBySnapshot() {
        for kept in [1_000, 2] as [UInt64] {
            var network = LogNetwork(
                LogCluster(replicas: 3),
                options: LogOptions(snapshotBytes: 500, snapshotSlots: 10, keptSlots: kept))
            let away: NodeID = 2
            network.isolate(away)
            for round in 0..<50 {
                let call = network.call(.command([UInt8(round)]))
                #expect(network.run { $0.answers[call] != nil })
            }
            #expect(network.nodes[2]?.applied.isEmpty == true)
            network.cut = []
            #expect(network.run { $0.nodes[2]?.applied.count == 50 })
            #expect(network.nodes[2]?.applied == network.nodes[0]?.applied)
            #expect((network.sent["snapshotPart"] ?? 0 > 0) == (kept == 2))
        }
    }

    @Test(arguments: shapes)
    func everythingIsThereAfterAllHaveCrashed(cluster: LogCluster) {
        var network = LogNetwork(
            cluster, options: LogOptions(snapshotBytes: 400, snapshotSlots: 8, keptSlots: 3))
        for round in 0..<30 {
            let call = network.call(.command([UInt8(round)]))
            #expect(network.run { $0.answers[call] != nil })
        }
        for node in cluster.nodes { network.stop(node) }
        for node in cluster.nodes { network.start(node) }
        let read = network.call(.query([]))
        #expect(network.run { $0.answers[read] != nil })
        #expect(bytes(network.answers[read]) == (0..<30).map { UInt8($0) })
    }

    @Test func withoutAMajorityACallFailsAndSaysWhoIsSilent() {
        var network = LogNetwork(LogCluster(replicas: 3))
        let first = network.call(.command([1]))
        #expect(network.run { $0.answers[first] != nil })
        network.stop(1)
        network.stop(2)
        let second = network.call(.command([2]), timeout: .seconds(4))
        #expect(network.run { $0.answers[second] != nil })
        guard case .failure(.timedOut(let silence))? = network.answers[second]?.result else {
            Issue.record("\(String(describing: network.answers[second]))")
            return
        }
        #expect(silence.present == [0])
    }

    @Test func anAcceptorThatForgotItsPromisesVotesNoMore() {
        var network = LogNetwork(LogCluster(replicas: 3))
        let first = network.call(.command([1]))
        #expect(network.run { $0.answers[first] != nil })
        _ = network.run(.seconds(2))
        network.stop(2)
        network.disks[2] = []
        network.start(2)
        #expect(
            network.run { network in network.outputs.contains { $0.output == .refused(.forgotten) }
            })
        // It still learns.
        let second = network.call(.command([2]))
        #expect(network.run { $0.nodes[2]?.applied.count == 2 })
        #expect(network.answers[second] != nil)
        #expect(network.nodes[2]?.isVoting == false)
    }

    @Test func statusNamesTheLeaderAndTheSilent() {
        var network = LogNetwork(LogCluster(replicas: 3))
        let first = network.call(.command([1]))
        #expect(network.run { $0.answers[first] != nil })
        network.stop(2)
        let call = network.call(.status(.omitted))
        #expect(network.run { $0.answers[call] != nil })
        guard case .success(.status(let statuses))? = network.answers[call]?.result else {
            Issue.record("no status")
            return
        }
        #expect(statuses.map { $0.report?.role } == ["leader", "replica", nil])
    }
}
