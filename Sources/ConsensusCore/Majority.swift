/// The quorum system of this project: the majorities of a fixed set of voters.
///
/// Any two majorities of one set have a voter in common, which is all that Paxos asks of quorums
/// (Lamport, *Paxos Made Simple*, section 2.2).
@frozen
public struct Majority: Hashable, Sendable {
    public let voters: NodeSet

    @inlinable
    public init(of voters: NodeSet) {
        self.voters = voters
    }

    /// How many voters make a majority: more than half of them, so 1 of 1, 2 of 2, 2 of 3, 3 of 4.
    @inlinable
    public var size: Int { voters.count / 2 + 1 }

    /// Whether these votes, each voter counted once and strangers not at all, are a majority.
    @inlinable
    public func isReached(by votes: NodeSet) -> Bool {
        votes.intersection(voters).count >= size
    }
}
