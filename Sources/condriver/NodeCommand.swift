import ConsensusCore
import PaxosNode
import Synod
import UDPRuntime

/// The program `condriver`: one con node of basic Paxos over UDP.
enum NodeCommand {
    static let help =
        """
        usage: condriver ID [options]

        Runs con node ID of the hosts file until all its clients are done, or SIGINT or SIGTERM.

          --storage DIR       keep what must not be forgotten in DIR, which no other node may use
          --crash-on MESSAGE[:N]
                              exit with 86 at the N-th MESSAGE received, before acting on it:
                              \(NodeOptionReader.messageKinds.joined(separator: " "))
          --backoff on|off    wait a random, growing time after a nack (default on)
          --stay              do not end when the clients are done

        """ + RuntimeOptions.help

    /// Runs the program; returns its exit status.
    static func run(_ arguments: [String]) throws(ExitError) -> Int32 {
        let parsed = try NodeOptionReader.parse(arguments)
        if try Program.answersQuestion(in: parsed, help: help) { return ExitStatus.done }
        let options = try NodeOptionReader(parsed)
        // Before anything that takes time, so that a signal finds the program prepared.
        let signals = try TerminationSignals()
        let hosts = try HostsFile(path: options.runtime.hostsPath)
        let end =
            hosts.service == .variable
            ? try runVariable(options, of: hosts, signals: signals)
            : try LogCommand.run(options, of: hosts, signals: signals)
        guard end == .crashPoint, let crashPoint = options.crashPoint else {
            return ExitStatus.done
        }
        Console.complain(
            "condriver: node \(options.identifier) ends as if crashed, at \(crashPoint.kind) number "
                + "\(crashPoint.count) received (--crash-on).")
        return ExitStatus.crashPoint
    }

    /// Runs a node of basic Paxos until its loop ends.
    private static func runVariable(
        _ options: NodeOptionReader, of hosts: HostsFile, signals: TerminationSignals
    ) throws(ExitError) -> LoopEnd {
        let node = try hosts.host(options.identifier, kind: .con)
        let cluster = try Cluster(hosts)
        let settings = try options.runtime.settings(
            for: node, of: hosts, crashPoint: options.crashPoint)
        let automaton = ConsensusNode(
            cluster: cluster, node: node, seed: Entropy.seed(), options: options.protocolOptions)
        return try run(
            automaton, settings: settings, socket: try UDPSocket(for: settings, of: hosts),
            signals: signals, storagePath: options.storagePath)
    }

    /// Runs a node until its loop ends, with the records of its earlier lives if there is a directory.
    private static func run(
        _ automaton: ConsensusNode, settings: LoopSettings, socket: consuming UDPSocket,
        signals: TerminationSignals, storagePath: String?
    ) throws(ExitError) -> LoopEnd {
        let node = settings.node
        let report = { (output: NodeOutput) throws(ExitError) in
            try NodeReport.report(output, of: node)
        }
        guard let storagePath else {
            var loop = EventLoop(automaton, settings: settings, socket: socket, signals: signals)
            return try loop.run(report)
        }
        var automaton = automaton
        var log = try RecordLog<NodeRecord>.open(
            directory: storagePath, identity: LogIdentity(cluster: settings.cluster, node: node),
            recovering: &automaton)
        var loop = EventLoop(automaton, settings: settings, socket: socket, signals: signals)
        return try loop.run(recordingIn: &log, report)
    }
}
