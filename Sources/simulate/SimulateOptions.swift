import Simulation
import UDPRuntime

/// What simulate's command line asks for.
struct SimulateOptions {
    let task: Task
    let settings: ScenarioSettings

    enum Task: Equatable {
        /// Runs many seeds until one fails.
        case campaign(ClosedRange<UInt64>)
        /// Runs one seed, and keeps its trace in a file.
        case replay(UInt64, trace: String?)
        /// Plants each bug in turn and looks for it.
        case findBugs
        /// Searches every interleaving of the bare roles.
        case exhaust(nodes: [Int], ballots: Int)
    }

    static let specifications = [
        OptionSpecification("--seeds", value: "A..B"), OptionSpecification("--seed", value: "N"),
        OptionSpecification("--trace", value: "FILE"),
        OptionSpecification("--service", value: "NAME"),
        OptionSpecification("--nodes", value: "P/A/L"),
        OptionSpecification("--clients", value: "N"),
        OptionSpecification("--faults", value: "LIST"),
        OptionSpecification("--bug", value: "NAME"), OptionSpecification("--bugs"),
        OptionSpecification("--exhaustive"), OptionSpecification("--ballots", value: "K"),
        OptionSpecification("--help"), OptionSpecification("--version"),
    ]

    /// The seeds within which a planted bug must be found.
    static let bugSeeds: ClosedRange<UInt64> = 1...20_000

    /// - Throws: ``ExitError`` of status 64.
    init(_ arguments: ParsedArguments) throws(ExitError) {
        guard arguments.words.isEmpty else {
            throw .usage(
                "Found '\(arguments.words[0])', expected options only; 'simulate --help' lists them."
            )
        }
        var settings = ScenarioSettings()
        if let name = arguments.value("--service") {
            settings.service = try SimulateOptions.oneOf(Service.allCases, name, of: "--service")
        }
        if let text = arguments.value("--nodes") {
            settings.nodes = try SimulateOptions.nodes(text, of: settings.service)
        }
        if let text = arguments.value("--clients") {
            settings.clients = try OptionValue.count(text, of: "--clients", in: 1...10)
        }
        if let text = arguments.value("--faults") {
            do {
                settings.faults = try FaultSet(
                    parsing: text, standard: ScenarioSettings.defaultFaults)
            } catch {
                throw .usage("--faults: \(error)")
            }
        }
        if let name = arguments.value("--bug") {
            settings.bug = try SimulateOptions.oneOf(settings.service.bugs, name, of: "--bug")
        }
        self.settings = settings
        task = try SimulateOptions.task(arguments, settings)
    }

    private static func task(
        _ arguments: ParsedArguments, _ settings: ScenarioSettings
    ) throws(ExitError) -> Task {
        let asked = ["--seeds", "--seed", "--bugs", "--exhaustive"].filter { arguments.has($0) }
        guard asked.count <= 1 else {
            throw .usage("Found \(asked[0]) and \(asked[1]), expected one of them.")
        }
        switch asked.first {
        case "--seed":
            let seed = try OptionValue.seed(arguments.value("--seed") ?? "", of: "--seed")
            return .replay(seed, trace: arguments.value("--trace"))
        case "--seeds":
            return .campaign(try range(arguments.value("--seeds") ?? ""))
        case "--bugs":
            return .findBugs
        case "--exhaustive":
            guard settings.service == .variable else {
                throw .usage("--exhaustive searches basic Paxos only; leave --service out.")
            }
            let nodes = settings.nodes ?? [2, 3, 1]
            // Some bugs show only when a proposer tries again.
            let canTryAgain = nodes[0] * 2 <= PaxosState.maximumBallots
            let text =
                arguments.value("--ballots") ?? (settings.bug != nil && canTryAgain ? "2" : "1")
            return .exhaust(
                nodes: nodes,
                ballots: try OptionValue.count(text, of: "--ballots", in: 1...4))
        default:
            guard settings.bug != nil else {
                throw .usage(
                    "Expected --seeds A..B, --seed N, --bug NAME, --bugs or --exhaustive; "
                        + "'simulate --help' says more.")
            }
            return .campaign(bugSeeds)
        }
    }

    /// The value that has this name.
    private static func oneOf<Named: RawRepresentable<String>>(
        _ values: [Named], _ name: String, of option: String
    ) throws(ExitError) -> Named {
        if let value = values.first(where: { $0.rawValue == name }) { return value }
        let names = values.map(\.rawValue).joined(separator: ", ")
        throw .usage("\(option): found '\(name)', expected one of \(names).")
    }

    /// Reads `P/A/L`, or for a log how many replicas.
    private static func nodes(_ text: String, of service: Service) throws(ExitError) -> [Int] {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let isReplicas = service != .variable && parts.count == 1
        guard parts.count == 3 || isReplicas else {
            throw .usage(
                "--nodes: found '\(text)', expected PROPOSERS/ACCEPTORS/LEARNERS, as in 2/3/1"
                    + (service == .variable ? "." : ", or a number of replicas."))
        }
        var result: [Int] = []
        for part in parts {
            result.append(try OptionValue.count(String(part), of: "--nodes", in: 1...15))
        }
        return result
    }

    /// Reads `A..B`.
    private static func range(_ text: String) throws(ExitError) -> ClosedRange<UInt64> {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1].isEmpty else {
            throw .usage("--seeds: found '\(text)', expected A..B, as in 1..1000.")
        }
        let first = try OptionValue.seed(String(parts[0]), of: "--seeds")
        let last = try OptionValue.seed(String(parts[2]), of: "--seeds")
        guard first <= last else {
            throw .usage("--seeds: found '\(text)', expected the lower seed first.")
        }
        return first...last
    }

    /// The options that make the same scenario again, each with a space before it.
    static func options(of settings: ScenarioSettings) -> String {
        var result = ""
        if settings.service != .variable { result += " --service \(settings.service.rawValue)" }
        if let nodes = settings.nodes {
            result += " --nodes " + nodes.map { "\($0)" }.joined(separator: "/")
        }
        if let clients = settings.clients { result += " --clients \(clients)" }
        if settings.faults != ScenarioSettings.defaultFaults {
            result += " --faults \(settings.faults)"
        }
        if let bug = settings.bug { result += " --bug \(bug.rawValue)" }
        return result
    }
}

extension Service {
    /// The planted bugs that its runs can have.
    var bugs: [PlantedBug] { self == .variable ? PaxosScenario.bugs : LogScenario.bugs }
}
