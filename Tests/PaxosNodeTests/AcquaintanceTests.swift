import ConsensusCore
import Testing

@testable import PaxosNode

@Suite("Whom a node of the log knows, and whose votes count")
struct AcquaintanceTests {
    private let cluster = LogCluster(replicas: 3)
    private let heartbeat = LogMessage.heartbeat(
        LogHeartbeat(ballot: ballot(4), round: 1, chosen: 0, truncatable: 0))

    private func driver(_ records: [LogRecord] = []) -> LogDriver {
        LogDriver(0, of: cluster, records: records)
    }

    /// A node whose cluster was founded by the others, before it came.
    private func latecomer(_ count: Int, records: [LogRecord] = []) -> LogDriver {
        var driver = LogDriver(0, of: LogCluster(replicas: count), records: records, isBorn: false)
        let founders = driver.node.cluster.acceptors.removing(0)
        driver.receive(.hello(Hello(proof: driver.node.incarnation)), from: 1)
        let birth = Birth(
            identifier: LogDriver.birthIdentifier, founders: founders,
            lives: founders.map { LogDriver.peer($0).stamp.incarnation })
        driver.receive(.born(birth), from: 1)
        return driver
    }

    private func welcome(
        _ driver: LogDriver, remembered: UInt64? = nil, written: UInt64 = 0, isVoting: Bool = true
    ) -> LogMessage {
        .welcome(
            Welcome(
                proof: driver.node.incarnation, remembered: remembered ?? driver.node.incarnation,
                written: written, isVoting: isVoting, number: driver.node.acquaintance.number))
    }

    // MARK: - Greeting

    @Test("a life that has not shown that it knows this one is not heard, but asked to greet")
    func strangers() {
        var driver = driver()
        let effects = driver.receive(heartbeat, from: 1)
        let challenge = LogMessage.hello(
            Hello(
                proof: LogDriver.peer(1).stamp.incarnation,
                number: driver.node.acquaintance.number))
        #expect(effects.envelopes.map(\.message) == [challenge])
        // It is not asked again with every datagram.
        #expect(driver.receive(heartbeat, from: 1).isEmpty)
        driver.pass(.milliseconds(10))
        #expect(driver.receive(heartbeat, from: 1).envelopes.count == 1)
    }

    @Test("a greeting that echoes this life's incarnation makes its sender known; no other does")
    func greeting() {
        var driver = driver()
        driver.receive(.hello(Hello(proof: driver.node.incarnation &+ 1)), from: 1)
        driver.receive(
            .welcome(Welcome(proof: driver.node.incarnation &+ 1, remembered: 0)), from: 1)
        #expect(driver.receive(heartbeat, from: 1).sent("pulse").isEmpty)
        driver.receive(.hello(Hello(proof: driver.node.incarnation)), from: 1)
        #expect(driver.receive(heartbeat, from: 1).sent("pulse").count == 1)
    }

    @Test("another life of a known node is a stranger until it greets, and then the first one is")
    func anotherLife() {
        var driver = driver()
        let birth = LogDriver.birthIdentifier
        let (one, two) = (origin(1, epoch: birth, life: 7), origin(1, epoch: birth, life: 8))
        driver.receive(.hello(Hello(proof: driver.node.incarnation)), from: one)
        #expect(driver.receive(heartbeat, from: two).sent("pulse").isEmpty)
        driver.receive(.hello(Hello(proof: driver.node.incarnation)), from: two)
        #expect(driver.receive(heartbeat, from: two).sent("pulse").count == 1)
        #expect(driver.receive(heartbeat, from: one).sent("pulse").isEmpty)
    }

    // MARK: - Remembering

