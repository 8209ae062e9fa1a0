import ConsensusCore
import PaxosNode
import Simulation

/// Runs seed after seed of a scenario in one thread, and adds up what happened.
struct CampaignRunner: SeedRunner, ~Copyable {
    private let scenario: PaxosScenario
    private var world: World<PaxosOracle>

    init(_ scenario: PaxosScenario) {
        self.scenario = scenario
        world = scenario.makeWorld()
    }

    mutating func run(seed: UInt64, into summary: inout PaxosSummary) -> SeedVerdict {
        let report = world.run(scenario.plan(seed))
        summary.add(report, world.observer.tally)
        switch report.outcome {
        case .completed, .beyondHealing: return .held
        case .violated, .stuck: return .failed
        }
    }
}

/// What happened in many runs.
struct PaxosSummary: CampaignSummary {
    var statistics = RunStatistics()
    private(set) var chosen = 0
    private(set) var beyondHealing = 0
    private(set) var crashesWhileElecting = 0
    private(set) var changesOfLeader = 0
    private(set) var duels = 0
    private(set) var refusals = 0
    private(set) var nacks = 0

    init() {}

    mutating func add(_ report: RunReport, _ tally: RunTally) {
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

    /// A paragraph that says what happened how often.
    var paragraph: String {
        let runs = statistics.runs
        let every = chosen == runs ? "every run" : "\(grouped(chosen)) of \(grouped(runs)) runs"
        let faults = statistics.faults.filter { $0.count > 0 }
            .map { "\(grouped($0.count)) \($0.name)" }.joined(separator: ", ")
        return """
            A value was chosen in \(every); \(grouped(crashesWhileElecting)) had a crash before \
            there was a leader, \(grouped(changesOfLeader)) more than one leader, \
            \(grouped(duels)) a duel (\(grouped(nacks)) nacks), \(grouped(refusals)) a life whose \
            votes were refused; in \(grouped(beyondHealing)) nothing was left to heal.
            \(grouped(statistics.steps)) steps, \(grouped(statistics.sent)) datagrams sent, \
            \(grouped(statistics.delivered)) delivered, \(grouped(statistics.records)) records, \
            \(simulatedHours) simulated hours.
            Faults: \(faults.isEmpty ? "none" : faults).
            """
    }

    /// Simulated hours with one decimal place.
    var simulatedHours: String {
        let tenths = statistics.virtualTime.nanoseconds / 360_000_000_000
        return "\(grouped(Int(tenths / 10))).\(tenths % 10)"
    }
}

/// A number with commas between its thousands.
func grouped(_ number: Int) -> String {
    var digits = String(number)
    var groups: [String] = []
    while digits.count > 3 {
        groups.insert(String(digits.suffix(3)), at: 0)
        digits.removeLast(3)
    }
    return ([digits] + groups).joined(separator: ",")
}
