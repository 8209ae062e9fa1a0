import PaxosNode
import Simulation
import UDPRuntime

/// What simulate's command line asks for.
struct SimulateOptions {
    let task: Task
    let scenario: PaxosScenario

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
        var scenario = PaxosScenario()
        if let text = arguments.value("--nodes") {
            scenario.nodes = try SimulateOptions.nodes(text)
        }
        if let text = arguments.value("--clients") {
            scenario.clients = try OptionValue.count(text, of: "--clients", in: 1...10)
        }
        if let text = arguments.value("--faults") {
            do {
                scenario.faults =
                    text == "default" ? PaxosScenario.defaultFaults : try FaultSet(parsing: text)
            } catch {
                throw .usage("--faults: \(error)")
            }
        }
        if let name = arguments.value("--bug") {
            guard let bug = PlantedBug(rawValue: name) else {
                let names = PlantedBug.allCases.map(\.rawValue).joined(separator: ", ")
                throw .usage("--bug: found '\(name)', expected one of \(names).")
            }
            scenario.bug = bug
        }
        self.scenario = scenario
        task = try SimulateOptions.task(arguments, scenario)
    }

    private static func task(
        _ arguments: ParsedArguments, _ scenario: PaxosScenario
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
            let nodes = scenario.nodes ?? [2, 3, 1]
            // Some bugs show only when a proposer tries again.
            let canTryAgain = nodes[0] * 2 <= PaxosState.maximumBallots
            let text =
                arguments.value("--ballots") ?? (scenario.bug != nil && canTryAgain ? "2" : "1")
            return .exhaust(
                nodes: nodes,
                ballots: try OptionValue.count(text, of: "--ballots", in: 1...4))
        default:
            guard scenario.bug != nil else {
                throw .usage(
                    "Expected --seeds A..B, --seed N, --bug NAME, --bugs or --exhaustive; "
                        + "'simulate --help' says more.")
            }
            return .campaign(bugSeeds)
        }
    }

    /// Reads `P/A/L`.
    private static func nodes(_ text: String) throws(ExitError) -> [Int] {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3 else {
            throw .usage(
                "--nodes: found '\(text)', expected PROPOSERS/ACCEPTORS/LEARNERS, as in 2/3/1.")
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
    static func options(of scenario: PaxosScenario) -> String {
        var result = ""
        if let nodes = scenario.nodes {
            result += " --nodes " + nodes.map { "\($0)" }.joined(separator: "/")
        }
        if let clients = scenario.clients { result += " --clients \(clients)" }
        if scenario.faults != PaxosScenario.defaultFaults {
            result += " --faults \(scenario.faults)"
        }
        if let bug = scenario.bug { result += " --bug \(bug.rawValue)" }
        return result
    }
}
