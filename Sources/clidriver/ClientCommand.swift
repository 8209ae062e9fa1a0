import ConsensusCore
import PaxosNode
import Synod
import UDPRuntime

/// The program `clidriver`: one client, that proposes a value and prints the chosen one, or that carries
/// out a command of a log service.
enum ClientCommand {
    static let help =
        """
        usage: clidriver ID VALUE DESIREDPROPOSER [options]

        Proposes VALUE (text of up to \(maximumValueSize) bytes) as client ID of the hosts file,
        through proposer number DESIREDPROPOSER modulo the number of proposers, and prints the
        chosen value.

        usage: clidriver COMMAND [options]

        Carries out a command of a log service (SERVICE kv or list in the hosts file); such a
        client needs no line there.

          bench               load: [--clients N] [--window N] [--size BYTES] [--seconds N]
        \(ServiceCommand.usage.map { "  \($0.word) \($0.operands)" }.joined(separator: "\n"))

          --timeout SECONDS   how long to wait for it (default 10)

        """ + RuntimeOptions.help

    /// Runs the program; returns its exit status.
    static func run(_ arguments: [String]) throws(ExitError) -> Int32 {
        let parsed = try ClientOptions.parse(arguments)
        if try Program.answersQuestion(in: parsed, help: help) { return ExitStatus.done }
        if let word = parsed.words.first, ServiceCommand.usage.contains(where: { $0.word == word })
        {
            let options = try ServiceOptions(parsed)
            return try ServiceRun.run(parsed.words, options, signals: try TerminationSignals())
        }
        if parsed.words.first == "bench" {
            return try BenchRun.run(parsed, signals: try TerminationSignals())
        }
        let options = try ClientOptions(parsed)
        // Before anything that takes time, so that a signal finds the program prepared.
        let signals = try TerminationSignals()
        let hosts = try HostsFile(path: options.runtime.hostsPath)
        let client = try hosts.host(options.identifier, kind: .cli)
        let cluster = try Cluster(hosts)
        let settings = try options.runtime.settings(for: client, of: hosts)
        let automaton = ClientNode(
            cluster: cluster, client: client, value: options.value,
            preferredProposer: options.preferredProposer(of: cluster.proposers.count),
            timeout: options.timeout, seed: Entropy.seed())
        var loop = EventLoop(
            automaton, settings: settings, socket: try UDPSocket(for: settings, of: hosts),
            signals: signals)
        var report = ClientReport()
        let end = try loop.run { output throws(ExitError) in
            try report.report(output)
        }
        return report.status(at: end)
    }
}
