import Simulation

/// What happened in many runs of basic Paxos.
struct PaxosSummary: ScenarioSummary {
    private(set) var statistics = RunStatistics()
    private(set) var chosen = 0
    private(set) var beyondHealing = 0
    private(set) var crashesWhileElecting = 0
    private(set) var changesOfLeader = 0
    private(set) var duels = 0
    private(set) var refusals = 0
    private(set) var nacks = 0

    init() {}

    var undecided: [UInt64] { [] }

    mutating func add(_ report: RunReport, of seed: UInt64, _ tally: RunTally) {
        statistics.add(report.statistics)
        chosen += tally.hasChosen ? 1 : 0
        beyondHealing += report.outcome == .beyondHealing ? 1 : 0
        crashesWhileElecting += tally.crashesWhileElecting > 0 ? 1 : 0
        changesOfLeader += tally.leaders > 1 ? 1 : 0
        duels += tally.nacks > 0 ? 1 : 0
        refusals += tally.refusals > 0 ? 1 : 0
        nacks += tally.nacks
    }

    mutating func merge(_ later: PaxosSummary) {
        statistics.add(later.statistics)
        chosen += later.chosen
        beyondHealing += later.beyondHealing
        crashesWhileElecting += later.crashesWhileElecting
        changesOfLeader += later.changesOfLeader
        duels += later.duels
        refusals += later.refusals
        nacks += later.nacks
    }

    var paragraph: String {
        let runs = statistics.runs
        let every = chosen == runs ? "every run" : "\(grouped(chosen)) of \(grouped(runs)) runs"
        return """
            A value was chosen in \(every); \(grouped(crashesWhileElecting)) had a crash before \
            there was a leader, \(grouped(changesOfLeader)) more than one leader, \
            \(grouped(duels)) a duel (\(grouped(nacks)) nacks), \(grouped(refusals)) a life whose \
            votes were refused; in \(grouped(beyondHealing)) nothing was left to heal.
            \(statistics.paragraph)
            """
    }
}
