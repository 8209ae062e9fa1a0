import ConsensusCore
import Testing

@testable import PaxosNode

@Suite("A proposer's node")
struct ProposerNodeTests {
    private let request = Message.request(Request(client: 7, value: [100], attempt: 0))

    private func promise(_ number: UInt64, life: UInt64) -> Message {
        .promise(Promise(ballot: ballot(number, life: life), accepted: nil))
    }

    @Test("answers a request at once, records its ballot and asks all acceptors")
    func begins() {
        var driver = Driver.enrolled(1)
        let life = driver.node.incarnation
        let effects = driver.receive(request, from: Driver.member(7))
        #expect(effects.sent(to: 7) == [.pending])
        #expect(effects.records == [.ballot(1)])
        #expect(effects.sent("prepare").map(\.recipients) == [.nodes([2, 3, 4])])
        #expect(effects.sent(to: 3) == [.prepare(Prepare(ballot: ballot(1, life: life)))])
    }

    @Test("takes a request only from the client that it names")
    func strangers() {
        var driver = Driver.enrolled(1)
        let forged = Message.request(Request(client: 9, value: [100], attempt: 0))
        #expect(driver.receive(request, from: Driver.member(8)).isEmpty)
        #expect(driver.receive(request, from: Driver.member(0)).isEmpty)
        #expect(driver.receive(forged, from: Driver.member(9)).isEmpty)
        #expect(driver.node.proposer?.phase == .idle)
    }

    @Test("a repeated request begins nothing new")
    func repeats() {
        var driver = Driver.enrolled(1)
        driver.receive(request, from: Driver.member(7))
        let before = driver.node.proposer
        let effects = driver.receive(request, from: Driver.member(7))
        #expect(effects.kinds == ["pending"] && effects.records.isEmpty)
        #expect(driver.node.proposer == before)
    }

    @Test("asks again, at its deadlines, those who have not answered")
    func resends() {
        var driver = Driver.enrolled(1)
        let life = driver.node.incarnation
        driver.receive(request, from: Driver.member(7))
        driver.receive(promise(1, life: life), from: Driver.member(3))
        let effects = driver.wake(until: milliseconds(500))
        let prepares = effects.sent("prepare")
        #expect(prepares.count >= 3)
        #expect(prepares.allSatisfy { $0.recipients == .nodes([2, 4]) })
    }

    @Test("2.4: after a nack it waits a bounded, random time, then tries above it")
    func backsOff() throws {
        var driver = Driver.enrolled(1)
        let life = driver.node.incarnation
        driver.receive(request, from: Driver.member(7))
        let nack = Nack(ballot: ballot(1, life: life), promised: ballot(20))
        let effects = driver.receive(.nack(nack), from: Driver.member(3))
        #expect(effects.envelopes.isEmpty && effects.records == [.life(3, 13)])
        #expect(driver.node.wakeTime > milliseconds(1))
        #expect(driver.node.wakeTime <= milliseconds(5))
        let retry = driver.wake(until: milliseconds(6))
        #expect(retry.records == [.ballot(22)])
        #expect(retry.sent(to: 2) == [.prepare(Prepare(ballot: ballot(22, life: life)))])
    }

    @Test("with the backoff off it tries again at once")
    func doesNotBackOff() {
        var driver = Driver.enrolled(1, options: NodeOptions(backoff: .off))
        let life = driver.node.incarnation
        driver.receive(request, from: Driver.member(7))
        let nack = Nack(ballot: ballot(1, life: life), promised: ballot(20))
        let effects = driver.receive(.nack(nack), from: Driver.member(3))
        #expect(effects.records == [.life(3, 13), .ballot(22)])
        #expect(effects.kinds == ["prepare"])
    }

    @Test("does not use the ballots of an earlier life again")
    func recovery() {
        var driver = Driver(1)
        var records = driver.start().records
        records += driver.receive(.assign(driver.assign()), from: Driver.leader()).records
        records += driver.receive(request, from: Driver.member(7)).records
        var later = Driver(1, seed: 4)
        for record in records { later.node.recover(record) }
        later.start()
        let effects = later.receive(request, from: Driver.member(7))
        #expect(effects.records == [.ballot(8)])
    }

    @Test("helps the learners when a client asks again for what is chosen")
    func helpsLearners() {
        var driver = Driver.enrolled(1)
        let life = driver.node.incarnation
        driver.receive(request, from: Driver.member(7))
        for acceptor: NodeID in [2, 3] {
            driver.receive(promise(1, life: life), from: Driver.member(acceptor))
        }
        let chosen = Proposal(ballot: ballot(1, life: life), value: [100])
        for acceptor: NodeID in [2, 3] {
            driver.receive(
                .accepted(Accepted(proposal: chosen)), from: Driver.member(acceptor))
        }
        #expect(driver.node.proposer?.phase == .chosen(chosen))
        let again = Message.request(Request(client: 8, value: [101], attempt: 1))
        let effects = driver.receive(again, from: Driver.member(8))
        #expect(effects.sent(to: 5) == [again] && effects.sent(to: 6) == [again])
        #expect(effects.sent(to: 4) == [.accept(Accept(proposal: chosen))])
        let first = Message.request(Request(client: 8, value: [101], attempt: 0))
        #expect(driver.receive(first, from: Driver.member(8)).kinds == ["pending"])
    }

    @Test("rests once its proposal is chosen, and once no ballot is left")
    func rests() {
        for isExhausted in [false, true] {
            var driver = Driver.enrolled(1, options: NodeOptions(backoff: .off))
            let life = driver.node.incarnation
            driver.receive(request, from: Driver.member(7))
            if isExhausted {
                let nack = Nack(
                    ballot: ballot(1, life: life), promised: ballot(.max, life: .max))
                driver.receive(.nack(nack), from: Driver.member(2))
            } else {
                for acceptor: NodeID in [2, 3] {
                    driver.receive(promise(1, life: life), from: Driver.member(acceptor))
                }
                let chosen = Proposal(ballot: ballot(1, life: life), value: [100])
                for acceptor: NodeID in [2, 3] {
                    driver.receive(
                        .accepted(Accepted(proposal: chosen)), from: Driver.member(acceptor))
                }
            }
            let later = driver.wake(until: milliseconds(1_000))
            #expect(later.sent("prepare").isEmpty && later.sent("accept").isEmpty)
        }
    }
}
