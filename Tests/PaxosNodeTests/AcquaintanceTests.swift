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

    private func welcome(_ driver: LogDriver, remembered: UInt64? = nil) -> LogMessage {
        .welcome(
            Welcome(
                proof: driver.node.incarnation, remembered: remembered ?? driver.node.incarnation))
    }

    @Test("a life that has not shown that it knows this one is not heard, but asked to greet")
    func strangers() {
        var driver = driver()
        let effects = driver.receive(heartbeat, from: 1)
        let challenge = LogMessage.hello(Hello(proof: LogDriver.peer(1).stamp.incarnation))
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
        let (one, two) = (origin(1, life: 7), origin(1, life: 8))
        driver.receive(.hello(Hello(proof: driver.node.incarnation)), from: one)
        #expect(driver.receive(heartbeat, from: two).sent("pulse").isEmpty)
        driver.receive(.hello(Hello(proof: driver.node.incarnation)), from: two)
        #expect(driver.receive(heartbeat, from: two).sent("pulse").count == 1)
        #expect(driver.receive(heartbeat, from: one).sent("pulse").isEmpty)
    }

    @Test("an acceptor remembers the first life that greets it, durably, and tells all others so")
    func firstLife() {
        var driver = driver()
        let greeting = LogMessage.hello(Hello(proof: driver.node.incarnation))
        let first = driver.receive(greeting, from: origin(1, life: 7))
        #expect(first.records == [.life(1, 7)])
        #expect(
            first.sent("welcome").map(\.message) == [.welcome(Welcome(proof: 7, remembered: 7))])
        let second = driver.receive(greeting, from: origin(1, life: 8))
        #expect(second.records.isEmpty)
        #expect(
            second.sent("welcome").map(\.message) == [.welcome(Welcome(proof: 8, remembered: 7))])
    }

    @Test("a life that has not proved itself is not remembered")
    func unproved() {
        var driver = driver()
        let effects = driver.receive(.hello(Hello(proof: 0)), from: origin(1, life: 7))
        #expect(effects.records.isEmpty)
        #expect(
            effects.sent("welcome").map(\.message) == [.welcome(Welcome(proof: 7, remembered: 0))])
    }

    @Test("in role form only acceptors remember, and only acceptors")
    func roles() {
        let cluster = LogCluster(proposers: 1, acceptors: 2, learners: 1)
        for (id, other, life) in [(1, 2, 7), (1, 0, 0), (3, 2, 0)] as [(NodeID, NodeID, UInt64)] {
            var driver = LogDriver(id, of: cluster)
            let effects = driver.receive(
                .hello(Hello(proof: driver.node.incarnation)), from: origin(other, life: 7))
            #expect(effects.records == (life == 0 ? [] : [.life(other, 7)]))
            #expect(
                effects.sent("welcome").map(\.message)
                    == [.welcome(Welcome(proof: 7, remembered: life))])
        }
    }

    @Test("a new life votes once a majority remembers it, itself included, and not before")
    func admission() {
        var driver = LogDriver(0, of: LogCluster(replicas: 5))
        let prepare = LogMessage.prepare(LogPrepare(ballot: ballot(6), from: 1))
        #expect(!driver.node.isVoting)
        driver.receive(welcome(driver), from: 1)
        driver.receive(welcome(driver), from: 1)
        #expect(!driver.node.isVoting && driver.receive(prepare, from: 1).isEmpty)
        let effects = driver.receive(welcome(driver), from: 2)
        #expect(driver.node.isVoting && effects.records == [.admitted])
        #expect(driver.receive(prepare, from: 1).sent("promise").count == 1)
    }

    @Test("a life is refused for good when another one is remembered, whoever remembers it later")
    func refusal() {
        var driver = driver()
        let effects = driver.receive(welcome(driver, remembered: 3), from: 1)
        #expect(effects.outputs == [.refused])
        let rest = driver.receive(welcome(driver), from: 2)
        #expect(!driver.node.isVoting && rest.records.isEmpty)
        #expect(driver.receive(welcome(driver, remembered: 3), from: 1).outputs.isEmpty)
    }

    @Test("who is admitted already is not refused any more")
    func lateRefusal() {
        var driver = driver()
        driver.receive(welcome(driver), from: 1)
        let effects = driver.receive(welcome(driver, remembered: 3), from: 2)
        #expect(driver.node.isVoting && effects.outputs.isEmpty)
    }

    @Test("a restart with its storage keeps a node's life, its vote and what it remembers")
    func restart() {
        var before = driver()
        before.receive(.hello(Hello(proof: before.node.incarnation)), from: origin(2, life: 7))
        before.receive(welcome(before), from: 1)
        let records = before.node.checkpoint()
        var after = driver(records)
        #expect(after.node.incarnation == before.node.incarnation && after.node.isVoting)
        let effects = after.receive(
            .hello(Hello(proof: after.node.incarnation)), from: origin(2, life: 8))
        #expect(
            effects.sent("welcome").map(\.message) == [.welcome(Welcome(proof: 8, remembered: 7))])
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
