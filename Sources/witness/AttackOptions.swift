import ConsensusCore
import UDPRuntime

/// What the command line of `witness attack` asks for.
struct AttackOptions: Hashable {
    let kind: AttackKind
    let hostsPath: String
    /// The node that is attacked.
    let node: NodeID
    /// The most datagrams a second.
    let rate: Int
    /// The most bytes a second.
    let byteRate: Int
    let seconds: Int
    /// From how many addresses they come.
    let sockets: Int
    /// Whether they go where nobody reads them: the same work, and no attack.
    let isAside: Bool
    let seed: UInt64

    static let specifications = [
        OptionSpecification("--hosts", value: "FILE"),
        OptionSpecification("--node", value: "ID"),
        OptionSpecification("--rate", value: "N"),
        OptionSpecification("--megabytes", value: "N"),
        OptionSpecification("--seconds", value: "N"),
        OptionSpecification("--sockets", value: "N"),
        OptionSpecification("--aside"),
        OptionSpecification("--seed", value: "N"),
        OptionSpecification("--help"), OptionSpecification("--version"),
    ]

    /// - Throws: ``ExitError`` of status 64.
    init(_ arguments: ParsedArguments) throws(ExitError) {
        guard arguments.words.count == 1, let kind = AttackKind(rawValue: arguments.words[0]) else {
            let kinds = AttackKind.allCases.map(\.rawValue).joined(separator: ", ")
            throw .usage("Expected one kind of attack after 'attack': \(kinds).")
        }
        self.kind = kind
        hostsPath = arguments.value("--hosts") ?? "hosts.txt"
        node = NodeID(UInt32(try arguments.number("--node", 0, 0...63)))
        rate = try arguments.number("--rate", 50_000, 1...1_000_000)
        byteRate = try arguments.number("--megabytes", 100, 1...10_000) * 1_000_000
        seconds = try arguments.number("--seconds", 20, 1...3_600)
        sockets = try arguments.number("--sockets", 4, 1...64)
        isAside = arguments.has("--aside")
        seed = try arguments.seed()
    }
}
