import ConsensusCore
import Simulation
import Synod
import UDPRuntime

/// The program `witness`: constant load on a key-value store, and whether all that was answered was true.
///
/// Meanwhile somebody else kills nodes (`scenarios/survive.sh`). In the end every key is read, so an
/// acknowledged write that is gone is noticed; the history is checked for linearizability; and the nodes
/// must hold the same data.
enum Witness {
    static let help =
        """
        usage: witness [options]
               witness attack KIND [options]

        Loads the key-value store of a hosts file until standard input ends, then checks what it was
        answered: every acknowledged write is there, the history is linearizable, and all nodes hold
        the same data. Exit status: 0 all held, 1 something did not, 2 could not say.
        'witness attack --help' tells of the second form.

          --hosts FILE          default hosts.txt
          --processes N         operations under way at a time (default 8)
          --seconds N           end the load after N seconds
          --pause MILLISECONDS  between two operations of a process (default 4)
          --gap MILLISECONDS    say when no answer came for so long (default 1000)
          --seed N              which operations

        """

    /// Runs the program; returns its exit status.
    static func run(_ arguments: [String]) async throws -> Int32 {
        if arguments.first == "attack" { return try await Attack.run(Array(arguments.dropFirst())) }
        let parsed = try ParsedArguments(
            arguments, options: WitnessOptions.specifications, program: "witness")
        if try Program.answersQuestion(in: parsed, help: help) { return ExitStatus.done }
        let options = try WitnessOptions(parsed)
        let hosts = try HostsFile(path: options.hostsPath)
        var clients: [Client] = []
        for _ in 0..<min(options.processes, 4) { clients.append(try Client(of: hosts)) }
        let ledger = Ledger(gap: .milliseconds(Int64(options.gap))) {
            Console.complain("witness: \($0)")
        }
        let load = Load(clients: clients, ledger: ledger, options: options)
        let timer = Task {
            try? await Task.sleep(for: .seconds(options.seconds))
            load.end()
        }
        let input = EndOfInput { load.end() }
        await load.run()
        timer.cancel()
        input.forget()
        ledger.endLoad()
        return try await judge(load, clients[0])
    }

    /// Checks everything, and prints what was found.
    private static func judge(_ load: Load, _ client: Client) async throws -> Int32 {
        let ledger = load.ledger
        let count = ledger.count
        for (number, key) in ledger.keys.enumerated() {
            await load.perform(
                KeyValueModel.Input(key, .get), process: load.options.processes + number,
                timeout: .seconds(30))
        }
        let reads = ledger.operations.dropFirst(count)
        let unread = reads.count { $0.answered == nil }
        let answered = ledger.answered - (reads.count - unread)
        try Console.print(
            "\(count) operations on \(reads.count) keys, \(answered) answered; the longest time "
                + "without an answer: \(ledger.longestGap.milliseconds) ms\n")
        let latencies = Load.writeLatencies(of: ledger.operations.prefix(count))
        if let median = latencies.quantile(perThousand: 500),
            let slow = latencies.quantile(perThousand: 990)
        {
            try Console.print(
                "Writes took \(median.nanoseconds / 1_000) us at p50, "
                    + "\(slow.nanoseconds / 1_000) us at p99.\n")
        }
        guard unread == 0 else {
            try Console.print("\(unread) keys could not be read in the end.\n")
            return 2
        }
        let data = try await compareNodes(client)
        switch LinearizabilityChecker(KeyValueModel()).check(ledger.operations) {
        case .linearizable: try Console.print("The history is linearizable.\n")
        case .notLinearizable(let explanation):
            try Console.print("VIOLATION: the history is not linearizable.\n\(explanation)\n")
            return 1
        case .unknown(let explanation):
            try Console.print(
                "It could not be said whether the history is linearizable: \(explanation)\n")
            return 2
        }
        return data
    }

    /// Waits until all nodes have applied the same slots, and compares their states.
    private static func compareNodes(_ client: Client) async throws -> Int32 {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(60)
        var last = ""
        repeat {
            let statuses = try await client.status(digests: .computed)
            let learners = statuses.compactMap { status in
                status.report.map { ($0.applied, $0.digest) } ?? (nil, nil)
            }.filter { $0.0 != nil }
            let isAlive = statuses.allSatisfy { $0.report != nil }
            if isAlive, let first = learners.first, let digest = first.1,
                learners.allSatisfy({ $0.0 == first.0 })
            {
                guard learners.allSatisfy({ $0.1 == digest }) else {
                    try Console.print(
                        "VIOLATION: after the same slots the nodes differ: \(learners)\n")
                    return 1
                }
                try Console.print(
                    "\(learners.count) nodes hold the same data after \(first.0 ?? 0) slots.\n")
                return 0
            }
            last = "\(learners)"
            try await Task.sleep(for: .milliseconds(100))
        } while clock.now < deadline
        try Console.print("The nodes did not come to the same slot within 60 s: \(last)\n")
        return 2
    }
}
