import ConsensusCore
import PaxosNode

/// The ballots that were prepared, and by which life of their proposer: no two lives may use one.
struct BallotLives {
    private var lives: [Ballot: Int] = [:]

    /// Whether a life may prepare a ballot; the first may.
    mutating func note(_ ballot: Ballot, by life: Int) -> PreparedBallot {
        guard let first = lives.updateValue(life, forKey: ballot) else { return .new }
        lives[ballot] = first
        return first == life ? .repeated : .another
    }

    /// Says that two lives of a proposer prepared one ballot.
    static func complaint(of node: NodeID, _ ballot: Ballot) -> String {
        "proposer \(node) prepares ballot \(ballot), which an earlier life of it had prepared"
    }
}

/// Who has prepared a ballot before.
enum PreparedBallot {
    case new, repeated, another
}
