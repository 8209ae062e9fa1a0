import ConsensusCore

/// A node's or client's membership of a run: which epochs it has been told of, and how it asks.
///
/// An assignment is believed only if it names this very life, so one left over from an earlier run on the
/// same ports is not. Messages are taken from any epoch of the run; there can be more than one where
/// two leaders, each unaware of the other, drew one, and then the highest prevails.
struct Enrollment: Hashable, Sendable {
    /// The epochs told to this life, oldest first; at most ``maximumEpochs``.
    private(set) var epochs: [UInt64] = []
    /// The present epoch: the highest of them, or 0 before there is any.
    private(set) var epoch: UInt64 = 0
    private var resends = Backoff(initial: Timing.resend, limit: Timing.resendLimit)
    /// When to ask again for an assignment.
    private(set) var askTime = Instant.never
    /// How many times it was asked since an assignment was last confirmed.
    private(set) var attempt: UInt32 = 0

    /// The most epochs kept; there are as many as leaders that knew of no epoch.
    static let maximumEpochs = 16

    var isEnrolled: Bool { epoch != 0 }

    /// Whether a message of this epoch belongs to this node's run.
    func includes(_ epoch: UInt64) -> Bool {
        epoch != 0 && (epoch == self.epoch || epochs.contains(epoch))
    }

    /// Asks from now on until an assignment comes.
    mutating func ask(at now: Instant) {
        resends.reset()
        askTime = now
    }

    /// The question to be sent now; it will be due again.
    mutating func nextQuestion(at now: Instant, random: inout RandomSource) -> Join {
        defer { attempt = min(attempt + 1, .max - 1) }
        askTime = now + resends.next(using: &random)
        return Join(attempt: attempt)
    }

    /// Asks no more.
    mutating func stopAsking() {
        askTime = .never
    }

    /// Enters an epoch; says whether it is now the present one and was not before.
    ///
    /// - Precondition: it is not 0, and this life was told of it.
    mutating func enter(_ newEpoch: UInt64) -> Bool {
        precondition(newEpoch != 0)
        if !epochs.contains(newEpoch) {
            epochs.append(newEpoch)
            if epochs.count > Enrollment.maximumEpochs { epochs.removeFirst() }
        }
        guard newEpoch > epoch else { return false }
        epoch = newEpoch
        return true
    }

    /// Enters an epoch and makes it the present one, even if it is lower than one told before.
    ///
    /// For a client, which has no vote: whoever assigned last is to be understood.
    mutating func enterLatest(_ newEpoch: UInt64) {
        _ = enter(newEpoch)
        epoch = newEpoch
    }

    /// An assignment of the present leader has come.
    mutating func confirmed() {
        askTime = .never
        attempt = 0
    }
}
