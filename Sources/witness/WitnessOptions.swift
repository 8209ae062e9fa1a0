import ConsensusCore
import UDPRuntime

/// What witness's command line asks for.
struct WitnessOptions: Hashable {
    let hostsPath: String
    /// How many operations are under way at a time.
    let processes: Int
    /// How long the load lasts, unless standard input ends before.
    let seconds: Int
    /// How long a process waits between two operations, in milliseconds.
    let pause: Int
    /// Gaps between answers of at least so many milliseconds are said at once.
    let gap: Int
    let seed: UInt64

    static let specifications = [
        OptionSpecification("--hosts", value: "FILE"),
        OptionSpecification("--processes", value: "N"),
        OptionSpecification("--seconds", value: "N"),
        OptionSpecification("--pause", value: "MILLISECONDS"),
        OptionSpecification("--gap", value: "MILLISECONDS"),
        OptionSpecification("--seed", value: "N"),
        OptionSpecification("--help"), OptionSpecification("--version"),
    ]

    /// - Throws: ``ExitError`` of status 64.
    init(_ arguments: ParsedArguments) throws(ExitError) {
        guard arguments.words.isEmpty else {
            throw .usage("Found '\(arguments.words[0])', expected options only; see --help.")
        }
        hostsPath = arguments.value("--hosts") ?? "hosts.txt"
        processes = try arguments.number("--processes", 8, 1...256)
        seconds = try arguments.number("--seconds", 86_400, 1...86_400)
        pause = try arguments.number("--pause", 4, 0...60_000)
        gap = try arguments.number("--gap", 1_000, 1...60_000)
        seed = try arguments.seed()
    }
}
