import ConsensusCore
import Testing

@testable import PaxosNode

@Suite("What a node of the log finds again after a crash")
struct LogRecoveryTests {
    /// A slot's value with one command.
    private func batch(_ command: [UInt8]) -> [UInt8] {
        var batch = CommandBatch()
        let id = CommandID(session: 1, sequence: 1)
        batch.append(CommandHeader(id: id, answeredBelow: 0), command)
        return batch.take()
    }

    private func accept(_ number: UInt64, _ command: [UInt8]) -> LogMessage {
        .accept(
            LogAccept(ballot: ballot(number), first: 1, values: [batch(command)], chosen: 0))
    }

    @Test("a late proposal of a lower ballot does not take the place of what is known to be chosen")
    func lateProposal() {
        // Five replicas: [1] is accepted at ballot 6 by node 0 and one other, [2] at ballot 8 only by its
        // proposer so far, and [1] again at ballot 12 by a majority that node 0 is none of. It learns
        // that from node 2, which was asked because nobody else was heard; then ballot 8 gets to it.
        var driver = LogDriver(0, of: LogCluster(replicas: 5))
        driver.meetAll()
        var records = driver.receive(accept(6, [1]), from: 1).records
        records +=
            driver.receive(
                .chosen(ChosenValues(first: 1, values: [batch([1])], chosen: 1)), from: 2
            ).records
        #expect(driver.node.applied == [[1]])
        records += driver.receive(accept(8, [2]), from: 3).records
        records += driver.wake().records
        #expect(records.last == .chosen(1))

        let restarted = LogDriver(0, of: LogCluster(replicas: 5), records: records)
        #expect(restarted.node.applied == [[1]])
    }

    @Test("an acceptor forgets no slots before it votes, or it would vouch for an earlier leader")
    func truncationWithoutVote() {
        // It hears a leader, but no other acceptor remembers it yet: it cannot promise that one's ballot.
        let cluster = LogCluster(proposers: 2, acceptors: 3, learners: 2)
        var driver = LogDriver(3, of: cluster)
        var records: [LogRecord] = [.incarnation(driver.node.incarnation)]
        for other in cluster.nodes.removing(3) {
            driver.receive(
                .welcome(Welcome(proof: driver.node.incarnation, remembered: 0)), from: other)
        }
        let latest = LogAccept(ballot: ballot(8), first: 6, values: [batch([6])], chosen: 5)
        records += driver.receive(.accept(latest), from: 1).records
        let heartbeat = LogHeartbeat(ballot: ballot(8), round: 1, chosen: 5, truncatable: 5)
        records += driver.receive(.heartbeat(heartbeat), from: 1).records

        // After a crash it meets the leader of a lower ballot, whose proposal of slot 1 may not be what
        // ballot 8 chose. That one must not have it from here that the slot is chosen.
        driver = LogDriver(3, of: cluster, records: records)
        driver.meetAll()
        #expect(driver.receive(accept(7, [1]), from: 0).sent("chosen").isEmpty)
    }

    @Test("an acceptor forgets no slots that nobody has asked it to accept anything in")
    func truncationAhead() {
        let cluster = LogCluster(proposers: 2, acceptors: 3, learners: 2)
        var driver = LogDriver(3, of: cluster)
        driver.meetAll()
        let accept = LogAccept(
            ballot: ballot(8), first: 1, values: [batch([1]), batch([2])], chosen: 0)
        driver.receive(.accept(accept), from: 1)
        let far = LogHeartbeat(ballot: ballot(8), round: 1, chosen: 900, truncatable: 900)
        let effects = driver.receive(.heartbeat(far), from: 1)
        #expect(effects.records.contains(.truncated(2)))
        #expect(driver.node.acceptor?.truncated == 2)
        // One that was away forgets what it has missed once it is to go on.
        let next = LogAccept(ballot: ballot(8), first: 901, values: [batch([3])], chosen: 900)
        driver.receive(.accept(next), from: 1)
        driver.receive(.heartbeat(far), from: 1)
        #expect(driver.node.acceptor?.truncated == 900)
    }

    @Test("a snapshot that the service cannot read is not passed over in silence")
    func unreadableSnapshot() throws {
        let cluster = LogCluster(replicas: 1)
        let readable = Recorder().snapshot()
        let fine = LogDriver(0, of: cluster, records: [.incarnation(7), .snapshot(5, readable)])
        #expect(fine.node.recoveryFault == nil && fine.node.learner?.applied == 5)
        let other = LogDriver(
            0, of: cluster, records: [.incarnation(7), .snapshot(5, [0xff, 0xff, 0xff])])
        let fault = try #require(other.node.recoveryFault)
        #expect(fault.contains("after slot 5, 3 bytes") && fault.hasSuffix("."))
    }

    @Test("as many slots as a node cannot hold are not left to wait for a snapshot")
    func tooManySlots() async {
        await #expect(processExitsWith: .failure) {
            _ = LogNode(
                cluster: LogCluster(replicas: 1), node: 0, state: Recorder(), seed: 1,
                options: LogOptions(snapshotSlots: (1 << 18) - 10, keptSlots: 10))
        }
        _ = LogNode(
            cluster: LogCluster(replicas: 1), node: 0, state: Recorder(), seed: 1,
            options: LogOptions(snapshotSlots: (1 << 18) - 11, keptSlots: 10))
    }
}
