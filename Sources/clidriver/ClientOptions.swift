import ConsensusCore
import PaxosNode
import UDPRuntime

/// What clidriver's command line asks for.
struct ClientOptions: Hashable {
    /// The ID as typed; the hosts file says whether there is such a client.
    let identifier: String
    /// What to propose, as UTF-8.
    let value: [UInt8]
    /// A whole number in decimal digits, however long.
    let desiredProposer: String
    let timeout: Interval
    let runtime: RuntimeOptions

    /// The commands that are for later.
    static let laterCommands = ["chat", "chaos", "check"]

    static func parse(_ arguments: [String]) throws(ExitError) -> ParsedArguments {
        // Before its options are looked at: a command of later has options of its own.
        if let first = arguments.first, laterCommands.contains(first) {
            throw .usage("This version does not have the command '\(first)' yet.")
        }
        return try ParsedArguments(
            arguments,
            options: RuntimeOptions.specifications + BenchOptions.specifications + [
                OptionSpecification("--storage", value: "DIR"),
                OptionSpecification("--timeout", value: "SECONDS"),
            ], program: "clidriver")
    }

    static let noStorage = ExitError.usage(
        "clidriver has no --storage: a client keeps nothing. condriver has it.")

    /// Reads the values.
    ///
    /// - Throws: ``ExitError`` of status 64.
    init(_ arguments: ParsedArguments) throws(ExitError) {
        let words = arguments.words
        if let first = words.first, ClientOptions.laterCommands.contains(first) {
            throw .usage("This version does not have the command '\(first)' yet.")
        }
        if arguments.has("--storage") { throw ClientOptions.noStorage }
        guard words.count == 3 else {
            throw .usage(
                "Found \(words.count) words, expected three: clidriver ID VALUE DESIREDPROPOSER "
                    + "[options]. 'clidriver --help' says more.")
        }
        identifier = words[0]
        value = Array(words[1].utf8)
        guard value.count <= maximumValueSize else {
            throw .usage(
                "The value has \(value.count) bytes; expected at most \(maximumValueSize).")
        }
        desiredProposer = words[2]
        guard !desiredProposer.isEmpty, desiredProposer.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 })
        else {
            throw .usage(
                "DESIREDPROPOSER: found '\(desiredProposer)', expected a whole number from 0 up.")
        }
        runtime = try RuntimeOptions(arguments)
        timeout = try OptionValue.seconds(arguments.value("--timeout") ?? "10", of: "--timeout")
    }

    /// The number of the desired proposer modulo the number of proposers.
    func preferredProposer(of count: Int) -> Int {
        desiredProposer.utf8.reduce(0) { ($0 * 10 + Int($1 - 48)) % count }
    }
}
