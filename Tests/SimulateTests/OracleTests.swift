import ConsensusCore
import Simulation
import Testing

@testable import PaxosNode
@testable import simulate

/// The oracle itself, on histories known to be good and known to be bad.
///
/// Nodes: proposers 0 and 1, acceptors 2 to 4, learner 5, clients 6 and 7.
@Suite("The oracle")
struct OracleTests {
    private var oracle = PaxosOracle(
        cluster: Cluster(proposers: 2, acceptors: 3, learners: 1, clients: 2))
    private let now = Instant(nanoseconds: 0)

    private func proposal(_ number: UInt64, _ client: Int) -> Proposal {
        Proposal(
            ballot: Ballot(number: number, incarnation: 9),
            value: PaxosOracle.value(ofClient: client))
    }

    private mutating func accept(_ proposal: Proposal, by nodes: NodeID...) {
        for node in nodes { oracle.didRecord(.accepted(proposal), on: node, at: now) }
    }

    private mutating func send(_ message: Message, by node: NodeID) {
        oracle.didSend(message, from: node, to: .one(0), at: now)
    }

    @Test("a majority at one ballot, learned and printed, is right; later ballots keep the value")
    mutating func good() {
        accept(proposal(0, 0), by: 2, 4)
        oracle.didOutput(.node(.learned(PaxosOracle.value(ofClient: 0))), on: 5, at: now)
        oracle.didOutput(.client(.chosen(PaxosOracle.value(ofClient: 0))), on: 6, at: now)
        accept(proposal(7, 0), by: 3, 4)
        #expect(oracle.violation == nil)
        #expect(!oracle.isDone(among: [2, 3, 6, 7]))
        #expect(oracle.isDone(among: [2, 3, 6]))
    }

    @Test("two values with majorities break agreement, though nobody has learned either")
    mutating func twoMajorities() {
        accept(proposal(0, 0), by: 2, 3)
        #expect(oracle.violation == nil)
        accept(proposal(1, 1), by: 3, 4)
        #expect(oracle.violation?.property == "agreement")
    }

    @Test("a value that one acceptor recorded twice, or two at two ballots, has no quorum")
    mutating func noQuorum() {
        accept(proposal(0, 0), by: 2, 2)
        accept(proposal(1, 0), by: 3)
        oracle.didOutput(.node(.learned(PaxosOracle.value(ofClient: 0))), on: 5, at: now)
        #expect(oracle.violation?.property == "quorum")
    }

    @Test("a value that nobody proposed is not valid")
    mutating func invalid() {
        oracle.didOutput(.client(.chosen([1, 2, 3])), on: 6, at: now)
        #expect(oracle.violation?.property == "validity")
    }

    @Test("a client that prints twice in one life breaks once; in two lives it does not")
    mutating func once() {
        accept(proposal(0, 0), by: 2, 3)
        let printed = PaxosHost.Output.client(.chosen(PaxosOracle.value(ofClient: 0)))
        oracle.didOutput(printed, on: 6, at: now)
        oracle.didRestart(6, life: 1, memory: .kept, at: now)
        oracle.didOutput(printed, on: 6, at: now)
        #expect(oracle.violation == nil)
        oracle.didOutput(printed, on: 6, at: now)
        #expect(oracle.violation?.property == "once")
    }

    @Test("accepting below a promise breaks promises; a life without its disk has promised nothing")
    mutating func promises() {
        send(.promise(Promise(ballot: proposal(5, 0).ballot, accepted: nil)), by: 2)
        send(.accepted(Accepted(proposal: proposal(5, 0))), by: 2)
        oracle.didRestart(2, life: 1, memory: .wiped, at: now)
        send(.accepted(Accepted(proposal: proposal(3, 0))), by: 2)
        #expect(oracle.violation == nil)
        send(.promise(Promise(ballot: proposal(8, 0).ballot, accepted: nil)), by: 3)
        oracle.didRestart(3, life: 1, memory: .kept, at: now)
        send(.accepted(Accepted(proposal: proposal(7, 0))), by: 3)
        #expect(oracle.violation?.property == "promises")
    }

    @Test("one ballot with two values, or prepared in two lives, is caught")
    mutating func ballots() {
        var other = oracle
        send(.accept(Accept(proposal: proposal(0, 0))), by: 0)
        send(.accept(Accept(proposal: proposal(0, 0))), by: 0)
        #expect(oracle.violation == nil)
        send(.accept(Accept(proposal: proposal(0, 1))), by: 0)
        #expect(oracle.violation?.property == "one value a ballot")

        let prepare = Message.prepare(Prepare(ballot: proposal(2, 0).ballot))
        other.didSend(prepare, from: 0, to: .one(2), at: now)
        other.didSend(prepare, from: 0, to: .one(3), at: now)
        #expect(other.violation == nil)
        other.didRestart(0, life: 1, memory: .kept, at: now)
        other.didSend(prepare, from: 0, to: .one(2), at: now)
        #expect(other.violation?.property == "one life a ballot")
    }
}
