import ConsensusCore

/// How a proposer canvasses the acceptors before it begins a ballot.
struct Canvassing: Sendable {
    let attempt: UInt64
    /// The acceptors that hear no leader.
    var willing: NodeSet
}

/// The requests of clients that reached a proposer that does not lead, since it last had an answer of
/// the leader's for one.
struct VainRequests: Sendable {
    /// When the first and the latest of them came, without a long pause between two.
    private var first = Instant.never
    private var last = Instant(nanoseconds: .min)
    /// When the proposer insisted last.
    private var insisted = Instant(nanoseconds: .min)

    /// When somebody last wanted the proposer to lead, whoever else does.
    private var wanted = Instant(nanoseconds: .min)

    /// Takes note that a learner cannot learn from what the leader has told the acceptors.
    mutating func insist(at now: Instant) {
        wanted = now
    }

    /// Takes note that a leader has answered.
    mutating func didAnswer() {
        first = .never
        last = Instant(nanoseconds: .min)
    }

    mutating func note(at now: Instant) {
        if last + LogTiming.vainPause < now { first = now }
        last = now
    }

    /// Whether clients have asked for so long, or learners found so little, that whoever leads is of no
    /// use to them.
    func areMany(at now: Instant) -> Bool {
        if wanted + LogTiming.vainPause >= now { return true }
        return last + LogTiming.vainPause >= now && first + LogTiming.vain <= now
    }

    /// Whether they are many and the last attempt to lead has had its time; an attempt is begun then.
    mutating func isTimeToInsist(at now: Instant) -> Bool {
        guard areMany(at: now), insisted + LogTiming.retry.upperBound <= now else { return false }
        insisted = now
        return true
    }
}

/// What a leader keeps besides its proposals: how far they were sent, and who still hears it.
struct Reign: Sendable {
    /// The first slot not yet sent to the acceptors.
    var sendSlot: Slot = 0
    /// The first slot this node has not voted on itself.
    var voteSlot: Slot = 0
    var heartbeatTime = Instant.never
    /// The number of the last heartbeat.
    var round: UInt64 = 0
    /// By node: the highest round answered.
    private var answered: [UInt64] = []
    /// By node: when it last answered, an acceptor with a vote.
    private var heardTime: [Instant] = []
    /// By node: how far its snapshot reaches.
    private var snapshots: [Slot] = []
    /// What a learner has last told of its state.
    private(set) var claim = StateClaim(applied: 0, chain: 0)
    /// How many slots it has applied and pieces of a snapshot received, and since when no more.
    private var learned: UInt64 = 0
    private var learnedTime = Instant.never

    init() {}

    init(of tenure: Tenure, nodeCount: Int, at now: Instant) {
        sendSlot = tenure.inFlight.first
        voteSlot = tenure.inFlight.first
        heartbeatTime = now
        answered = Array(repeating: 0, count: nodeCount)
        heardTime = Array(repeating: now, count: nodeCount)
        snapshots = Array(repeating: 0, count: nodeCount)
        learnedTime = now
    }

    /// Whether a leader has not learned more of what was chosen before it led for too long.
    ///
    /// - Parameter learned: how many slots it has applied and pieces of a snapshot received; nil if
    ///   nothing is missing.
    mutating func isIgnorant(learned: UInt64?, at now: Instant) -> Bool {
        guard let learned, learned == self.learned else {
            self.learned = learned ?? 0
            learnedTime = now
            return false
        }
        return learnedTime + LogTiming.ignorance <= now
    }

    mutating func take(
        _ pulse: Pulse, from node: NodeID, isAcceptor: Bool, at now: Instant
    ) {
        snapshots[node.index] = max(snapshots[node.index], pulse.snapshot)
        if pulse.claim.applied > 0 { claim = pulse.claim }
        guard pulse.isVoting || !isAcceptor else { return }
        answered[node.index] = max(answered[node.index], pulse.round)
        heardTime[node.index] = now
    }

    /// Whether one of these was heard of late.
    func hears(anyOf nodes: NodeSet, at now: Instant) -> Bool {
        nodes.contains { heardTime[$0.index] + LogTiming.abdication > now }
    }

    /// Whether a majority of the acceptors was heard of late.
    ///
    /// - Parameter oneself: this node, if it votes.
    func hears(_ majority: Majority, oneself: NodeID?, at now: Instant) -> Bool {
        var heard = NodeSet()
        for acceptor in majority.voters
        where acceptor == oneself || heardTime[acceptor.index] + LogTiming.abdication > now {
            heard.insert(acceptor)
        }
        return majority.isReached(by: heard)
    }

    /// The highest round that a majority of the acceptors has answered.
    func confirmedRound(by majority: Majority, oneself: NodeID?) -> UInt64 {
        var confirmed: UInt64 = 0
        for candidate in majority.voters {
            let round = candidate == oneself ? self.round : answered[candidate.index]
            guard round > confirmed else { continue }
            var count = 0
            for other in majority.voters
            where other == oneself || answered[other.index] >= round { count += 1 }
            if count >= majority.size { confirmed = round }
        }
        return confirmed
    }

    /// How far the acceptors of a cluster in role form may forget: half of the learners have it in a
    /// snapshot.
    func truncatable(learners: NodeSet) -> Slot {
        let reached = learners.map { snapshots[$0.index] }.sorted(by: >)
        return reached[(reached.count + 1) / 2 - 1]
    }
}
