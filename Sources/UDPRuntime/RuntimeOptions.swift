public import ConsensusCore

/// The options that every driver has: which cluster, which faults, what to show.
public struct RuntimeOptions: Hashable, Sendable {
    public var hostsPath: String
    public var faults: Faults
    public var tracePath: String?
    public var debug: Bool

    /// The options, for the parser.
    public static let specifications = [
        OptionSpecification("--hosts", value: "FILE"),
        OptionSpecification("--drop", value: "P"),
        OptionSpecification("--duplicate", value: "P"),
        OptionSpecification("--delay", value: "MIN[..MAX]"),
        OptionSpecification("--fault-seed", value: "N"),
        OptionSpecification("--trace", value: "FILE"),
        OptionSpecification("--debug"),
        OptionSpecification("--help"),
        OptionSpecification("--version"),
    ]

    /// The options, for the help text.
    public static let help = """
          --hosts FILE        the hosts file (default hosts.txt)
          --drop P            lose what this node sends with probability P, from 0 to 1
          --duplicate P       send it twice with probability P
          --delay MIN[..MAX]  hold it back for so many milliseconds
          --fault-seed N      make those draws repeatable
          --trace FILE        append one JSON object a line for every event
          --debug             show every message on standard error
          --help, --version   print this, or the version

        """

    /// Reads the options' values.
    ///
    /// - Throws: ``ExitError`` of status 64.
    public init(_ arguments: ParsedArguments) throws(ExitError) {
        hostsPath = arguments.value("--hosts") ?? "hosts.txt"
        tracePath = arguments.value("--trace")
        debug = arguments.has("--debug")
        faults = .none
        if let text = arguments.value("--drop") {
            faults.dropPerMillion = try OptionValue.probability(text, of: "--drop")
        }
        if let text = arguments.value("--duplicate") {
            faults.duplicatePerMillion = try OptionValue.probability(text, of: "--duplicate")
        }
        if let text = arguments.value("--delay") {
            faults.delay = try OptionValue.delay(text, of: "--delay")
        }
        if let text = arguments.value("--fault-seed") {
            faults.seed = try OptionValue.seed(text, of: "--fault-seed")
        } else {
            faults.seed = Entropy.seed()
        }
    }

    /// What a loop needs to know to host a node of a hosts file, or a client that has no line there.
    ///
    /// - Throws: ``ExitError`` of status 65 if the hosts have no usable addresses, 71 if the trace
    ///   cannot be written.
    public func settings(
        for node: NodeID, of hosts: HostsFile, crashPoint: CrashPoint? = nil
    ) throws(ExitError) -> LoopSettings {
        let addresses = try hosts.addresses()
        var trace: TraceFile?
        if let tracePath { trace = try TraceFile(path: tracePath) }
        return LoopSettings(
            cluster: hosts.cluster, node: node, addresses: addresses, faults: faults,
            crashPoint: crashPoint, trace: trace, debug: debug)
    }
}

extension UDPSocket {
    /// Binds the address of a node's own line, or, for a client without one, any port.
    ///
    /// - Throws: ``ExitError`` of status 71 that names address and line.
    public init(for settings: LoopSettings, of hosts: HostsFile) throws(ExitError) {
        guard settings.node != .anonymous else {
            try self.init(toReach: settings.addresses)
            return
        }
        try self.init(
            bindingTo: settings.addresses[settings.node.index],
            label: " (\(hosts.place(of: settings.node)))")
    }
}
