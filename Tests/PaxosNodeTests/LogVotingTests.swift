import ConsensusCore
import Testing

@testable import PaxosNode

@Suite("What an acceptor of the log answers to signs of life")
struct LogVotingTests {
    private func heartbeat(
        _ ballot: Ballot, chosen: Slot = 0, truncatable: Slot = 0
    ) -> LogMessage {
        .heartbeat(LogHeartbeat(ballot: ballot, round: 1, chosen: chosen, truncatable: truncatable))
    }

    @Test("the leader of a ballot lower than the one promised is told so, and not confirmed")
    func lowerBallot() {
        var driver = LogDriver(0, of: LogCluster(replicas: 3))
        driver.meetAll()
        let prepare = LogMessage.prepare(LogPrepare(ballot: ballot(4), from: 1))
        #expect(driver.receive(prepare, from: 1).records.contains(.promised(ballot(4))))
        let effects = driver.receive(heartbeat(ballot(2)), from: 2)
        #expect(effects.sent("nack").count == 1 && effects.sent("pulse").isEmpty)
        #expect(driver.receive(heartbeat(ballot(4)), from: 1).sent("pulse").count == 1)
    }

    @Test("slots are forgotten at a leader's word only with a promise of its ballot")
    func forgetting() {
        let cluster = LogCluster(proposers: 1, acceptors: 3, learners: 1)
        var driver = LogDriver(1, of: cluster)
        driver.meetAll()
        let first = driver.receive(
            .accept(LogAccept(ballot: ballot(5), first: 1, values: [[1]], chosen: 0)), from: 0)
        #expect(!first.records.isEmpty)
        let effects = driver.receive(heartbeat(ballot(10), chosen: 1, truncatable: 1), from: 0)
        #expect(effects.records == [.promised(ballot(10)), .truncated(1)])
    }
}
