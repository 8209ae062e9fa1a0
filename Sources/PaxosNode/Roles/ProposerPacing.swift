import ConsensusCore

/// When a proposer sends again and when it tries again: liveness only.
///
/// Unanswered requests are sent again at growing, jittered intervals. After a nack the proposer waits a
/// random, exponentially growing, bounded time before its next ballot, so that duelling proposers get
/// out of each other's way (Lamport, *Paxos Made Simple*, section 2.4); with the backoff off it tries
/// again at once.
struct ProposerPacing: Hashable, Sendable {
    private let backsOff: Bool
    private var resends = Backoff(initial: .milliseconds(20), limit: .milliseconds(200))
    private var retreats = Backoff(initial: .milliseconds(4), limit: .milliseconds(500))
    /// When to send again what the present phase still waits for.
    private(set) var resendTime = Instant.never
    /// When to begin the next ballot.
    private(set) var retryTime = Instant.never

    init(backsOff: Bool) {
        self.backsOff = backsOff
    }

    var wakeTime: Instant { min(resendTime, retryTime) }

    /// A new phase has begun and its request has just been sent.
    mutating func phaseBegan(at now: Instant, random: inout RandomSource) {
        resends.reset()
        resendTime = now + resends.next(using: &random)
        retryTime = .never
    }

    /// The present phase's request has just been sent again.
    mutating func requestRepeated(at now: Instant, random: inout RandomSource) {
        resendTime = now + resends.next(using: &random)
    }

    /// A nack has ended the ballot.
    ///
    /// A further nack of the same ballot does not put the retry off.
    mutating func ballotRefused(at now: Instant, random: inout RandomSource) {
        resendTime = .never
        guard retryTime == .never else { return }
        retryTime = backsOff ? now + retreats.next(using: &random) : now
    }

    /// Nothing is under way any more.
    mutating func rest() {
        resendTime = .never
        retryTime = .never
        retreats.reset()
    }
}
