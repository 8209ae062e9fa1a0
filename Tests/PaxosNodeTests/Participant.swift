import ConsensusCore

@testable import PaxosNode

/// One participant of the ring, driven by hand.
struct Participant {
    var election: RingElection
    private var random: RandomSource

    init(_ node: NodeID, of count: Int = 5) {
        election = RingElection(
            node: node, nodes: NodeSet(0..<count), incarnation: 100 + UInt64(node.rawValue))
        random = RandomSource(seed: UInt64(node.rawValue))
    }

    typealias Result = (outcome: RingElection.Outcome, lanes: ConsensusNode.Lanes)

    @discardableResult
    mutating func start() -> Result {
        var lanes = ConsensusNode.Lanes()
        return (election.start(at: milliseconds(0), random: &random, into: &lanes), lanes)
    }

    @discardableResult
    mutating func receive(
        _ token: Token, from sender: NodeID, at now: Instant = milliseconds(1)
    ) -> Result {
        var lanes = ConsensusNode.Lanes()
        election.hears(sender)
        let outcome = election.receive(
            token, from: sender, at: now, random: &random, into: &lanes)
        return (outcome, lanes)
    }

    @discardableResult
    mutating func receive(
        _ elected: Elected, from sender: NodeID, at now: Instant = milliseconds(1)
    ) -> Result {
        var lanes = ConsensusNode.Lanes()
        election.hears(sender)
        let outcome = election.receive(
            elected, from: sender, at: now, random: &random, into: &lanes)
        return (outcome, lanes)
    }

    @discardableResult
    mutating func receive(_ receipt: Receipt, from sender: NodeID) -> RingElection.Outcome {
        election.hears(sender)
        return election.receive(receipt, from: sender, at: milliseconds(1), random: &random)
    }

    mutating func wake(at now: Instant) -> Result {
        var lanes = ConsensusNode.Lanes()
        return (election.wake(at: now, random: &random, into: &lanes), lanes)
    }

    /// Wakes it at its own deadlines up to an instant.
    mutating func wake(until end: Instant) -> ConsensusNode.Lanes {
        var all = ConsensusNode.Lanes()
        while election.wakeTime <= end {
            all.envelopes += wake(at: election.wakeTime).lanes.envelopes
        }
        return all
    }
}

func token(_ candidate: NodeID, round: UInt32 = 1, life: UInt64? = nil) -> Token {
    Token(
        round: round, candidate: candidate, incarnation: life ?? 100 + UInt64(candidate.rawValue))
}

func claim(_ leader: NodeID, round: UInt32 = 1) -> LeaderClaim {
    LeaderClaim(round: round, leader: leader, incarnation: 100 + UInt64(leader.rawValue))
}

func receipt(_ token: Token, following: LeaderClaim? = nil) -> Receipt {
    Receipt(
        hop: HopName(round: token.round, node: token.candidate, lap: nil), following: following)
}
