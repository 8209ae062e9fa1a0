import ConsensusCore
import Simulation

/// A kind of run: which plan a seed stands for, the world that carries it out, and how it is told.
protocol Scenario: Sendable, SendableMetatype {
    associatedtype Observer: Oracle
    associatedtype Summary: ScenarioSummary where Summary.Tally == Observer.Tally

    /// The planted bugs that this kind of run can have.
    static var bugs: [PlantedBug] { get }
    /// How the wire codec's tags of the messages that stories tell of begin.
    static var plot: ClosedRange<UInt8> { get }

    var settings: ScenarioSettings { get }

    init(_ settings: ScenarioSettings)

    /// Everything that happens in the run of a seed.
    func plan(_ seed: UInt64) -> Plan

    /// A world that runs this scenario's plans.
    func makeWorld() -> World<Observer>

    /// Runs a plan and judges it, as ``Simulation/World/judge(_:)`` does.
    ///
    /// It is asked of the concrete type, so that all that a run goes through is compiled for it.
    static func run(_ plan: Plan, in world: inout World<Observer>) -> RunReport

    /// What hosts of a plan can leave out, ascending; see ``Simulation/Plan/omitted``.
    static func omissible(of plan: Plan) -> [UInt64]

    /// Who is who in a plan of this shape.
    static func cast(of shape: [Int]) -> Cast

    /// Whether a story tells of this event.
    static func isTold(_ event: TraceEvent, of cast: Cast) -> Bool
}

/// Which runs are asked for, in the words of the command line; what is nil is drawn from each seed.
struct ScenarioSettings: Hashable, Sendable {
    var service = Service.variable
    /// Proposers, acceptors and learners; or how many replicas.
    var nodes: [Int]?
    var clients: Int?
    var faults = ScenarioSettings.defaultFaults
    var bug: PlantedBug?

    /// What `--faults default` stands for: everything that the protocols are to survive, lost disks
    /// included.
    static let defaultFaults = FaultSet.all
}

/// What the cluster agrees on.
enum Service: String, CaseIterable, Sendable {
    /// One value: basic Paxos.
    case variable
    /// A log of commands of a list.
    case list
    /// A log of commands of a key-value store.
    case kv
}

/// An oracle that adds up what it saw, and has a last word once the run is over.
protocol Oracle: WorldObserver {
    associatedtype Tally
    var tally: Tally { get }
    /// Whether it could not say if all properties were kept, once it has concluded.
    var isUndecided: Bool { get }

    /// Judges what only the whole run shows.
    mutating func conclude()
}

/// What happened in many runs.
protocol ScenarioSummary: CampaignSummary {
    associatedtype Tally
    var statistics: RunStatistics { get }
    /// The seeds of runs that left open whether all properties were kept.
    var undecided: [UInt64] { get }
    /// A paragraph that says what happened how often.
    var paragraph: String { get }

    mutating func add(_ report: RunReport, of seed: UInt64, _ tally: Tally)
}

extension Oracle {
    var isUndecided: Bool { false }
}

extension World where Observer: Oracle {
    /// Runs a plan and has the oracle judge it as a whole.
    mutating func judge(_ plan: Plan) -> RunReport {
        var report = run(plan)
        if case .violated = report.outcome { return report }
        observer.conclude()
        guard let violation = observer.violation else { return report }
        report.outcome = .violated(violation)
        guard options.contains(.traces) else { return report }
        trace.append(
            TraceEvent(
                time: report.time, node: nil, action: .violates,
                text: "of \(violation.property): \(violation.explanation)"))
        return report
    }
}

/// What the hosts of a run are called.
struct Cast {
    /// Who has which role, in a few words.
    let introduction: String
    /// By host: its role, as in `acceptor`.
    let roles: [String]

    func role(of node: NodeID) -> String {
        node.index < roles.count ? roles[node.index] : "host"
    }

    /// A host's role and ID, as in `acceptor 3`.
    func name(of node: NodeID) -> String { "\(role(of: node)) \(node)" }

    /// The roles and IDs of some hosts, as in `proposer 0, acceptors 3, 4`; nothing if there are none.
    func name(of nodes: NodeSet) -> String {
        var names: [String] = []
        var rest = nodes
        while let first = rest.first {
            var same = NodeSet()
            for node in rest where role(of: node) == role(of: first) { same.insert(node) }
            names.append(same.count == 1 ? name(of: first) : "\(role(of: first))s \(same)")
            rest = rest.subtracting(same)
        }
        return names.joined(separator: ", ")
    }
}

extension RandomSource {
    /// Draws some of these nodes, at least so many; nil if there are too few.
    mutating func some(of nodes: NodeSet, least: Int) -> NodeSet? {
        var candidates = nodes.map(\.self)
        guard candidates.count >= least else { return nil }
        var result = NodeSet()
        for _ in 0..<number(in: least...candidates.count) {
            result.insert(candidates.remove(at: number(in: 0...candidates.count - 1)))
        }
        return result
    }
}
