import ConsensusCore
import Testing

@testable import PaxosNode

@Suite("What a node of the log does not believe on one peer's word")
struct DoubtTests {
    private let cluster = LogCluster(replicas: 3)

    private var follower: LogDriver {
        var driver = LogDriver(0, of: cluster)
        driver.meetAll()
        return driver
    }

    private func heartbeat(
        ballot number: UInt64 = 4, chosen: Slot = 0, claim: StateClaim = .none
    ) -> LogMessage {
        .heartbeat(
            LogHeartbeat(
                ballot: ballot(number), round: 1, chosen: chosen, truncatable: 0, claim: claim,
                written: []))
    }

    // MARK: - Leaps

    @Test("a position or a ballot far ahead is not acted on, but asked all about")
    func leap() throws {
        for message in [
            heartbeat(chosen: (1 << 20) + 1), heartbeat(ballot: (1 << 32) + 3),
            .prepare(LogPrepare(ballot: ballot(1 << 40 | 1), from: 1)),
            .snapshotPart(SnapshotPart(slot: 1 << 50, size: 1, offset: 0, bytes: [1])),
            .nack(Nack(ballot: ballot(3), promised: ballot(Ballot.ceiling))),
        ] {
            var driver = follower
            let effects = driver.receive(message, from: 1)
            #expect(effects.records.isEmpty && effects.envelopes.isEmpty, "\(message)")
            #expect(driver.node.learner?.chosen == 0 && driver.node.highestBallot == nil)
            #expect(driver.wake().sent("question").count == 1)
        }
    }

    @Test("a leap is believed once a majority of those that have greeted says as much")
    func confirmed() {
        var driver = follower
        let far: Slot = 5 << 20
        driver.receive(heartbeat(chosen: far), from: 1)
        #expect(driver.node.learner?.chosen == 0)
        let testimony = Testimony(
            number: 9, isVoting: true, chosen: far - 1, ballot: ballot(4), chain: nil)
        driver.receive(.testimony(testimony), from: 2)
        driver.receive(heartbeat(chosen: far), from: 1)
        #expect(driver.node.learner?.chosen == far)
    }

    @Test("a node that is silent though all are asked for long does not stand in the way of a leap")
    func silence() {
        var driver = follower
        let far: Slot = 5 << 20
        driver.receive(heartbeat(), from: 2)
        driver.pass(.seconds(60))
        for _ in 0..<5 {
            driver.receive(heartbeat(chosen: far), from: 1)
            #expect(driver.node.learner?.chosen == 0)
            driver.pass(.seconds(1))
        }
        driver.receive(heartbeat(chosen: far), from: 1)
        #expect(driver.node.learner?.chosen == far)
    }

    @Test("who says the same whenever it is asked, for long enough, is believed alone")
    func insistence() {
        let far: Slot = 5 << 20
        /// What it believes after so many answers of node 1; another stands in the way.
        func believed(_ answers: [Slot], isFresh: Bool = true) -> Slot {
            var driver = follower
            for answer in answers {
                driver.receive(heartbeat(), from: 2)
                driver.receive(heartbeat(chosen: far), from: 1)
                var number: UInt64?
                while number == nil {
                    for envelope in driver.wakeInTime().sent("question") {
                        if case .question(let question) = envelope.message {
                            number = question.number
                        }
                    }
                }
                driver.receive(
                    .testimony(
                        Testimony(
                            number: isFresh ? number ?? 0 : 1, isVoting: true, chosen: answer,
                            ballot: ballot(4), chain: nil)), from: 1)
                driver.pass(.seconds(1))
            }
            driver.receive(heartbeat(chosen: far), from: 1)
            return driver.node.learner?.chosen ?? 0
        }
        #expect(believed(Array(repeating: far, count: 6)) == far)
        #expect(believed(Array(repeating: far, count: 4)) == 0)
        #expect(believed(Array(repeating: far, count: 6), isFresh: false) == 0)
        // What was forged is taken back by the next true answer.
        #expect(believed([far, far, 0, far, far, 0, far, far]) == 0)
    }

    @Test("one that answers stands in the way, and so does one that has not been asked for long")
    func noSilence() {
        let far: Slot = 5 << 20
        var driver = follower
        for _ in 0..<8 {
            driver.receive(heartbeat(chosen: far), from: 1)
            driver.receive(heartbeat(), from: 2)
            driver.pass(.seconds(1))
        }
        #expect(driver.node.learner?.chosen == 0)
        driver = follower
        for _ in 0..<8 {
            driver.pass(.seconds(8))
            driver.receive(heartbeat(chosen: far), from: 1)
        }
        #expect(driver.node.learner?.chosen == 0)
    }

