import ConsensusCore

/// Whether the learner of a cluster in role form has reason to ask for another leader.
///
/// It has when the next slot has a value or is chosen, all of a majority of the acceptors have told what they
/// accepted, and it is not chosen as far as that goes: some of those that have accepted the value do not
/// answer, and neither does their leader. A leader that the learner hears would have those that do answer
/// accept it. Learners rarely ask for one, since it is no better if they themselves are to blame.
struct Complaint: Sendable {
    /// When to ask, at the earliest; ``Instant/never`` while there is no reason.
    private var time = Instant.never
    /// The acceptors that have told all they accepted since there was reason.
    private var voters: NodeSet = []
    private var waits = Backoff(initial: LogTiming.complaint, limit: LogTiming.complaintLimit)

    /// Takes note that the next slot has a value somewhere, or is said to be chosen.
    mutating func begin(at now: Instant, random: inout RandomSource) {
        guard time == .never else { return }
        time = now + waits.next(using: &random)
        voters = []
    }

    /// Takes note of an acceptor that has told all it accepted.
    mutating func note(_ acceptor: NodeID) {
        voters.insert(acceptor)
    }

    /// Takes note that a slot was applied.
    mutating func end() {
        time = .never
        waits.reset()
    }

    /// Whether to ask now; it is not done again soon.
    mutating func isDue(
        _ majority: Majority, at now: Instant, random: inout RandomSource
    ) -> Bool {
        guard now >= time, majority.isReached(by: voters) else { return false }
        voters = []
        time = now + waits.next(using: &random)
        return true
    }
}
