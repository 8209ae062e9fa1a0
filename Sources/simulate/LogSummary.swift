import Simulation

/// What happened in one run of the log, to be added up.
struct LogTally {
    /// The slots chosen without a gap.
    var slots = 0
    var leaders = 0
    var nacks = 0
    var refusals = 0
    var strangers = 0
    var snapshotParts = 0
    var operations = 0
    var answers = 0
    var timeouts = 0
    var expirations = 0
    /// Whether the history was too hard to judge.
    var isUndecided = false
}

/// What happened in many runs of the log.
struct LogSummary: ScenarioSummary {
    private(set) var statistics = RunStatistics()
    private(set) var total = LogTally()
    private(set) var undecided: [UInt64] = []
    private(set) var beyondHealing = 0
    private(set) var changesOfLeader = 0
    private(set) var transfers = 0
    private(set) var refusals = 0

    init() {}

    mutating func add(_ report: RunReport, of seed: UInt64, _ tally: LogTally) {
        statistics.add(report.statistics)
        total.add(tally)
        if tally.isUndecided { undecided.append(seed) }
        beyondHealing += report.outcome == .beyondHealing ? 1 : 0
        changesOfLeader += tally.leaders > 1 ? 1 : 0
        transfers += tally.snapshotParts > 0 ? 1 : 0
        refusals += tally.refusals > 0 ? 1 : 0
    }

    mutating func merge(_ later: LogSummary) {
        statistics.add(later.statistics)
        total.add(later.total)
        undecided += later.undecided
        beyondHealing += later.beyondHealing
        changesOfLeader += later.changesOfLeader
        transfers += later.transfers
        refusals += later.refusals
    }

    var paragraph: String {
        """
        \(grouped(total.slots)) slots were chosen; \(grouped(total.operations)) operations, \
        \(grouped(total.answers)) answered, \(grouped(total.timeouts)) timed out, \
        \(grouped(total.expirations)) met an expired session.
        \(grouped(changesOfLeader)) runs had more than one leader, \(grouped(transfers)) a snapshot \
        sent, \(grouped(refusals)) a life whose votes were refused; in \
        \(grouped(beyondHealing)) nothing was left to heal, \(grouped(undecided.count)) histories were too \
        hard to judge. \(grouped(statistics.checkpoints)) checkpoints.
        \(statistics.paragraph)
        """
    }
}

extension LogTally {
    /// Adds the counts of other runs.
    fileprivate mutating func add(_ other: LogTally) {
        slots += other.slots
        leaders += other.leaders
        nacks += other.nacks
        refusals += other.refusals
        snapshotParts += other.snapshotParts
        operations += other.operations
        answers += other.answers
        timeouts += other.timeouts
        expirations += other.expirations
    }
}
