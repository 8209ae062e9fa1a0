import ConsensusCore
import Testing

@testable import PaxosNode

@Suite("Acceptor (Paxos Made Simple, 2.2)")
struct AcceptorTests {
    @Test("promises whatever ballot comes first, and reports that it accepted nothing")
    func firstPrepare() {
        var acceptor = Acceptor()
        let answer = acceptor.receive(Prepare(ballot: ballot(0)))
        #expect(answer == .promise(Promise(ballot: ballot(0), accepted: nil)))
        #expect(acceptor.promised == ballot(0) && acceptor.accepted == nil)
    }

    @Test("P1: accepts the first proposal it receives")
    func firstAccept() {
        var acceptor = Acceptor()
        let answer = acceptor.receive(Accept(proposal: proposal(0, [1])))
        #expect(answer == .accepted(Accepted(proposal: proposal(0, [1]))))
        #expect(acceptor.accepted == proposal(0, [1]))
    }

    @Test("P1a: accepts nothing below what it promised, and says what it promised")
    func acceptBelowPromise() {
        var acceptor = Acceptor()
        _ = acceptor.receive(Prepare(ballot: ballot(8)))
        let before = acceptor
        let answer = acceptor.receive(Accept(proposal: proposal(7, [1])))
        #expect(answer == .nack(Nack(ballot: ballot(7), promised: ballot(8))))
        #expect(acceptor == before)
    }

    @Test("P1a: accepts at the very ballot it promised")
    func acceptAtPromise() {
        var acceptor = Acceptor()
        _ = acceptor.receive(Prepare(ballot: ballot(8)))
        let answer = acceptor.receive(Accept(proposal: proposal(8, [1])))
        #expect(answer == .accepted(Accepted(proposal: proposal(8, [1]))))
    }

    @Test("promises nothing below what it promised, and says what it promised")
    func prepareBelowPromise() {
        var acceptor = Acceptor()
        _ = acceptor.receive(Prepare(ballot: ballot(8)))
        let before = acceptor
        let answer = acceptor.receive(Prepare(ballot: ballot(3)))
        #expect(answer == .nack(Nack(ballot: ballot(3), promised: ballot(8))))
        #expect(acceptor == before)
    }

    @Test("a promise reports the accepted proposal of the highest ballot")
    func reportsHighestAccepted() {
        var acceptor = Acceptor()
        _ = acceptor.receive(Accept(proposal: proposal(1, [1])))
        _ = acceptor.receive(Accept(proposal: proposal(4, [4])))
        _ = acceptor.receive(Accept(proposal: proposal(2, [2])))
        let answer = acceptor.receive(Prepare(ballot: ballot(9)))
        #expect(answer == .promise(Promise(ballot: ballot(9), accepted: proposal(4, [4]))))
    }

    @Test("the promise is kept at the prepared ballot, not at the accepted one")
    func promiseStandsAtPreparedBallot() {
        var acceptor = Acceptor()
        _ = acceptor.receive(Accept(proposal: proposal(1, [1])))
        _ = acceptor.receive(Prepare(ballot: ballot(9)))
        #expect(acceptor.promised == ballot(9))
        let answer = acceptor.receive(Accept(proposal: proposal(5, [5])))
        #expect(answer == .nack(Nack(ballot: ballot(5), promised: ballot(9))))
        #expect(acceptor.accepted == proposal(1, [1]))
    }

    @Test("accepting a ballot promises it")
    func acceptingPromises() {
        var acceptor = Acceptor()
        _ = acceptor.receive(Prepare(ballot: ballot(1)))
        _ = acceptor.receive(Accept(proposal: proposal(6, [6])))
        #expect(acceptor.promised == ballot(6))
        let answer = acceptor.receive(Prepare(ballot: ballot(5)))
        #expect(answer == .nack(Nack(ballot: ballot(5), promised: ballot(6))))
    }

    @Test("answers the same question twice in the same way")
    func repeats() {
        var acceptor = Acceptor()
        let first = acceptor.receive(Prepare(ballot: ballot(3)))
        let second = acceptor.receive(Prepare(ballot: ballot(3)))
        #expect(first == second)
        let accepted = acceptor.receive(Accept(proposal: proposal(3, [3])))
        let before = acceptor
        let again = acceptor.receive(Accept(proposal: proposal(3, [3])))
        #expect(accepted == again && acceptor == before)
        let late = acceptor.receive(Prepare(ballot: ballot(3)))
        #expect(late == .promise(Promise(ballot: ballot(3), accepted: proposal(3, [3]))))
    }

