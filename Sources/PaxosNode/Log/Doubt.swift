import ConsensusCore

/// What a node asks of all others because it cannot believe one of them: the question under way, and the
/// answers to it.
///
/// Two learners that have different digests at one position hold different histories. Which is the true
/// one, a single node's word does not say. So the question is put to all, with a fresh number; only if a
/// majority of the learners has one and the same other digest is this node's own history wrong for certain.
struct Doubt: Sendable {
    /// The position at which another learner's digest is another, and this node's there.
    private(set) var disputed: StateClaim?
    /// The latest position in dispute since the last question, which the next is about: others know the digests
    /// of their latest positions only.
    private var latest: StateClaim?
    /// The number of the last question.
    private var number: UInt64 = 0
    /// By node: the digest it has testified to, of the last question.
    private var testimonies: [UInt64?]
    /// The nodes that contradict this one, as far as that has been said.
    private var opponents: NodeSet = []
    /// When to ask again; ``Instant/never`` while there is nothing to ask.
    private(set) var time = Instant.never
    private var quietUntil = Instant(nanoseconds: .min)
    private var waits = Backoff(initial: LogTiming.question, limit: LogTiming.questionLimit)

    init(nodeCount: Int) {
        testimonies = Array(repeating: nil, count: nodeCount)
    }

    /// Takes note that another learner has another digest; returns whether that is new of it.
    mutating func dispute(_ claim: StateClaim, with opponent: NodeID, at now: Instant) -> Bool {
        if disputed == nil {
            disputed = claim
            time = now
            waits.reset()
        } else if claim.applied > max(disputed?.applied ?? 0, latest?.applied ?? 0) {
            latest = claim
        }
        return opponents.insert(opponent)
    }

    /// Has all be asked, unless they were of late.
    mutating func ask(at now: Instant) {
        time = min(time, max(now, quietUntil))
    }

    /// The next question, about the position in dispute or, if there is none, about nothing.
    mutating func question(at now: Instant, random: inout RandomSource) -> Question {
        number = random.nextNonZero()
        disputed = latest ?? disputed
        latest = nil
        testimonies = Array(repeating: nil, count: testimonies.count)
        quietUntil = now + LogTiming.question
        time = disputed == nil ? .never : now + waits.next(using: &random)
        return Question(number: number, claim: disputed ?? StateClaim(applied: 0, chain: 0))
    }

    /// Whether this is an answer to the last question.
    func asked(for testimony: Testimony) -> Bool {
        testimony.number == number && number != 0
    }

    /// Takes an answer; returns whether a majority of the learners now agrees on another digest than this
    /// node's.
    mutating func take(_ testimony: Testimony, from node: NodeID, learners: Majority) -> Bool {
        guard asked(for: testimony), let disputed, testimony.isVoting,
            let chain = testimony.chain, chain != disputed.chain
        else { return false }
        testimonies[node.index] = chain
        var agreeing = NodeSet()
        for learner in learners.voters where testimonies[learner.index] == chain {
            agreeing.insert(learner)
        }
        return learners.isReached(by: agreeing)
    }
}
