import ConsensusCore
import Testing

@testable import PaxosNode

/// A slot's value: one command.
func batch(_ command: UInt8) -> [UInt8] {
    var batch = CommandBatch()
    batch.append(
        CommandHeader(id: CommandID(session: 1, sequence: UInt64(command)), answeredBelow: 1),
        [command])
    return batch.take()
}

extension SlotLearner {
    fileprivate var commands: [[UInt8]] { (state as? Recorder)?.commands ?? [] }

    /// Applies all that is here; gives whose commands these were.
    fileprivate mutating func applyAll() -> [UInt64] {
        var answered: [UInt64] = []
        while next != nil { applyNext { id, _ in answered.append(id.sequence) } }
        return answered
    }
}

@Suite("Learner of the log (Paxos Made Simple, 2.3 and 3)")
struct SlotLearnerTests {
    private let majority = Majority(of: [2, 3, 4])

    private func learner(applied: Slot = 0) -> SlotLearner {
        var learner = SlotLearner(state: Recorder())
        for slot in 0..<applied { _ = learner.learn(batch(UInt8(slot + 1)), in: slot + 1) }
        _ = learner.applyAll()
        return learner
    }

    @Test("learns from a majority of distinct acceptors at one ballot")
    func counting() {
        var learner = learner()
        let votes: [(UInt64, NodeID)] = [
            (5, 2), (5, 2), (4, 3), (5, 1), (6, 3), (5, 4), (6, 3), (6, 2),
        ]
        let chosen = votes.map { number, acceptor in
            learner.count(1, at: ballot(number), from: acceptor, majority: majority)
        }
        #expect(chosen == [false, false, false, false, false, false, false, true])
        #expect(learner.isChosen(1, at: ballot(6), by: majority))
        #expect(!learner.isChosen(1, at: ballot(5), by: majority))
        #expect(!learner.isChosen(2, at: ballot(6), by: majority))
    }

    @Test("keeps the proposal of the highest ballot it has seen, for when it turns out chosen")
    func seeing() {
        var learner = learner(applied: 1)
        for number in [5, 3, 7, 6] as [UInt64] {
            learner.see(Acceptance(ballot: ballot(number), value: [UInt8(number)]), in: 2)
        }
        learner.see(Acceptance(ballot: ballot(9), value: [9]), in: 1)
        #expect(learner.proposal(in: 2) == Acceptance(ballot: ballot(7), value: [7]))
        #expect(learner.proposal(in: 1) == nil && learner.next == nil)
    }

    @Test("in role form a vote may come before its value, or after it", arguments: [true, false])
    func votesAndValues(votesFirst: Bool) {
        let cluster = LogCluster(proposers: 1, acceptors: 3, learners: 1)
        var driver = LogDriver(4, of: cluster)
        driver.meetAll()
        let number = ballot(UInt64(cluster.nodeCount))
        let value = LogMessage.accept(
            LogAccept(ballot: number, first: 1, values: [batch(1)], chosen: 0))
        let vote = LogMessage.accepted(
            LogAccepted(ballot: number, slots: [SlotRange(first: 1, last: 1)]))
        if !votesFirst { driver.receive(value, from: 0) }
        driver.receive(vote, from: 1)
        driver.receive(vote, from: 1)
        #expect(driver.node.applied.isEmpty)
        driver.receive(vote, from: 3)
        #expect(driver.node.applied.isEmpty == votesFirst)
        if votesFirst { driver.receive(value, from: 0) }
        #expect(driver.node.applied == [[1]])
    }

    @Test("or the leader says that what it proposed at its ballot is chosen, but no other ballot's")
    func leadersWord() {
        for proposed in [1, 4] as [UInt64] {
            var driver = LogDriver(0, of: LogCluster(replicas: 3))
            driver.meetAll()
            driver.receive(
                .accept(
                    LogAccept(ballot: ballot(proposed), first: 1, values: [batch(1)], chosen: 0)),
                from: 1)
            driver.receive(
                .heartbeat(
                    LogHeartbeat(ballot: ballot(4), round: 1, chosen: 1, truncatable: 0)), from: 1)
            #expect(driver.node.applied == (proposed == 4 ? [[1]] : []))
            #expect(driver.node.learner?.lags == (proposed == 1))
        }
    }

    @Test("or another learner says so, who knows")
    func othersWord() {
        var driver = LogDriver(0, of: LogCluster(replicas: 3))
        driver.meetAll()
        var fetches = (1...8).map { slot in
            driver.receive(
                .chosen(
                    ChosenValues(
                        first: slot, values: [batch(UInt8(slot))], chosen: slot > 5 ? slot : 9)),
                from: 2
            ).sent("fetch").map(\.message)
        }
        #expect(driver.node.applied == (1...8).map { [$0] })
        // It is told of a ninth, so it asks on at the end of each answer: after four datagrams, or after one
        // that says that there is no more.
        for slot in [4, 6, 7, 8] as [Slot] {
            let fetch = LogMessage.fetch(Fetch(from: slot + 1, snapshot: 0, offset: 0))
            #expect(fetches[Int(slot) - 1] == [fetch])
            fetches[Int(slot) - 1] = []
        }
        #expect(fetches.allSatisfy { $0.isEmpty })
    }

