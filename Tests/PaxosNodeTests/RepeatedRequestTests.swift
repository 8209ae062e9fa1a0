import ConsensusCore
import Testing

@testable import PaxosNode

/// A state that knows what became of some commands, by their number.
private struct Knowing: ReplicatedState {
    private var applied: UInt64 = 0

    mutating func apply(_ header: CommandHeader, _ command: Span<UInt8>) -> Reply {
        applied += 1
        return .done([9])
    }

    func standing(of header: CommandHeader) -> Standing {
        switch header.id.sequence {
        case 1: .applied(.done([1]))
        case 2: .superseded
        case 3: .expired
        case 4: .unknown
        case 5: .crowded
        default: .fresh
        }
    }

    func read(_ query: Span<UInt8>) -> [UInt8] { [] }
    func snapshot() -> [UInt8] { [] }
    mutating func restore(_ snapshot: Span<UInt8>) throws(WireError) {}
}

@Suite("Requests that come again")
struct RepeatedRequestTests {
    private let guest = origin(.firstGuest, life: 5)

    private func leader(of replicas: Int) -> LogDriver {
        var driver = LogDriver(0, of: LogCluster(replicas: replicas), state: Knowing())
        driver.meetAll()
        driver.lead()
        for _ in 0..<3 { _ = driver.wake() }
        return driver
    }

    private func request(_ sequences: [UInt64]) -> LogMessage {
        .request(
            LogRequest(
                operations: sequences.map {
                    LogSamples.operation(.command, sequence: $0, [7])
                }))
    }

    private func answers(_ effects: LogNode.Lanes) -> [UInt64: Reply] {
        var answers: [UInt64: Reply] = [:]
        for envelope in effects.sent("reply") {
            guard case .reply(let reply) = envelope.message else { continue }
            for answer in reply.answers { answers[answer.id.sequence] = answer.reply }
        }
        return answers
    }

    @Test("what the state knows is answered at once, and takes no slot however often it comes")
    func noSlots() {
        var driver = leader(of: 1)
        let before = driver.node.tenure?.nextSlot
        #expect(before != nil)
        for _ in 0..<1_000 {
            driver.receive(request([1, 2, 3, 1]), from: guest)
            #expect(!driver.node.desk.hasCommands)
            let answers = answers(driver.wake())
            #expect(answers == [1: .done([1]), 2: .superseded, 3: .expired])
        }
        #expect(driver.node.tenure?.nextSlot == before)
        // What it does not know takes one.
        driver.receive(request([5, 6]), from: guest)
        #expect(driver.node.desk.hasCommands)
        _ = driver.wake()
        #expect(driver.node.tenure?.nextSlot == before.map { $0 + 1 })
    }

    @Test("a session unknown here is denied only by a leader that a majority has confirmed")
    func unknown() {
        var alone = leader(of: 1)
        let before = alone.node.tenure?.nextSlot
        alone.receive(request([4]), from: guest)
        var denied = answers(alone.wake())
        if denied.isEmpty { denied = answers(alone.wake()) }
        #expect(denied == [4: .expired])
        #expect(alone.node.tenure?.nextSlot == before)

        var deposed = leader(of: 3)
        deposed.receive(request([4]), from: guest)
        for _ in 0..<5 { #expect(answers(deposed.wake()).isEmpty) }
        #expect(!deposed.node.desk.hasCommands)
        guard let ballot = deposed.node.tenure?.ballot else { return }
        let round = deposed.node.reign.round
        let another = Ballot(number: ballot.number + 3, incarnation: ballot.incarnation)
        deposed.receive(
            .pulse(Pulse(ballot: another, round: round, isVoting: true, snapshot: 0)), from: 1)
        #expect(answers(deposed.wake()).isEmpty)
        deposed.receive(
            .pulse(Pulse(ballot: ballot, round: round, isVoting: true, snapshot: 0)), from: 1)
        #expect(answers(deposed.wake()) == [4: .expired])
    }

    @Test("a command under way gets no second slot where its leader applies it")
    func underWay() {
        var driver = leader(of: 3)
        driver.receive(request([6]), from: guest)
        _ = driver.wake()
        let before = driver.node.tenure?.nextSlot
        for _ in 0..<20 {
            driver.pass(.milliseconds(100))
            driver.receive(request([6]), from: guest)
            #expect(!driver.node.desk.hasCommands)
        }
        #expect(driver.node.tenure?.nextSlot == before)
    }
}
