import ConsensusCore
import Testing

@testable import PaxosNode

@Suite("Proposer (Paxos Made Simple, 2.2)")
struct ProposerTests {
    /// Proposer 1 of 7 nodes; acceptors 2 to 4; its own value is 100.
    private func proposer(value: Value? = [100]) -> Proposer {
        var proposer = Proposer(
            node: 1, nodeCount: 7, incarnation: 1, majority: Majority(of: [2, 3, 4]))
        if let value { proposer.adopt(value) }
        return proposer
    }

    private func promise(_ number: UInt64, _ accepted: Proposal? = nil) -> Promise {
        Promise(ballot: ballot(number), accepted: accepted)
    }

    private func accepted(_ number: UInt64, _ value: Value = [100]) -> Accepted {
        Accepted(proposal: proposal(number, value))
    }

    /// A proposer whose first ballot is in phase 2.
    private func accepting() -> Proposer {
        var proposer = proposer()
        _ = proposer.prepare()
        for acceptor: NodeID in [2, 3] { _ = proposer.receive(promise(1), from: acceptor) }
        return proposer
    }

    @Test("phase 1a: begins at its UID and goes on by the number of nodes")
    func ballots() {
        var proposer = proposer()
        let numbers = (0..<3).map { _ in proposer.prepare()?.ballot }
        #expect(numbers == [ballot(1), ballot(8), ballot(15)])
    }

    @Test("P2c: proposes its own value when a majority reports none")
    func ownValue() {
        var proposer = proposer()
        _ = proposer.prepare()
        #expect(proposer.receive(promise(1), from: 2) == nil)
        #expect(proposer.receive(promise(1), from: 3) == Accept(proposal: proposal(1, [100])))
    }

    @Test("P2c: adopts the value of the highest accepted ballot, whichever promise comes last")
    func highestAccepted() {
        for order: [NodeID] in [[2, 3], [3, 2]] {
            var proposer = proposer()
            _ = proposer.receive(Nack(ballot: ballot(0), promised: ballot(20)), from: 2)
            while let next = proposer.prepare(), next.ballot < ballot(22) {}
            let reports: [Proposal?] = [nil, nil, proposal(7, [7]), proposal(3, [3])]
            let accepts = order.map {
                proposer.receive(promise(22, reports[$0.index]), from: $0)
            }
            #expect(accepts == [nil, Accept(proposal: proposal(22, [7]))])
        }
    }

    @Test("P2c: a report of no proposal does not displace one that was reported")
    func absentReports() {
        var proposer = proposer()
        _ = proposer.prepare()
        #expect(proposer.receive(promise(1, proposal(0, [5])), from: 4) == nil)
        #expect(proposer.receive(promise(1), from: 2) == Accept(proposal: proposal(1, [5])))
    }

