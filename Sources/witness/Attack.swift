import ConsensusCore
import Synod
import UDPRuntime

/// `witness attack`: what a guest with a socket can do to a node, as fast as is asked.
enum Attack {
    static let help =
        """
        usage: witness attack KIND [options]

        Sends a node of a key-value store what a guest that means ill may send: KIND is one of
        \(AttackKind.allCases.map(\.rawValue).joined(separator: ", ")).
        Says in the end how many datagrams and bytes that were.

          --hosts FILE          default hosts.txt
          --node ID             which node (default 0)
          --rate N              at most so many datagrams a second (default 50000)
          --megabytes N         at most so many megabytes a second (default 100)
          --seconds N           for how long (default 20)
          --sockets N           from so many ports (default 4)
          --aside               to a port where nobody reads: the work without the attack
          --seed N              which datagrams

        """

    /// How far the sender may go before it looks at the clock.
    private static let slice = 200

    /// Runs the attack; returns the exit status.
    static func run(_ arguments: [String]) async throws -> Int32 {
        let parsed = try ParsedArguments(
            arguments, options: AttackOptions.specifications, program: "witness attack")
        if try Program.answersQuestion(in: parsed, help: help) { return ExitStatus.done }
        let options = try AttackOptions(parsed)
        let hosts = try HostsFile(path: options.hostsPath)
        let addresses = try hosts.addresses()
        guard options.node.index < addresses.count else {
            throw ExitError.usage("There is no node \(options.node) in \(options.hostsPath).")
        }
        let victim = addresses[options.node.index]
        var random = RandomSource(seed: options.seed)
        var guests: [RawGuest] = []
        var traffic: [AttackTraffic] = []
        for _ in 0..<options.sockets {
            let guest = try RawGuest(
                of: options.node, at: victim, cluster: hosts.cluster,
                incarnation: random.nextNonZero())
            guests.append(guest)
            traffic.append(try AttackTraffic(options.kind, from: guest, seed: random.next()))
        }
        let sink = try UDPSocket(toReach: [victim])
        let target = options.isAside ? sink.address : victim

        var sent = 0
        var bytes = 0
        var refused = 0
        let clock = ContinuousClock()
        let began = clock.now
        var elapsed = 0.0
        try Console.print("The attack begins.\n")
        while elapsed < Double(options.seconds) {
            var count = 0
            while count < slice, Double(sent) < elapsed * Double(options.rate),
                Double(bytes) < elapsed * Double(options.byteRate)
            {
                let place = sent % guests.count
                let datagram = traffic[place].datagram()
                if !guests[place].send(datagram, to: target) { refused += 1 }
                sent += 1
                bytes += datagram.count
                count += 1
            }
            if count < slice { try await Task.sleep(for: .milliseconds(1)) }
            elapsed = (clock.now - began) / .seconds(1)
        }
        // The sink's port was its own until here.
        _ = sink.address
        try Console.print(
            "\(options.kind.rawValue): \(sent) datagrams and \(bytes / 1_000_000) MB in "
                + "\(options.seconds) s, \(sent / options.seconds) datagrams and "
                + "\(bytes / options.seconds / 1_000_000) MB a second; "
                + "\(refused) not taken by the system\n")
        return ExitStatus.done
    }
}
