import ConsensusCore
import PaxosNode
import StateMachines
import UDPRuntime

/// The datagrams of an attack from one address, without end.
struct AttackTraffic {
    private let kind: AttackKind
    private let guest: RawGuest
    private var random: RandomSource
    /// What is sent in turn; empty where each datagram is made anew.
    private var ring: [[UInt8]] = []
    private var next = 0

    /// Prepares the attack: makes itself known, and has answered what will be sent again.
    init(_ kind: AttackKind, from guest: RawGuest, seed: UInt64) throws(ExitError) {
        self.kind = kind
        self.guest = guest
        random = RandomSource(seed: seed)
        try guest.ask(.inquiry(Inquiry(wantsDigest: false))) { message in
            if case .report = message { return }
            return nil
        }
        switch kind {
        case .openings: return
        case .commandsOfOthers: for _ in 0..<1_024 { ring.append(commandsOfOthers()) }
        case .inquiries:
            for wantsDigest in [true, false] {
                ring.append(guest.datagram(.inquiry(Inquiry(wantsDigest: wantsDigest))))
            }
        case .queries: ring = [try queries()]
        case .replays: ring = try replays()
        case .garbage: for number in 0..<256 { ring.append(garbage(number)) }
        }
    }

    /// The next datagram.
    mutating func datagram() -> [UInt8] {
        guard !ring.isEmpty else { return openings() }
        next = (next + 1) % ring.count
        return ring[next]
    }

    // MARK: - Kinds

    private func request(_ operations: [LogOperation]) -> [UInt8] {
        guest.datagram(.request(LogRequest(operations: operations)))
    }

    private static func command(
        _ session: UInt64, _ owner: UInt64, _ sequence: UInt64, below: UInt64 = 0,
        _ command: KeyValueCommand? = nil
    ) -> LogOperation {
        let id = CommandID(session: session, owner: owner, sequence: sequence)
        return LogOperation(
            header: CommandHeader(id: id, answeredBelow: below), kind: .command,
            body: command?.encoded() ?? [])
    }

    /// Sessions are numbered from 1, and the numbers of their commands are no secret either.
    private mutating func commandsOfOthers() -> [UInt8] {
        var operations: [LogOperation] = []
        for _ in 0..<AttackKind.commandsEach {
            // The next ones; and at times one so far ahead that what the owner sends is below it.
            let sequence =
                random.below(4) == 0 ? 1 << random.below(50) : 1 + random.below(20_000)
            operations.append(
                AttackTraffic.command(
                    1 + random.below(64), random.below(3) == 0 ? 0 : random.next(), sequence,
                    below: sequence, .put(key: AttackKind.forgedKey, value: Array("x".utf8))))
        }
        return request(operations)
    }

    private mutating func openings() -> [UInt8] {
        var operations: [LogOperation] = []
        operations.reserveCapacity(AttackKind.openingsEach)
        for _ in 0..<AttackKind.openingsEach {
            operations.append(
                AttackTraffic.command(0, random.nextNonZero(), random.nextNonZero()))
        }
        return request(operations)
    }

    private mutating func queries() throws(ExitError) -> [UInt8] {
        let value = [UInt8](repeating: 0x78, count: AttackKind.large.size)
        _ = try carryOut([.put(key: AttackKind.large.key, value: value)])
        let body = KeyValueQuery.get(key: AttackKind.large.key).encoded()
        var operations: [LogOperation] = []
        for number in 0..<1_000 as Range<UInt64> {
            let id = CommandID(session: random.nextNonZero(), owner: 0, sequence: number)
            operations.append(
                LogOperation(
                    header: CommandHeader(id: id, answeredBelow: 0), kind: .query, body: body))
        }
        return request(operations)
    }

    private mutating func replays() throws(ExitError) -> [[UInt8]] {
        let commands = (0..<AttackKind.replayed).map { number in
            KeyValueCommand.put(key: Array("replayed-\(number)".utf8), value: [UInt8](1...100))
        }
        let operations = try carryOut(commands)
        // Alone, and as many as a datagram of the usual size has.
        return operations.map { request([$0]) }
            + [request(Array(operations.prefix(AttackKind.commandsEach)))]
    }

    /// Opens a session and has commands carried out in it, one after the other; returns them.
    private mutating func carryOut(
        _ commands: [KeyValueCommand]
    ) throws(ExitError) -> [LogOperation] {
        let owner = random.nextNonZero()
        let opening = AttackTraffic.command(0, owner, random.nextNonZero())
        guard case .opened(let session) = try reply(to: opening) else {
            throw ExitError(status: ExitStatus.noAnswer, "The attacker was given no session.")
        }
        var operations: [LogOperation] = []
        for (index, command) in commands.enumerated() {
            let operation = AttackTraffic.command(session, owner, UInt64(index + 1), command)
            _ = try reply(to: operation)
            operations.append(operation)
        }
        return operations
    }

    private func reply(to operation: LogOperation) throws(ExitError) -> Reply {
        try guest.ask(.request(LogRequest(operations: [operation]))) { message in
            guard case .reply(let reply) = message else { return nil }
            return reply.answers.first { $0.id == operation.header.id }?.reply
        }
    }

    private mutating func garbage(_ number: Int) -> [UInt8] {
        // Few are large, so that both limits of the rate are met.
        let size = number % 64 == 0 ? 60_000 : 60 + Int(random.below(1_400))
        let noise = (0..<size).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        switch number / 2 % 3 {
        case 0: return noise
        case 1: return guest.datagram(body: noise, isSealed: true)
        default: return guest.datagram(body: noise, isSealed: false)
        }
    }
}
