import ConsensusCore
import Simulation

/// Runs seed after seed of a scenario in one thread, and adds up what happened.
struct CampaignRunner<Kind: Scenario>: SeedRunner, ~Copyable {
    private let scenario: Kind
    private var world: World<Kind.Observer>

    init(_ scenario: Kind) {
        self.scenario = scenario
        world = scenario.makeWorld()
    }

    mutating func run(seed: UInt64, into summary: inout Kind.Summary) -> SeedVerdict {
        let report = Kind.run(scenario.plan(seed), in: &world)
        summary.add(report, of: seed, world.observer.tally)
        switch report.outcome {
        case .completed, .beyondHealing: return .held
        case .violated, .stuck: return .failed
        }
    }
}

extension RunStatistics {
    /// Simulated hours with one decimal place.
    var simulatedHours: String {
        let tenths = virtualTime.nanoseconds / 360_000_000_000
        return "\(grouped(Int(tenths / 10))).\(tenths % 10)"
    }

    /// How much happened, and which faults, in two lines.
    var paragraph: String {
        let faults = faults.filter { $0.count > 0 }
            .map { "\(grouped($0.count)) \($0.name)" }.joined(separator: ", ")
        return """
            \(grouped(steps)) steps, \(grouped(sent)) datagrams sent, \
            \(grouped(delivered)) delivered, \(grouped(records)) records, \
            \(simulatedHours) simulated hours.
            Faults: \(faults.isEmpty ? "none" : faults).
            """
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
