import ConsensusCore
import PaxosNode
import Simulation
import StateMachines

/// A client with bad intentions: beside its own work it sends commands in the name of other sessions.
///
/// It guesses their numbers, which count 1, 2, 3; it cannot guess who owns them. Its commands are for a
/// key that no honest client uses, or make no sense, so that what is wrong is that they take the places of
/// others' commands, never what they do.
struct LogForger {
    private var random: RandomSource
    private let service: Service
    private let proposers: NodeSet
    /// When it forges next; never once the clients are to conclude.
    private(set) var nextTime = Instant.never

    /// The highest number of a session that it speaks for.
    private static let sessions: UInt64 = 20
    /// The most commands of one request.
    private static let commands: UInt64 = 8
    private static let pause = Interval.milliseconds(5)...Interval.milliseconds(200)

    init(_ service: Service, proposers: NodeSet, seed: UInt64) {
        random = RandomSource(seed: seed)
        self.service = service
        self.proposers = proposers
    }

    mutating func start(at now: Instant) {
        nextTime = now + random.interval(in: LogForger.pause)
    }

    mutating func conclude() {
        nextTime = .never
    }

    /// What it sends now, and to whom, if it is time.
    mutating func forge(at now: Instant) -> (request: LogRequest, proposer: NodeID)? {
        guard nextTime <= now else { return nil }
        start(at: now)
        let count = 1 + random.below(LogForger.commands)
        let operations = (0..<count).map { _ in operation() }
        let proposer = NodeID(index: random.number(in: 0...proposers.count - 1))
        return (LogRequest(operations: operations), proposer)
    }

    private mutating func operation() -> LogOperation {
        // Near the beginning, where others are, and now and then anywhere.
        let sequence = random.below(8) == 0 ? random.next() : random.below(24)
        let id = CommandID(
            session: 1 + random.below(LogForger.sessions), owner: random.nextNonZero(),
            sequence: sequence)
        let answeredBelow = [0, sequence, random.below(24), random.next()][
            random.number(in: 0...3)]
        return LogOperation(
            header: CommandHeader(id: id, answeredBelow: answeredBelow), kind: .command,
            body: body())
    }

    private mutating func body() -> [UInt8] {
        guard service == .kv else { return [0xff] }
        let key: [UInt8] = Array("forged".utf8)
        let command: KeyValueCommand =
            random.below(3) == 0 ? .delete(key: key) : .put(key: key, value: [1])
        var writer = ByteWriter()
        command.encode(into: &writer)
        return writer.bytes
    }
}
