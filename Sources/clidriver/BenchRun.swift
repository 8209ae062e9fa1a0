import ConsensusCore
import PaxosNode
import StateMachines
import Synod
import UDPRuntime

/// `clidriver bench`: how many commands clients with so many under way each have carried out.
enum BenchRun {
    static func run(
        _ parsed: ParsedArguments, signals: TerminationSignals
    ) throws(ExitError) -> Int32 {
        let options = try BenchOptions(parsed)
        let hosts = try HostsFile(path: options.runtime.hostsPath)
        try ServiceCommand.checkLog(hosts, word: "bench")
        let cluster = try LogCluster(hosts)
        let settings = try options.runtime.settings(for: .anonymous, of: hosts)
        let results = try Inbox<BenchResult>()
        var threads: [LoopThread<BenchNode>] = []
        for number in 0..<options.clients {
            let isList = hosts.service == .list
            let size = options.size
            let node = BenchNode(
                LogClient(cluster: cluster, seed: Entropy.seed()), window: options.window,
                length: .seconds(Int64(options.seconds))
            ) { command in
                BenchRun.command(command, client: number, size: size, isList: isList)
            }
            threads.append(
                try LoopThread(
                    node, settings: settings, socket: try UDPSocket(for: settings, of: hosts)
                ) { results.put($0) })
        }
        var loop = EventLoop(
            BenchCollector(count: options.clients), settings: settings,
            socket: try UDPSocket(for: settings, of: hosts), signals: signals, inbox: results)
        var sum = BenchResult()
        let end = try loop.run { result throws(ExitError) in
            sum = result
            return .stop
        }
        for thread in threads { thread.stop() }
        if case .signal(let number) = end { return 128 + number }
        try Console.print(text(sum, options))
        return sum.latencies.count == 0 ? ExitStatus.noAnswer : ExitStatus.done
    }

    /// A command of so many bytes in all: a put to one of a thousand keys, or an append.
    private static func command(
        _ number: UInt64, client: Int, size: Int, isList: Bool
    ) -> [UInt8] {
        if isList { return ListCommand.append([UInt8](repeating: 0x78, count: size)).encoded() }
        let key = Array("bench-\(client)-\(number % 1_000)".utf8)
        let value = [UInt8](repeating: 0x78, count: max(0, size - key.count - 10))
        return KeyValueCommand.put(key: key, value: value).encoded()
    }

    private static func text(_ sum: BenchResult, _ options: BenchOptions) -> String {
        let rate = sum.latencies.count / UInt64(options.seconds)
        func microseconds(_ interval: Interval) -> String { "\(interval.nanoseconds / 1_000) us" }
        var line =
            "\(rate) commands/s, p50 \(microseconds(sum.latencies.quantile(perThousand: 500)))"
        line += ", p99 \(microseconds(sum.latencies.quantile(perThousand: 990)))"
        line += ", max \(microseconds(sum.latencies.longest))"
        line += " (\(sum.latencies.count) commands of \(options.size) bytes in "
        line += "\(options.seconds) s, \(options.clients) clients, \(options.window) each under way"
        return line + (sum.failures == 0 ? ")\n" : ", \(sum.failures) failed)\n")
    }
}

/// What the command line of `clidriver bench` asks for.
struct BenchOptions: Hashable {
    let clients: Int
    let window: Int
    let size: Int
    let seconds: Int
    let runtime: RuntimeOptions

    static let specifications = [
        OptionSpecification("--clients", value: "N"), OptionSpecification("--window", value: "N"),
        OptionSpecification("--size", value: "BYTES"),
        OptionSpecification("--seconds", value: "N"),
    ]

    /// - Throws: ``ExitError`` of status 64.
    init(_ arguments: ParsedArguments) throws(ExitError) {
        guard arguments.words.count == 1 else {
            throw .usage("Found '\(arguments.words[1])', expected options only after 'bench'.")
        }
        func count(
            _ name: String, _ standard: Int, _ range: ClosedRange<Int>
        ) throws(ExitError) -> Int {
            guard let text = arguments.value(name) else { return standard }
            return try OptionValue.count(text, of: name, in: range)
        }
        clients = try count("--clients", 1, 1...256)
        window = try count("--window", 16, 1...ServiceLimits.maximumOutstanding)
        size = try count("--size", 64, 1...16_384)
        seconds = try count("--seconds", 10, 1...86_400)
        runtime = try RuntimeOptions(arguments)
    }
}