    @Test("ballots of one number and two lives are two ballots")
    func lives() {
        var acceptor = Acceptor()
        _ = acceptor.receive(Prepare(ballot: ballot(3, life: 9)))
        let answer = acceptor.receive(Prepare(ballot: ballot(3, life: 8)))
        #expect(
            answer == .nack(Nack(ballot: ballot(3, life: 8), promised: ballot(3, life: 9))))
    }

    @Test(
        "recovers the same state from its records in any order", arguments: 0..<50 as Range<UInt64>)
    func recovery(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var acceptor = Acceptor()
        var records: [NodeRecord] = []
        for _ in 0..<12 {
            let number = random.below(20)
            if random.below(2) == 0 {
                if case .promise = acceptor.receive(Prepare(ballot: ballot(number))) {
                    records.append(.promised(ballot(number)))
                }
            } else {
                let put = proposal(number, [UInt8(number)])
                if case .accepted = acceptor.receive(Accept(proposal: put)) {
                    records.append(.accepted(put))
                }
            }
        }
        for _ in 0..<20 {
            for index in records.indices.dropFirst() {
                records.swapAt(index, Int(random.below(UInt64(index + 1))))
            }
            var recovered = Acceptor()
            for record in records {
                switch record {
                case .promised(let ballot): recovered.recover(promised: ballot)
                case .accepted(let proposal): recovered.recover(accepted: proposal)
                default: Issue.record("an acceptor wrote \(record)")
                }
            }
            recovered.checkInvariants()
            #expect(recovered == acceptor)
        }
    }

    @Test("neither promise nor accepted ballot ever goes down", arguments: 0..<50 as Range<UInt64>)
    func monotony(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var acceptor = Acceptor()
        for _ in 0..<200 {
            let before = acceptor
            let asked = ballot(random.below(30), life: 1 + random.below(2))
            if random.below(2) == 0 {
                _ = acceptor.receive(Prepare(ballot: asked))
                #expect(acceptor.accepted == before.accepted)
            } else {
                _ = acceptor.receive(Accept(proposal: Proposal(ballot: asked, value: [])))
            }
            acceptor.checkInvariants()
            if let promised = before.promised, let now = acceptor.promised {
                #expect(now == max(promised, asked))
            }
            if let accepted = before.accepted, let now = acceptor.accepted {
                #expect(now.ballot >= accepted.ballot)
            }
        }
        #expect(acceptor.accepted != nil)
    }
}

@Suite("An acceptor's node")
struct AcceptorNodeTests {
    @Test("records a promise, and an accepted proposal, in the step that answers")
    func recordsBeforeAnswering() {
        var driver = Driver.enrolled(3)
        let proposer = Driver.member(1)
        let promised = driver.receive(.prepare(Prepare(ballot: ballot(1))), from: proposer)
        #expect(promised.records == [.promised(ballot(1))])
        #expect(
            promised.sent(to: 1) == [.promise(Promise(ballot: ballot(1), accepted: nil))])
        let accepted = driver.receive(
            .accept(Accept(proposal: proposal(1, [7]))), from: proposer)
        #expect(accepted.records == [.accepted(proposal(1, [7]))])
    }

    @Test("records nothing for a repeated question, and answers it again")
    func repeats() {
        var driver = Driver.enrolled(3)
        let prepare = Message.prepare(Prepare(ballot: ballot(1)))
        let accept = Message.accept(Accept(proposal: proposal(1, [7])))
        let first = driver.receive(prepare, from: Driver.member(1))
        let second = driver.receive(prepare, from: Driver.member(1))
        #expect(second.records.isEmpty && second.sent(to: 1) == first.sent(to: 1))
        let third = driver.receive(accept, from: Driver.member(1))
        let fourth = driver.receive(accept, from: Driver.member(1))
        #expect(fourth.records.isEmpty && fourth.sent(to: 1) == third.sent(to: 1))
        #expect(!fourth.sent(to: 1).isEmpty)
    }

    @Test("sends accepted to all learners and the proposer, a nack to the proposer alone")
    func recipients() {
        var driver = Driver.enrolled(3)
        let accepted = driver.receive(
            .accept(Accept(proposal: proposal(5, [7]))), from: Driver.member(1))
        #expect(accepted.envelopes.map(\.recipients) == [.nodes([1, 5, 6])])
        let nack = driver.receive(.prepare(Prepare(ballot: ballot(4))), from: Driver.member(0))
        #expect(nack.envelopes.map(\.recipients) == [.one(0)])
        #expect(nack.kinds == ["nack"] && nack.records.isEmpty)
    }

    @Test("answers proposers only")
    func strangers() {
        var driver = Driver.enrolled(3)
        for node: NodeID in [2, 5, 7, 63, 64, 4_000_000_000] {
            let effects = driver.receive(
                .prepare(Prepare(ballot: ballot(1))), from: Driver.member(node))
            #expect(effects.isEmpty)
        }
        #expect(driver.node.acceptor == Acceptor())
    }

    @Test("finds its promises again after a crash")
    func recovery() {
        var driver = Driver(3)
        var records = driver.start().records
        records += driver.receive(.assign(driver.assign()), from: Driver.leader()).records
        records += driver.admit().records
        records +=
            driver.receive(
                .accept(Accept(proposal: proposal(4, [7]))), from: Driver.member(1)
            ).records
        records +=
            driver.receive(.prepare(Prepare(ballot: ballot(9))), from: Driver.member(0)).records
        var later = Driver(3, seed: 999)
        #expect(later.node.incarnation != driver.node.incarnation)
        for record in records { later.node.recover(record) }
        #expect(later.node.acceptor == driver.node.acceptor)
        #expect(later.node.stamp == driver.node.stamp)
        let outputs = later.start().outputs
        #expect(outputs == [.assigned(.acceptor)])
        let answer = later.receive(
            .accept(Accept(proposal: proposal(5, [8]))), from: Driver.member(1))
        #expect(answer.kinds == ["nack"])
    }
}