    @Test("an acceptor remembers the first life that greets it, durably, and tells all others so")
    func firstLife() {
        var driver = LogDriver(0, of: cluster, isBorn: false)
        let greeting = LogMessage.hello(Hello(proof: driver.node.incarnation))
        func remembered(_ effects: LogNode.Lanes) -> [UInt64] {
            effects.sent("welcome").compactMap {
                if case .welcome(let welcome) = $0.message { welcome.remembered } else { nil }
            }
        }
        let first = driver.receive(greeting, from: origin(1, life: 7))
        #expect(first.records == [.life(1, 7)] && remembered(first) == [7])
        let second = driver.receive(greeting, from: origin(1, life: 8))
        #expect(second.records.isEmpty && remembered(second) == [7])
        // A life that has not proved itself is not remembered.
        let unproved = driver.receive(.hello(Hello(proof: 0)), from: origin(2, life: 9))
        #expect(unproved.records.isEmpty && remembered(unproved) == [0])
    }

    @Test("the founders of a cluster are remembered by whoever belongs to it")
    func founders() {
        var driver = driver()
        let effects = driver.receive(
            .hello(Hello(proof: driver.node.incarnation)), from: origin(1, life: 8))
        #expect(
            effects.sent("welcome").map(\.message) == [
                .welcome(Welcome(proof: 8, remembered: 101, written: 0, isVoting: false))
            ])
    }

    @Test("in role form only acceptors remember, and only acceptors")
    func roles() {
        let cluster = LogCluster(proposers: 1, acceptors: 2, learners: 1)
        for (id, other, life) in [(1, 2, 7), (1, 0, 0), (3, 2, 0)] as [(NodeID, NodeID, UInt64)] {
            var driver = LogDriver(id, of: cluster, isBorn: false)
            let effects = driver.receive(
                .hello(Hello(proof: driver.node.incarnation)), from: origin(other, life: 7))
            #expect(effects.records == (life == 0 ? [] : [.life(other, 7)]))
            #expect(
                effects.sent("welcome").map(\.message) == [
                    .welcome(Welcome(proof: 7, remembered: life, written: 0, isVoting: false))
                ])
        }
    }

    // MARK: - Votes

    @Test("a founder votes once a majority knows of nothing newer of it, itself included")
    func founding() {
        var driver = LogDriver(0, of: LogCluster(replicas: 5))
        let prepare = LogMessage.prepare(LogPrepare(ballot: ballot(6), from: 1))
        driver.receive(welcome(driver), from: 1)
        driver.receive(welcome(driver), from: 1)
        #expect(!driver.node.isVoting && driver.receive(prepare, from: 1).isEmpty)
        driver.receive(welcome(driver, isVoting: false), from: 2)
        #expect(driver.node.isVoting)
        #expect(driver.receive(prepare, from: 1).sent("promise").count == 1)
    }

    @Test(
        "who comes later votes once more than half of the others remember it, all with a vote",
        arguments: [(3, 2), (4, 2), (5, 3)])
    func admission(count: Int, needed: Int) {
        var driver = latecomer(count)
        for other in 1..<count {
            driver.receive(welcome(driver, isVoting: false), from: NodeID(index: other))
        }
        #expect(!driver.node.isVoting)
        for other in 1..<needed { driver.receive(welcome(driver), from: NodeID(index: other)) }
        driver.receive(welcome(driver), from: 1)
        #expect(!driver.node.isVoting)
        let effects = driver.receive(welcome(driver), from: NodeID(index: needed))
        #expect(driver.node.isVoting && effects.records.contains(.admitted))
    }

    @Test("a life is refused for good when another one is remembered, also after a restart")
    func refusal() {
        var driver = latecomer(3)
        let effects = driver.receive(welcome(driver, remembered: 3), from: 1)
        #expect(effects.outputs == [.refused(.forgotten)] && effects.records == [.refused])
        driver.receive(welcome(driver), from: 2)
        driver.receive(welcome(driver), from: 1)
        #expect(!driver.node.isVoting)
        #expect(driver.receive(welcome(driver, remembered: 3), from: 1).outputs.isEmpty)

        var after = LogDriver(0, of: cluster, records: driver.node.checkpoint())
        after.receive(welcome(after), from: 1)
        after.receive(welcome(after), from: 2)
        #expect(!after.node.isVoting)
    }

    @Test("who is admitted already is not refused any more")
    func lateRefusal() {
        var driver = driver()
        driver.receive(welcome(driver), from: 1)
        let effects = driver.receive(welcome(driver, remembered: 3), from: 2)
        #expect(driver.node.isVoting && effects.outputs.isEmpty)
    }

    @Test(
        "a restart with its storage keeps a node's life and what it remembers, and asks a majority")
    func restart() {
        var before = LogDriver(0, of: cluster)
        before.receive(welcome(before), from: 1)
        var after = driver(before.node.checkpoint())
        #expect(after.node.incarnation == before.node.incarnation && !after.node.isVoting)
        after.receive(welcome(after, written: before.node.journal.written), from: 1)
        #expect(after.node.isVoting)
    }

    // MARK: - Record numbers

    @Test("records are numbered through checkpoints and restarts")
    func numbers() {
        var driver = driver()
        driver.meetAll()
        let before = driver.node.journal.written
        let effects = driver.receive(
            .prepare(LogPrepare(ballot: ballot(4), from: 1)), from: 1)
        #expect(driver.node.journal.written == before + UInt64(effects.records.count))
        guard case .promise(let promise)? = effects.sent("promise").first?.message else {
            Issue.record("no promise")
            return
        }
        #expect(promise.written == driver.node.journal.written)
        let again = LogDriver(0, of: cluster, records: driver.node.checkpoint())
        #expect(again.node.journal.written == driver.node.journal.written)
    }

    @Test("the highest number that another has told of is kept, with whatever is recorded next")
    func witness() {
        var driver = driver()
        driver.meetAll()
        driver.lead()
        let pulse = Pulse(
            ballot: driver.node.tenure!.ballot, round: 0, isVoting: true, snapshot: 0, written: 40,
            claim: .none)
        #expect(driver.receive(.pulse(pulse), from: 1).records.isEmpty)
        let effects = driver.receive(
            .hello(Hello(proof: driver.node.incarnation)), from: 1)
        guard case .welcome(let welcome)? = effects.sent("welcome").first?.message else {
            Issue.record("no welcome")
            return
        }
        #expect(welcome.written == 40)
        #expect(driver.node.checkpoint().contains(.witnessed(1, 40)))
        let next = driver.receive(.prepare(LogPrepare(ballot: ballot(100), from: 1)), from: 1)
        #expect(next.records.contains(.witnessed(1, 40)))
    }

    @Test("a life that has written less than it once told others of has no vote, for good")
    func olderDirectory() {
        var driver = driver()
        let found = driver.node.startWritten
        // What it records before it is told does not make up for what is missing.
        driver.receive(.hello(Hello(proof: driver.node.incarnation)), from: origin(2, life: 77))
        driver.receive(welcome(driver, written: found + 1), from: 1)
        let effects = driver.receive(welcome(driver, written: found + 1), from: 1)
        #expect(effects.outputs == [.refused(.restored)] && effects.records == [.refused])
        driver.receive(welcome(driver), from: 2)
        #expect(!driver.node.isVoting)
    }

    @Test("what is recorded before a majority is asked does not count, however often it starts")
    func startedTwice() {
        var before = LogDriver(0, of: cluster)
        before.meetAll()
        let copy = before.node.checkpoint()
        before.receive(.prepare(LogPrepare(ballot: ballot(4), from: 1)), from: 1)
        let told = before.node.journal.written

        var first = driver(copy)
        first.receive(.hello(Hello(proof: first.node.incarnation)), from: 1)
        var records: [LogRecord] = []
        for slot in 1...3 as ClosedRange<Slot> {
            let values = ChosenValues(first: slot, values: [batch(1)], chosen: slot)
            records += first.receive(.chosen(values), from: 1).records
        }
        #expect(records.count > 3)
        for records in [copy + records, first.node.checkpoint()] {
            var second = driver(records)
            second.receive(welcome(second, written: told), from: 1)
            let effects = second.receive(welcome(second, written: told), from: 1)
            #expect(effects.outputs == [.refused(.restored)])
        }
        // One that has lost nothing goes on from a number above those of all earlier copies.
        var whole = driver(copy + records)
        let effects = whole.receive(welcome(whole, written: told - 1), from: 1)
        #expect(whole.node.isVoting && whole.node.written == told)
        let again = driver(copy + records + effects.records)
        #expect(again.node.journal.written == told)
    }

    @Test("an answer to an earlier start of the same life confirms nothing")
    func lateWelcome() {
        var before = LogDriver(0, of: cluster)
        let late = welcome(before)
        before.receive(late, from: 1)
        #expect(before.node.isVoting)
        var after = LogDriver(
            0, of: cluster, records: before.node.checkpoint(), seed: 77)
        after.receive(late, from: 1)
        #expect(!after.node.isVoting)
        after.receive(welcome(after), from: 1)
        #expect(after.node.isVoting)
    }

    @Test("one answer that it has lost something takes no vote, another to a fresh question does")
    func askedTwice() {
        var driver = driver()
        driver.meetAll()
        let number = driver.node.acquaintance.number
        let lie = welcome(driver, written: driver.node.journal.written + 5)
        #expect(driver.receive(lie, from: 1).isEmpty)
        // The same again is no answer to what it asks now.
        #expect(driver.receive(lie, from: 1).isEmpty)
        let greetings = driver.wake().sent("hello").map(\.message)
        #expect(driver.node.acquaintance.number != number)
        #expect(
            greetings == [
                .hello(
                    Hello(
                        proof: LogDriver.peer(1).stamp.incarnation,
                        number: driver.node.acquaintance.number))
            ])
        driver.receive(welcome(driver), from: 1)
        #expect(driver.node.isVoting)

        // What it records meanwhile does not make up for what is missing.
        driver.receive(welcome(driver, written: driver.node.journal.written + 1), from: 1)
        driver.receive(.prepare(LogPrepare(ballot: ballot(4), from: 1)), from: 1)
        let effects = driver.receive(
            welcome(driver, written: driver.node.journal.written), from: 1)
        #expect(effects.outputs == [.refused(.restored)] && !driver.node.isVoting)
    }

    @Test("a promise is not counted that comes from before what its acceptor has told of")
    func oldPromise() {
        var driver = driver()
        driver.meetAll()
        while driver.node.preparation == nil {
            let effects = driver.wakeInTime()
            guard !effects.sent("canvass").isEmpty, let attempt = driver.node.canvass?.attempt
            else { continue }
            for other in [1, 2] as [NodeID] {
                driver.receive(.willing(Willing(attempt: attempt, promised: nil)), from: other)
            }
        }
        let ballot = driver.node.preparation!.ballot
        driver.receive(
            .accepted(LogAccepted(ballot: PaxosNodeTests.ballot(1), slots: [], written: 30)),
            from: 1)
        func promise(_ written: UInt64) -> LogMessage {
            .promise(
                LogPromise(
                    ballot: ballot, from: 1, truncated: 0, entries: [], next: nil,
                    written: written))
        }
        driver.receive(promise(29), from: 1)
        #expect(driver.node.tenure == nil)
        driver.receive(promise(30), from: 1)
        #expect(driver.node.tenure != nil)
    }

    @Test("it greets until all have answered and all acceptors remember it, ever more slowly")
    func patience() {
        var driver = driver()
        func greeted(_ effects: LogNode.Lanes) -> NodeSet {
            var nodes = NodeSet()
            for envelope in effects.sent("hello") {
                envelope.recipients.forEach { nodes.insert($0) }
            }
            return nodes
        }
        var last = driver.now
        for _ in 0..<8 {
            last = driver.node.acquaintance.wakeTime
            driver.pass(last - driver.now)
            #expect(greeted(driver.wake()) == [1, 2])
        }
        #expect(driver.node.acquaintance.wakeTime - last >= .milliseconds(500))
        // One knows this life and does not remember it.
        driver.receive(welcome(driver, remembered: 0), from: 1)
        driver.receive(welcome(driver), from: 2)
        driver.pass(driver.node.acquaintance.wakeTime - driver.now)
        #expect(greeted(driver.wake()) == [1])
        driver.receive(welcome(driver), from: 1)
        driver.pass(.seconds(2))
        #expect(greeted(driver.wake()).isEmpty && driver.node.acquaintance.wakeTime == .never)
    }
}
