import ConsensusCore

@testable import PaxosNode

/// Messages and records as a seed gives them, with every field drawn over its whole range.
extension Samples {
    private static func anyValue(_ random: inout RandomSource) -> Value {
        let length = random.below(50) == 0 ? maximumValueSize : random.number(in: 0...24)
        return (0..<length).map { _ in UInt8(random.below(256)) }
    }

    private static func anyNode(_ random: inout RandomSource) -> NodeID {
        NodeID(UInt32(random.below(64)))
    }

    private static func anyNumber(_ random: inout RandomSource) -> UInt32 {
        UInt32(truncatingIfNeeded: random.next() >> random.below(33))
    }

    private static func anyBallot(_ random: inout RandomSource) -> Ballot {
        Ballot(
            number: min(random.next() >> random.below(64), Ballot.ceiling),
            incarnation: random.next())
    }

    private static func anyProposal(_ random: inout RandomSource) -> Proposal {
        Proposal(ballot: anyBallot(&random), value: anyValue(&random))
    }

    private static func anyClaim(_ random: inout RandomSource) -> LeaderClaim {
        LeaderClaim(
            round: anyNumber(&random), leader: anyNode(&random), incarnation: random.next())
    }

    private static func anyRoster(_ random: inout RandomSource) -> Roster {
        var roster = Roster()
        for _ in 0..<random.below(6) {
            roster.note(anyNode(&random), incarnation: random.next())
        }
        return roster
    }

    private static func anyClientSet(_ random: inout RandomSource) -> ClientSet {
        var set = ClientSet()
        for _ in 0..<random.below(6) { set.insert(random.number(in: 0...300)) }
        return set
    }

    /// A random message of the case with a tag from 1 to 22.
    static func message(tag: Int, _ random: inout RandomSource) -> Message {
        let isPresent = random.below(2) == 0
        switch tag {
        case 1:
            return .token(
                Token(
                    round: anyNumber(&random), candidate: anyNode(&random),
                    incarnation: random.next()))
        case 2: return .elected(Elected(claim: anyClaim(&random), lap: anyNumber(&random)))
        case 3:
            let hop = HopName(
                round: anyNumber(&random), node: anyNode(&random),
                lap: isPresent ? anyNumber(&random) : nil)
            return .receipt(
                Receipt(hop: hop, following: random.below(2) == 0 ? anyClaim(&random) : nil))
        case 4: return .probe
        case 5:
            return .present(
                Present(
                    isEnrolled: isPresent,
                    following: random.below(2) == 0 ? anyClaim(&random) : nil))
        case 6:
            return .heartbeat(
                Heartbeat(
                    claim: anyClaim(&random), roster: anyRoster(&random),
                    done: anyClientSet(&random)))
        case 7: return .join(Join(attempt: anyNumber(&random)))
        case 8:
            return .assign(
                Assign(
                    claim: anyClaim(&random), proof: random.next(),
                    role: isPresent ? Role.allCases[Int(random.below(3))] : nil,
                    proposers: NodeSet(bits: random.next()),
                    acceptors: NodeSet(bits: random.next()),
                    learners: NodeSet(bits: random.next()), roster: anyRoster(&random)))
        case 9:
            return .confirm(
                Confirm(
                    claim: anyClaim(&random), epoch: random.next(), roster: anyRoster(&random),
                    done: anyClientSet(&random), heard: NodeSet(bits: random.next())))
        case 10: return .refuse(Refuse(proof: random.next()))
        case 11:
            return .request(
                Request(
                    client: NodeID(anyNumber(&random)), value: anyValue(&random),
                    attempt: anyNumber(&random)))
        case 12: return .pending
        case 13: return .prepare(Prepare(ballot: anyBallot(&random)))
        case 14:
            return .promise(
                Promise(
                    ballot: anyBallot(&random), accepted: isPresent ? anyProposal(&random) : nil))
        case 15: return .accept(Accept(proposal: anyProposal(&random)))
        case 16: return .accepted(Accepted(proposal: anyProposal(&random)))
        case 17:
            return .nack(Nack(ballot: anyBallot(&random), promised: anyBallot(&random)))
        case 18: return .chosen(Chosen(value: anyValue(&random)))
        case 19: return .done(Done(clients: anyClientSet(&random)))
        case 20: return .doneReceipt
        case 21: return .shutdown
        default: return .shutdownReceipt
        }
    }

    /// A random record of the case with a tag from 1 to 8.
    static func record(tag: Int, _ random: inout RandomSource) -> NodeRecord {
        switch tag {
        case 1: .incarnation(random.next())
        case 2: .epoch(random.next())
        case 3: .ballot(random.next())
        case 4: .promised(anyBallot(&random))
        case 5: .accepted(anyProposal(&random))
        case 6: .done(anyNumber(&random))
        case 7: .life(NodeID(UInt32(random.below(64))), random.next())
        default: .admitted
        }
    }
}
