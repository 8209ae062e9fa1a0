public import ConsensusCore

/// How a run ended.
public enum Outcome: Hashable, Sendable {
    /// No violation, and the healthy were done within the bound.
    case completed
    case violated(Violation)
    /// The healthy were not done within the bound, or nothing was left to happen before they were,
    /// or the run took more steps than its plan allows.
    case stuck
    /// No violation, and the safety phase left nobody of whom progress could be asked.
    case beyondHealing
}

/// What one run came to.
@frozen
public struct RunReport: Hashable, Sendable {
    public var outcome: Outcome
    /// When the run ended.
    public var time: Instant
    /// The hosts healed after the safety phase; empty if the run ended in it.
    public var healthy: NodeSet
    public var statistics: RunStatistics
    /// Equal for equal runs.
    public var digest: UInt64

    @inlinable
    init(
        outcome: Outcome, time: Instant, healthy: NodeSet, statistics: RunStatistics,
        digest: UInt64
    ) {
        self.outcome = outcome
        self.time = time
        self.healthy = healthy
        self.statistics = statistics
        self.digest = digest
    }
}

/// Counts over one run or many.
@frozen
public struct RunStatistics: Hashable, Sendable {
    public var runs = 0
    /// Events that automata took.
    public var steps = 0
    public var virtualTime: Interval = .zero
    /// Messages sent, a broadcast once a recipient.
    public var sent = 0
    public var delivered = 0
    public var wakes = 0
    public var records = 0
    /// How many times a host replaced its records by fewer.
    public var checkpoints = 0
    public var outputs = 0

    public var lost = 0
    /// Lost because the plan says so.
    public var dropped = 0
    public var partitioned = 0
    public var duplicated = 0
    public var spiked = 0
    public var clogged = 0
    public var corrupted = 0
    /// Datagrams that could not be decoded.
    public var rejected = 0
    /// Datagrams that found their host down.
    public var unheard = 0
    /// Datagrams to hosts that do not exist, or to guests that are at another address by now.
    public var misaddressed = 0
    /// Guests' datagrams that were answered with a challenge.
    public var challenges = 0
    public var crashes = 0
    /// Crashes between a write and what depends on it; also counted as crashes.
    public var persistCrashes = 0
    public var restarts = 0
    /// Restarts without the disk; also counted as restarts.
    public var amnesiacs = 0
    /// Crashes that lost or tore unsynced writes.
    public var lostTails = 0
    public var pauses = 0
    public var jumps = 0
    public var partitions = 0
    public var clogs = 0
    public var slowWrites = 0
    public var lateStarts = 0
    /// Writes for which a disk had no room; also counted as crashes.
    public var failedWrites = 0
    /// Writes for which a host stood still.
    public var hungWrites = 0
    /// Datagrams for which a host that stood still had no room.
    public var overflowed = 0
    /// Disks damaged while their hosts were down.
    public var rottenDisks = 0
    /// Times a host refused to start with what its disk held.
    public var refusedStarts = 0
    /// Disks whose place an older copy took.
    public var oldDisks = 0
    /// Times some hosts began anew beside others that kept their disks.
    public var newBeginnings = 0
    /// Times many hosts lost power; each of these is counted as a crash too.
    public var powerCuts = 0
    /// Synchronizations that failed; also counted as crashes.
    public var failedSyncs = 0
    /// Processes that began with the ID of another that ran.
    public var twins = 0
    /// Events that waited for their host to have computed something else.
    public var waits = 0
    /// Datagrams of a guest with bad intentions.
    public var forgeries = 0

    @inlinable
    public init() {}

    /// The faults with their names, in the order they are shown.
    public var faults: [(name: String, count: Int)] {
        [
            ("lost", lost), ("partitioned", partitioned), ("duplicated", duplicated),
            ("spiked", spiked), ("clogged", clogged), ("corrupted", corrupted),
            ("crashes", crashes), ("crashes at a persist point", persistCrashes),
            ("restarts", restarts), ("restarts without disk", amnesiacs),
            ("tails lost or torn", lostTails), ("pauses", pauses), ("clock jumps", jumps),
            ("partitions", partitions), ("clogs", clogs), ("slow writes", slowWrites),
            ("late starts", lateStarts), ("writes to full disks", failedWrites),
            ("hung writes", hungWrites), ("overflowed", overflowed),
            ("rotten disks", rottenDisks), ("refusals to start", refusedStarts),
            ("old disks", oldDisks), ("new beginnings", newBeginnings), ("power cuts", powerCuts),
            ("failed syncs", failedSyncs), ("twins", twins), ("waits for computing", waits),
            ("forgeries", forgeries),
        ]
    }

    public var faultCount: Int {
        lost + partitioned + duplicated + spiked + clogged + corrupted + crashes + restarts
            + lostTails + pauses + jumps + slowWrites + lateStarts
            + hungWrites + overflowed + rottenDisks + oldDisks + newBeginnings + powerCuts + twins
            + forgeries
    }

    public mutating func add(_ other: RunStatistics) {
        runs += other.runs
        steps += other.steps
        virtualTime = virtualTime + other.virtualTime
        sent += other.sent
        delivered += other.delivered
        wakes += other.wakes
        records += other.records
        checkpoints += other.checkpoints
        outputs += other.outputs
        lost += other.lost
        dropped += other.dropped
        partitioned += other.partitioned
        duplicated += other.duplicated
        spiked += other.spiked
        clogged += other.clogged
        corrupted += other.corrupted
        rejected += other.rejected
        unheard += other.unheard
        misaddressed += other.misaddressed
        challenges += other.challenges
        crashes += other.crashes
        persistCrashes += other.persistCrashes
        restarts += other.restarts
        amnesiacs += other.amnesiacs
        lostTails += other.lostTails
        pauses += other.pauses
        jumps += other.jumps
        partitions += other.partitions
        clogs += other.clogs
        slowWrites += other.slowWrites
        lateStarts += other.lateStarts
        failedWrites += other.failedWrites
        hungWrites += other.hungWrites
        overflowed += other.overflowed
        rottenDisks += other.rottenDisks
        refusedStarts += other.refusedStarts
        oldDisks += other.oldDisks
        newBeginnings += other.newBeginnings
        powerCuts += other.powerCuts
        failedSyncs += other.failedSyncs
        twins += other.twins
        waits += other.waits
        forgeries += other.forgeries
    }
}