    @Test("applies in order, whatever the order of learning, and each slot once")
    func order() {
        var learner = learner()
        for slot in [3, 1] as [Slot] {
            let isNew = learner.learn(batch(UInt8(slot)), in: slot)
            #expect(isNew)
        }
        let first = learner.applyAll()
        #expect(first == [1] && learner.applied == 1)
        let again = [1, 3].map { learner.learn(batch(9), in: $0) }
        #expect(again == [false, false])
        _ = learner.learn(batch(2), in: 2)
        let rest = learner.applyAll()
        #expect(rest == [2, 3] && learner.commands == [[1], [2], [3]])
        #expect(learner.chosen == 3 && !learner.lags)
    }

    @Test("a no-op takes a slot and changes nothing; bytes that are no command end a batch")
    func strangeValues() {
        var learner = learner()
        for (index, value) in [[], batch(1) + [7, 7], batch(2)].enumerated() {
            _ = learner.learn(value, in: UInt64(index) + 1)
        }
        let answered = learner.applyAll()
        #expect(answered == [1, 2] && learner.applied == 3)
    }

    @Test("lags while it knows of chosen slots that it cannot apply")
    func lagging() {
        var learner = learner(applied: 2)
        learner.note(chosen: 1)
        #expect(!learner.lags)
        learner.note(chosen: 3)
        #expect(learner.lags)
        _ = learner.learn(batch(3), in: 3)
        _ = learner.applyAll()
        #expect(!learner.lags)
    }

    @Test("goes on from another's snapshot with what it had learned beyond")
    func restore() {
        var other = learner(applied: 6)
        other.takeSnapshot(keeping: 2)
        #expect(other.values[4] == nil && other.values[5] != nil && other.snapshotSlot == 6)
        var learner = learner(applied: 2)
        _ = learner.learn(batch(7), in: 7)
        let old = learner.restore(other.snapshot, at: 2, chain: 0)
        let broken = learner.restore([1], at: 6, chain: 0)
        #expect(!old && !broken && learner.applied == 2)
        let isRestored = learner.restore(other.snapshot, at: 6, chain: 0)
        #expect(isRestored && learner.applied == 6 && learner.snapshotSlot == 6)
        #expect(learner.commands == other.commands)
        let answered = learner.applyAll()
        #expect(answered == [7] && learner.commands.count == 7)
    }

    @Test("a snapshot is put together from pieces in order, once, and a newer one takes its place")
    func assembly() {
        func part(_ slot: Slot, _ offset: UInt32, _ bytes: [UInt8]) -> SnapshotPart {
            SnapshotPart(slot: slot, size: 4, offset: offset, bytes: bytes)
        }
        var catchUp = CatchUp(LogSizes())
        let early = catchUp.take(part(5, 2, [3, 4]), from: 1)
        #expect(early == nil)
        let begun = catchUp.take(part(5, 0, [1, 2]), from: 1)
        #expect(begun?.bytes == [1, 2] && begun?.isComplete == false)
        let useless = [part(5, 0, [1, 2]), part(4, 0, [1, 2]), part(5, 2, [1, 2, 3])].map {
            catchUp.take($0, from: 1)
        }
        #expect(useless.allSatisfy { $0 == nil })
        #expect(catchUp.fetch(from: 1) == Fetch(from: 1, snapshot: 5, offset: 2))
        let newer = catchUp.take(part(6, 0, [9]), from: 1)
        #expect(newer?.bytes == [9])
        let rest = catchUp.take(part(6, 1, [8, 7, 6]), from: 1)
        #expect(rest?.isComplete == true && rest?.bytes == [9, 8, 7, 6])
    }

    @Test("half a snapshot that nobody completes is given up for an older one")
    func givingUp() {
        var random = RandomSource(seed: 1)
        var catchUp = CatchUp(LogSizes())
        let older = SnapshotPart(slot: 4, size: 4, offset: 0, bytes: [1])
        _ = catchUp.take(SnapshotPart(slot: 5, size: 4, offset: 0, bytes: [1, 2]), from: 1)
        for attempt in 1...CatchUp.persistence {
            let taken = catchUp.take(older, from: 2)
            #expect(taken == nil, "after \(attempt - 1) attempts")
            catchUp.didAsk(at: milliseconds(1), random: &random)
        }
        let taken = catchUp.take(older, from: 2)
        #expect(taken?.slot == 4)
    }

    @Test("whoever sent half of a snapshot is asked for the rest, and others too when it is silent")
    func oneSource() {
        var random = RandomSource(seed: 1)
        var catchUp = CatchUp(LogSizes())
        let peers: NodeSet = [0, 1, 2, 3]
        _ = catchUp.take(SnapshotPart(slot: 5, size: 4, offset: 0, bytes: [1, 2]), from: 2)
        for _ in 1...2 {
            #expect(catchUp.nextPeer(of: peers, leader: 0, random: &random) == 2)
            catchUp.didAsk(at: milliseconds(1), random: &random)
        }
        var asked = NodeSet()
        for _ in 3..<CatchUp.persistence {
            catchUp.didAsk(at: milliseconds(1), random: &random)
            if let peer = catchUp.nextPeer(of: peers, leader: 0, random: &random) {
                asked.insert(peer)
            }
        }
        #expect(asked.contains(0) && asked.contains(2))
    }
}