    @Test("counts acceptors, not datagrams")
    func distinctAcceptors() {
        var proposer = proposer()
        _ = proposer.prepare()
        for _ in 0..<10 { #expect(proposer.receive(promise(1), from: 2) == nil) }
        #expect(proposer.receive(promise(1), from: 4) != nil)
        for _ in 0..<10 { #expect(proposer.receive(accepted(1), from: 2) == false) }
        #expect(proposer.receive(accepted(1), from: 3) == true)
        #expect(proposer.phase == .chosen(proposal(1, [100])))
    }

    @Test("counts only acceptors")
    func strangers() {
        var proposer = proposer()
        _ = proposer.prepare()
        for node: NodeID in [0, 1, 5, 63, 64, 4_000_000_000] {
            #expect(proposer.receive(promise(1), from: node) == nil)
            #expect(
                proposer.receive(Nack(ballot: ballot(1), promised: ballot(9)), from: node) == false)
        }
        #expect(proposer.phase == .preparing(ballot: ballot(1), promises: [], highest: nil))
        proposer = accepting()
        for node: NodeID in [0, 1, 5, 63, 64, 4_000_000_000] {
            #expect(proposer.receive(accepted(1), from: node) == false)
        }
        #expect(proposer.phase == .accepting(proposal(1, [100]), votes: []))
    }

    @Test("promises to another ballot count for nothing")
    func otherPromises() {
        var proposer = proposer()
        _ = proposer.prepare()
        _ = proposer.receive(promise(1), from: 2)
        _ = proposer.prepare()
        let before = proposer
        for late in [promise(1), promise(1, proposal(0, [5])), promise(15)] {
            #expect(proposer.receive(late, from: 3) == nil)
            #expect(proposer == before)
        }
        let otherLife = Promise(ballot: ballot(8, life: 2), accepted: nil)
        #expect(proposer.receive(otherLife, from: 3) == nil)
        #expect(proposer == before)
    }

    @Test("votes at another ballot count for nothing")
    func otherVotes() {
        var proposer = accepting()
        let before = proposer
        for acceptor: NodeID in [2, 3, 4] {
            #expect(proposer.receive(accepted(8), from: acceptor) == false)
            #expect(proposer.receive(accepted(0), from: acceptor) == false)
            let otherLife = Accepted(
                proposal: Proposal(ballot: ballot(1, life: 2), value: [100]))
            #expect(proposer.receive(otherLife, from: acceptor) == false)
        }
        #expect(proposer == before)
    }

    @Test("promises that arrive in phase 2 do not begin it again")
    func latePromises() {
        var proposer = accepting()
        let before = proposer
        #expect(proposer.receive(promise(1, proposal(0, [5])), from: 4) == nil)
        #expect(proposer == before)
    }

    @Test("only the first client's value is ever put forward")
    func firstValue() {
        var proposer = proposer(value: [1])
        proposer.adopt([2])
        #expect(proposer.ownValue == [1])
        var empty = self.proposer(value: [])
        empty.adopt([2])
        #expect(empty.ownValue == [])
    }

    @Test(
        "a nack ends the ballot, and the next is above the promised one",
        arguments: [(7, 8), (8, 15), (9, 15), (100, 106)] as [(UInt64, UInt64)])
    func jumpsAboveNack(promised: UInt64, next: UInt64) {
        for isAccepting in [false, true] {
            var proposer = proposer()
            if isAccepting { proposer = accepting() } else { _ = proposer.prepare() }
            let nack = Nack(ballot: ballot(1), promised: ballot(promised))
            #expect(proposer.receive(nack, from: 3) == true)
            #expect(proposer.phase == .refused(floor: ballot(promised)))
            #expect(proposer.receive(promise(1), from: 2) == nil)
            #expect(proposer.receive(accepted(1), from: 2) == false)
            #expect(proposer.prepare() == Prepare(ballot: ballot(next)))
        }
    }

    @Test("of several nacks the highest counts")
    func severalNacks() {
        var proposer = proposer()
        _ = proposer.prepare()
        #expect(proposer.receive(Nack(ballot: ballot(1), promised: ballot(30)), from: 2) == true)
        #expect(proposer.receive(Nack(ballot: ballot(1), promised: ballot(9)), from: 3) == false)
        #expect(proposer.receive(Nack(ballot: ballot(1), promised: ballot(50)), from: 4) == true)
        #expect(proposer.prepare() == Prepare(ballot: ballot(57)))
    }

    @Test("a stale nack is ignored, and one that names nothing higher")
    func staleNacks() {
        var proposer = proposer()
        _ = proposer.prepare()
        _ = proposer.prepare()
        var before = proposer
        #expect(proposer.receive(Nack(ballot: ballot(1), promised: ballot(9)), from: 2) == false)
        #expect(proposer.receive(Nack(ballot: ballot(8), promised: ballot(8)), from: 2) == false)
        #expect(proposer.receive(Nack(ballot: ballot(8), promised: ballot(3)), from: 2) == false)
        #expect(proposer == before)
        before = accepting()
        proposer = before
        for acceptor: NodeID in [2, 3] { _ = proposer.receive(accepted(1), from: acceptor) }
        before = proposer
        #expect(proposer.receive(Nack(ballot: ballot(1), promised: ballot(9)), from: 4) == false)
        #expect(proposer == before)
    }

    @Test("a chosen proposal's phase 2 can be opened again, with the same proposal")
    func repeatAccept() {
        var proposer = accepting()
        #expect(proposer.repeatAccept() == nil)
        for acceptor: NodeID in [2, 3] { _ = proposer.receive(accepted(1), from: acceptor) }
        #expect(proposer.unanswered == nil)
        #expect(proposer.repeatAccept() == Accept(proposal: proposal(1, [100])))
        #expect(proposer.unanswered?.acceptors == [2, 3, 4])
        #expect(proposer.receive(accepted(1), from: 2) == false)
        #expect(proposer.receive(accepted(1), from: 4) == true)
    }

    @Test("asks again only those that have not answered")
    func unanswered() {
        var proposer = proposer()
        #expect(proposer.unanswered == nil)
        _ = proposer.prepare()
        _ = proposer.receive(promise(1), from: 3)
        #expect(proposer.unanswered?.acceptors == [2, 4])
        #expect(proposer.unanswered?.message == .prepare(Prepare(ballot: ballot(1))))
        _ = proposer.receive(promise(1), from: 4)
        _ = proposer.receive(accepted(1), from: 2)
        #expect(proposer.unanswered?.acceptors == [3, 4])
        #expect(
            proposer.unanswered?.message == .accept(Accept(proposal: proposal(1, [100]))))
    }

