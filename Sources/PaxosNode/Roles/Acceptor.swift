/// An acceptor's decisions, as in Lamport, *Paxos Made Simple*, section 2.2.
///
/// - P1a: an acceptor can accept a proposal numbered n if and only if it has not responded to a
///   prepare request having a number greater than n.
/// - It answers a prepare with the promise never to accept anything lower, and with the proposal of
///   the highest ballot it has accepted, if any.
///
/// Asked the same question twice it gives the same answer, so repeated datagrams do no harm. Whatever
/// it cannot grant it refuses with a nack that names the ballot it has promised (an optimization of
/// section 2.5 of the paper; nothing but speed depends on it).
public struct Acceptor: Hashable, Sendable {
    /// The highest ballot it has promised or accepted at.
    public package(set) var promised: Ballot?
    /// The proposal of the highest ballot it has accepted.
    public package(set) var accepted: Proposal?

    public init() {}

    /// Phase 1b.
    public mutating func receive(_ prepare: Prepare) -> PrepareAnswer {
        if let promised, prepare.ballot < promised {
            return .nack(Nack(ballot: prepare.ballot, promised: promised))
        }
        promised = prepare.ballot
        return .promise(Promise(ballot: prepare.ballot, accepted: accepted))
    }

    /// Phase 2b.
    ///
    /// Accepting at a ballot also promises it.
    public mutating func receive(_ accept: Accept) -> AcceptAnswer {
        let proposal = accept.proposal
        if let promised, proposal.ballot < promised {
            return .nack(Nack(ballot: proposal.ballot, promised: promised))
        }
        promised = proposal.ballot
        accepted = proposal
        return .accepted(Accepted(proposal: proposal))
    }

    /// Takes back a promise of an earlier life.
    mutating func recover(promised ballot: Ballot) {
        promised = max(promised ?? ballot, ballot)
    }

    /// Takes back what an earlier life accepted.
    mutating func recover(accepted proposal: Proposal) {
        recover(promised: proposal.ballot)
        if accepted.map({ $0.ballot < proposal.ballot }) ?? true { accepted = proposal }
    }

    /// Stops the program if the state could not have come about by the rules above.
    public func checkInvariants() {
        guard let accepted else { return }
        precondition(promised != nil, "accepted a proposal without promising its ballot")
        precondition(
            promised.map { accepted.ballot <= $0 } == true, "accepted above its promise")
    }
}

/// What an acceptor answers to a prepare.
public enum PrepareAnswer: Hashable, Sendable {
    case promise(Promise)
    case nack(Nack)
}

/// What an acceptor answers to an accept.
public enum AcceptAnswer: Hashable, Sendable {
    case accepted(Accepted)
    case nack(Nack)
}