    @Test(
        "in role form those who learn nothing say how far slots are chosen, too",
        arguments: [0, 3] as [NodeID])
    func followers(id: NodeID) {
        // Else a learner that was away would wait in vain for a majority where proposers are many.
        let cluster = LogCluster(proposers: 3, acceptors: 3, learners: 1)
        var driver = LogDriver(id, of: cluster)
        driver.meetAll()
        driver.receive(heartbeat(ballot: 8, chosen: 1 << 19), from: 1)
        let effects = driver.receive(.question(Question(number: 1, claim: .none)), from: 6)
        guard case .testimony(let testimony)? = effects.sent("testimony").first?.message else {
            Issue.record("no testimony")
            return
        }
        #expect(testimony.chosen == 1 << 19 && testimony.ballot == ballot(8))
    }

    @Test("what follows step by step is believed, however far it leads")
    func steps() {
        var driver = follower
        for step in 1...40 as ClosedRange<UInt64> {
            driver.receive(heartbeat(chosen: step << 19), from: 1)
        }
        #expect(driver.node.learner?.chosen == 40 << 19)
    }

    // MARK: - Histories

    /// A driver that has applied two slots, and its digest after the first.
    private func applied() -> (driver: LogDriver, chain: UInt64) {
        var driver = follower
        driver.receive(
            .chosen(ChosenValues(first: 1, values: [batch(1), batch(2)], chosen: 2)), from: 1)
        return (driver, driver.node.learner?.chain(at: 1) ?? 0)
    }

    @Test("equal digests are no matter, and neither are those of positions not applied here")
    func agreement() {
        var (driver, chain) = applied()
        let claims = [(1, chain), (3, 77), (0, 77)] as [(Slot, UInt64)]
        for (position, chain) in claims {
            let claim = StateClaim(applied: position, chain: chain)
            #expect(driver.receive(heartbeat(claim: claim), from: 1).outputs.isEmpty)
        }
    }

    @Test("another digest at one position is said at once, once a peer, and all are asked")
    func contradiction() {
        var (driver, chain) = applied()
        let other = StateClaim(applied: 1, chain: chain &+ 1)
        #expect(
            driver.receive(heartbeat(claim: other), from: 1).outputs == [.contradiction(1, at: 1)])
        #expect(driver.receive(heartbeat(claim: other), from: 1).outputs.isEmpty)
        let questions = driver.wake().sent("question").map(\.message)
        guard case .question(let question)? = questions.first else {
            Issue.record("no question")
            return
        }
        #expect(question.claim == StateClaim(applied: 1, chain: chain))
        // Whoever is asked finds out as well.
        let asked = Question(number: 1, claim: other)
        let effects = driver.receive(.question(asked), from: 2)
        #expect(effects.outputs == [.contradiction(2, at: 1)])
        #expect(effects.sent("testimony").count == 1)
    }

    @Test("another value in a slot that is applied here is a contradiction too")
    func anotherValue() {
        var (driver, _) = applied()
        let effects = driver.receive(
            .chosen(ChosenValues(first: 2, values: [batch(9)], chosen: 2)), from: 2)
        #expect(effects.outputs == [.contradiction(2, at: 2)])
    }

    @Test("all are asked about the latest position in dispute, since they forget the earlier ones")
    func latest() {
        var (driver, chain) = applied()
        func question() -> Question? {
            for envelope in driver.wakeInTime().sent("question") {
                if case .question(let question) = envelope.message { return question }
            }
            return nil
        }
        driver.receive(heartbeat(claim: StateClaim(applied: 1, chain: chain &+ 1)), from: 1)
        let first = question()
        #expect(first?.claim.applied == 1)
        let later = driver.node.learner?.chain(at: 2) ?? 0
        driver.receive(heartbeat(claim: StateClaim(applied: 2, chain: later &+ 1)), from: 1)
        // What is under way is about the first still.
        for node in [1, 2] as [NodeID] {
            let effects = driver.receive(
                .testimony(
                    Testimony(
                        number: first?.number ?? 0, isVoting: true, chosen: 2, ballot: nil,
                        chain: chain)), from: node)
            #expect(effects.outputs.isEmpty)
        }
        var second = question()
        while second == nil { second = question() }
        #expect(second?.claim == StateClaim(applied: 2, chain: later))
    }

    @Test("a node gives in only to a majority that agrees, in answer to the last question")
    func majority() {
        var (driver, chain) = applied()
        driver.receive(
            heartbeat(claim: StateClaim(applied: 1, chain: chain &+ 1)), from: 1)
        guard case .question(let question)? = driver.wake().sent("question").first?.message else {
            Issue.record("no question")
            return
        }
        func testify(_ node: NodeID, _ chain: UInt64?, number: UInt64? = nil) -> [LogOutput] {
            driver.receive(
                .testimony(
                    Testimony(
                        number: number ?? question.number, isVoting: true, chosen: 2, ballot: nil,
                        chain: chain)), from: node
            ).outputs
        }
        #expect(testify(1, chain &+ 1).isEmpty)
        #expect(testify(1, chain &+ 1).isEmpty)
        // Another number, another digest, none at all.
        #expect(testify(2, chain &+ 1, number: question.number &+ 1).isEmpty)
        #expect(testify(2, chain &+ 2).isEmpty && testify(2, nil).isEmpty)
        #expect(testify(2, chain &+ 1) == [.contradicted(at: 1)])
    }
}
