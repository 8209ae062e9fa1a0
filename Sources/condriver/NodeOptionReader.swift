import PaxosNode
import UDPRuntime

/// What condriver's command line asks for.
struct NodeOptionReader: Hashable {
    /// The ID as typed; the hosts file says whether there is such a node.
    let identifier: String
    let runtime: RuntimeOptions
    let crashPoint: CrashPoint?
    /// The directory of what must not be forgotten; nil to keep to memory.
    let storagePath: String?
    let protocolOptions: NodeOptions

    /// The messages that `--crash-on` knows.
    static let messageKinds = [
        "token", "elected", "assign", "request", "prepare", "promise", "accept", "accepted", "nack",
    ]
    /// The names of the classroom original.
    static let messageAliases = [
        (alias: "proposal", kind: "prepare"), (alias: "ack", kind: "promise"),
        (alias: "learn", kind: "accepted"), (alias: "fwd", kind: "request"),
    ]

    static func parse(_ arguments: [String]) throws(ExitError) -> ParsedArguments {
        try ParsedArguments(
            arguments,
            options: RuntimeOptions.specifications + [
                OptionSpecification("--storage", value: "DIR"),
                OptionSpecification("--crash-on", value: "MESSAGE[:N]"),
                OptionSpecification("--backoff", value: "on|off"),
                OptionSpecification("--stay"),
            ], program: "condriver")
    }

    /// Reads the values.
    ///
    /// - Throws: ``ExitError`` of status 64.
    init(_ arguments: ParsedArguments) throws(ExitError) {
        guard arguments.words.count == 1 else {
            throw .usage(
                "Found \(arguments.words.count) words, expected one: condriver ID [options]. "
                    + "'condriver --help' says more.")
        }
        identifier = arguments.words[0]
        storagePath = arguments.value("--storage")
        guard storagePath != "" else {
            throw .usage("--storage: found nothing, expected a directory.")
        }
        runtime = try RuntimeOptions(arguments)
        if let text = arguments.value("--crash-on") {
            crashPoint = try CrashPoint(
                parsing: text, kinds: NodeOptionReader.messageKinds,
                aliases: NodeOptionReader.messageAliases)
        } else {
            crashPoint = nil
        }
        let backoff: NodeOptions.BackoffChoice
        switch arguments.value("--backoff") {
        case nil, "on": backoff = .on
        case "off": backoff = .off
        case let other?:
            throw .usage("--backoff: found '\(other)', expected on or off.")
        }
        protocolOptions = NodeOptions(
            backoff: backoff, whenClientsAreDone: arguments.has("--stay") ? .stay : .end)
    }
}
