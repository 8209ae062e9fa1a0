import ConsensusCore

/// The leader's work of ending the run once every client is done.
///
/// It tells all nodes until they have confirmed. A node that was alive once and stays silent is waited
/// for no longer than ``Timing/shutdownPatience``, one that never appeared no longer than
/// ``Timing/latecomerPatience``: it may be starting just now, and would else wait for clients for ever.
struct Ending: Hashable, Sendable {
    private let others: NodeSet
    private(set) var confirmed: NodeSet = []
    /// The nodes that had been heard from when the run's end was last worked on.
    private var heardBefore: NodeSet
    private var resends = Backoff(initial: Timing.resend, limit: Timing.resendLimit)
    private var resendTime: Instant
    /// When the nodes that were alive once are no longer waited for; ``Instant/never`` once they are not.
    private var knownTime: Instant
    /// When those that never appeared are no longer waited for; ``Instant/never`` once they are not.
    private var latecomerTime: Instant

    init(others: NodeSet, heard: NodeSet, at now: Instant) {
        self.others = others
        heardBefore = heard
        resendTime = now
        knownTime = now + Timing.shutdownPatience
        latecomerTime = now + Timing.latecomerPatience
    }

    var wakeTime: Instant { min(resendTime, knownTime, latecomerTime) }

    mutating func receipt(from node: NodeID) {
        confirmed.insert(node)
    }

    /// A node has appeared or joined only now: it is to be told at once, and others may follow it.
    mutating func appeared(at now: Instant) {
        resends.reset()
        resendTime = now
        knownTime = now + Timing.shutdownPatience
        latecomerTime = now + Timing.latecomerPatience
    }

    /// Tells those who are due; returns whether the leader can end, too.
    mutating func advance(
        heard: NodeSet, at now: Instant, random: inout RandomSource,
        into lanes: inout ConsensusNode.Lanes
    ) -> Bool {
        if heard != heardBefore { appeared(at: now) }
        heardBefore = heard
        let missing = others.subtracting(confirmed)
        let known = missing.intersection(heard)
        let latecomers = missing.subtracting(heard)
        if now >= resendTime {
            lanes.send(.shutdown, to: known)
            resendTime = known.isEmpty ? .never : now + resends.next(using: &random)
        }
        if now >= knownTime { knownTime = .never }
        if now >= latecomerTime { latecomerTime = .never }
        let waitsForKnown = !known.isEmpty && knownTime != .never
        let waitsForLatecomers = !latecomers.isEmpty && latecomerTime != .never
        return !waitsForKnown && !waitsForLatecomers
    }
}
