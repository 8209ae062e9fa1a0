import ConsensusCore
import PaxosNode
import StateMachines
import Synod
import UDPRuntime

/// How condriver runs a node of a log service.
enum LogCommand {
    /// Runs a node until a signal or its crash point ends it.
    static func run(
        _ options: NodeOptionReader, of hosts: HostsFile, signals: TerminationSignals
    ) throws(ExitError) -> LoopEnd {
        let node = try hosts.host(options.identifier, kind: .con)
        let cluster = try LogCluster(hosts)
        var settings = try options.runtime.settings(
            for: node, of: hosts, crashPoint: options.crashPoint)
        settings.guestLimit = LoopSettings.maximumGuests
        var logOptions = LogOptions()
        logOptions.service = Array(hosts.service.rawValue.utf8)
        var automaton = LogNode(
            cluster: cluster, node: node, state: initialState(of: hosts.service),
            seed: Entropy.seed(), options: logOptions)
        let socket = try UDPSocket(for: settings, of: hosts)
        let report = { (output: LogOutput) throws(ExitError) in
            if let text = LogReportLine.text(for: output, of: node) { try Console.print(text) }
            if let sentence = output.sentence(of: node) {
                Console.complain("condriver: \(sentence)")
            }
            if case .contradicted(let slot) = output { throw .contradicted(node, at: slot) }
            return LoopDecision.continue
        }
        try Console.print("Node ID \(node) is running as a \(cluster.roleName(of: node))\n")
        guard let storagePath = options.storagePath else {
            var loop = EventLoop(automaton, settings: settings, socket: socket, signals: signals)
            return try loop.run(report)
        }
        var log = try RecordLog<LogRecord>.open(
            directory: storagePath, identity: LogIdentity(cluster: settings.cluster, node: node),
            recovering: &automaton)
        var loop = EventLoop(automaton, settings: settings, socket: socket, signals: signals)
        return try loop.run(recordingIn: &log, report)
    }

    /// The state that a service starts from.
    private static func initialState(of service: HostsFile.Service) -> any ReplicatedState {
        service == .list ? Sessions(ReplicatedList()) : Sessions(KeyValueStore())
    }
}

/// What a node of a log prints.
enum LogReportLine {
    /// The text for standard output that an output stands for; nil if it has none.
    static func text(for output: LogOutput, of node: NodeID) -> String? {
        if case .leads = output { return NodeReport.text(for: .elected, of: node) }
        return nil
    }
}
