import ConsensusCore
import PaxosNode
import Synod
import UDPRuntime

/// How clidriver carries out a command of a log service.
enum ServiceRun {
    static func run(
        _ words: [String], _ options: ServiceOptions, signals: TerminationSignals
    ) throws(ExitError) -> Int32 {
        let command = try ServiceCommand(words)
        let hosts = try HostsFile(path: options.runtime.hostsPath)
        try command.check(hosts, word: words[0])
        let cluster = try LogCluster(hosts)
        let settings = try options.runtime.settings(for: .anonymous, of: hosts)
        let inbox = try Inbox<ClientRequest>()
        var loop = EventLoop(
            LogClient(cluster: cluster, seed: Entropy.seed()), settings: settings,
            socket: try UDPSocket(for: settings, of: hosts), signals: signals, inbox: inbox)
        var dialogue = ServiceDialogue(command, hosts: hosts)
        var ending: ServiceDialogue.Ending?
        var number: UInt64 = 1
        func call(_ operation: ClientCall.Operation) {
            inbox.put(
                .call(
                    ClientCall(number: number, operation: operation, timeout: options.timeout)))
            number += 1
        }
        call(dialogue.first)
        let end = try loop.run { answer throws(ExitError) in
            switch try dialogue.take(answer) {
            case .call(let operation):
                call(operation)
                return .continue
            case .end(let reached):
                ending = reached
                return .stop
            }
        }
        guard let ending else {
            if case .signal(let number) = end { return 128 + number }
            return ExitStatus.noAnswer
        }
        if !ending.output.isEmpty { try Console.print(ending.output) }
        if let complaint = ending.complaint { Console.complain("clidriver: \(complaint)") }
        return ending.status
    }
}