    @Test("without a ballot left it stays silent")
    func noBallotsLeft() {
        var proposer = proposer()
        _ = proposer.prepare()
        let nack = Nack(ballot: ballot(1), promised: ballot(.max, life: .max))
        #expect(proposer.receive(nack, from: 2) == true)
        #expect(proposer.prepare() == nil)
        #expect(proposer.phase == .idle && proposer.unanswered == nil)
    }

    @Test(
        "agreement: whatever is lost, repeated or reordered, only one value is chosen",
        arguments: 0..<200 as Range<UInt64>)
    func agreement(seed: UInt64) {
        let chosen = RoleShuffle(seed: seed).run()
        #expect(chosen.values.count <= 1)
        #expect(chosen.values.isSubset(of: [[100], [101]]))
        if chosen.isComplete { #expect(chosen.values.count == 1) }
    }

    @Test("sometimes: most shuffles choose a value")
    func progress() {
        let complete = (0..<200).count { RoleShuffle(seed: $0).run().isComplete }
        #expect(complete > 100)
    }
}

/// Two proposers, three acceptors and two learners, and a bag of messages drawn at random.
private struct RoleShuffle {
    private let majority = Majority(of: [2, 3, 4])
    private var random: RandomSource
    private var proposers: [Proposer]
    private var acceptors = [Acceptor](repeating: Acceptor(), count: 3)
    private var learners: [Learner]
    private var bag: [(to: NodeID, from: NodeID, message: Message)] = []
    private var values: Set<Value> = []

    init(seed: UInt64) {
        random = RandomSource(seed: seed)
        proposers = (0..<2).map {
            Proposer(
                node: NodeID(index: $0), nodeCount: 7, incarnation: 1,
                majority: Majority(of: [2, 3, 4]))
        }
        for index in 0..<2 { proposers[index].adopt([UInt8(100 + index)]) }
        learners = [Learner](repeating: Learner(majority: majority), count: 2)
    }

    mutating private func post(_ message: Message, from: NodeID, to nodes: NodeSet) {
        for node in nodes { bag.append((node, from, message)) }
    }

    /// Takes some hundreds of random steps; gives all values that anyone saw chosen.
    consuming func run() -> (values: Set<Value>, isComplete: Bool) {
        for _ in 0..<400 {
            if bag.isEmpty || random.below(15) == 0 {
                let index = Int(random.below(2))
                let isIdle: Bool
                switch proposers[index].phase {
                case .idle, .refused: isIdle = true
                default: isIdle = random.below(10) == 0
                }
                if isIdle, let prepare = proposers[index].prepare() {
                    post(.prepare(prepare), from: NodeID(index: index), to: [2, 3, 4])
                } else if let (message, acceptors) = proposers[index].unanswered {
                    post(message, from: NodeID(index: index), to: acceptors)
                }
                continue
            }
            let index = Int(random.below(UInt64(bag.count)))
            let (to, from, message) = bag[index]
            // One in five stays in the bag and is delivered again; one in ten is lost.
            if random.below(5) != 0 { bag.swapAt(index, bag.count - 1); bag.removeLast() }
            if random.below(10) != 0 { deliver(message, from: from, to: to) }
        }
        return (values, learners.allSatisfy { $0.chosen != nil })
    }

    private mutating func deliver(_ message: Message, from: NodeID, to: NodeID) {
        switch message {
        case .prepare(let prepare):
            switch acceptors[to.index - 2].receive(prepare) {
            case .promise(let promise): post(.promise(promise), from: to, to: [from])
            case .nack(let nack): post(.nack(nack), from: to, to: [from])
            }
        case .accept(let accept):
            switch acceptors[to.index - 2].receive(accept) {
            case .accepted(let accepted):
                post(.accepted(accepted), from: to, to: [from, 5, 6])
            case .nack(let nack): post(.nack(nack), from: to, to: [from])
            }
        case .promise(let promise):
            if let accept = proposers[to.index].receive(promise, from: from) {
                post(.accept(accept), from: to, to: [2, 3, 4])
            }
        case .nack(let nack): _ = proposers[to.index].receive(nack, from: from)
        case .accepted(let accepted) where to.index >= 5:
            if let value = learners[to.index - 5].receive(accepted, from: from) {
                values.insert(value)
            }
        case .accepted(let accepted):
            if proposers[to.index].receive(accepted, from: from) {
                values.insert(accepted.proposal.value)
            }
        default: Issue.record("nobody sends \(message.kind)")
        }
    }
}
