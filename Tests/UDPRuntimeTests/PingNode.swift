import ConsensusCore
import Foundation
import Synchronization
import UDPRuntime

/// The smallest protocol that has all three lanes and a deadline.
enum PingMessage: WireMessage {
    case ping(UInt64)
    case pong(UInt64)

    var kind: String {
        switch self {
        case .ping: "ping"
        case .pong: "pong"
        }
    }

    var ballotNumber: UInt64? {
        if case .ping(let number) = self { number } else { nil }
    }

    func encode(into writer: inout ByteWriter) {
        switch self {
        case .ping(let number):
            writer.write(UInt8(1))
            writer.write(number)
        case .pong(let number):
            writer.write(UInt8(2))
            writer.write(number)
        }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        switch try reader.readUInt8() {
        case 1: self = .ping(try reader.readUInt64())
        case 2: self = .pong(try reader.readUInt64())
        case let tag: throw .unknownTag(tag)
        }
    }
}

struct PingRecord: WireCodable, Equatable, Sendable {
    var number: UInt64

    func encode(into writer: inout ByteWriter) { writer.write(number) }

    init(number: UInt64) { self.number = number }
    init(from reader: inout ByteReader) throws(WireError) { number = try reader.readUInt64() }
}

enum PingOutput: Hashable, Sendable {
    case heard(PingMessage, NodeID)
    case woken(Int)
    case asked(PingMessage)
}

/// Sends what it is told to at its start and later, remembers and answers every ping, reports all it hears.
struct PingNode: Automaton {
    typealias Message = PingMessage
    typealias Record = PingRecord
    typealias Input = Envelope<PingMessage>
    typealias Output = PingOutput

    var opening: [Envelope<PingMessage>] = []
    /// How long from one waking to the next; nil never to be woken.
    var period: Interval?
    var incarnation: UInt64 = 1
    /// How many records are worth a checkpoint; nil if none ever are.
    var recordLimit: Int?

    /// Whether it answers, with each ping, all who ever sent one.
    var answersAll = false
    private var senders: [NodeID] = []

    /// The numbers of all pings ever answered, added up.
    private(set) var sum: UInt64 = 0
    /// How many records there are since the last checkpoint.
    private var recordCount = 0
    /// The record that it cannot take back, if it is met.
    var unreadable: UInt64?
    private(set) var recoveryFault: String?
    private(set) var wakeTime = Instant.never
    private var wakings = 0

    init(_ opening: [Envelope<PingMessage>] = [], period: Interval? = nil) {
        self.opening = opening
        self.period = period
    }

    var stamp: Stamp { Stamp(epoch: 3, incarnation: incarnation) }

    mutating func recover(_ record: PingRecord) {
        if record.number == unreadable { recoveryFault = "Number \(record.number) cannot be read." }
        sum += record.number
        recordCount += 1
    }

    var wantsCheckpoint: Bool { recordCount >= recordLimit ?? .max }

    mutating func checkpoint() -> [PingRecord] {
        recordCount = 0
        return [PingRecord(number: sum)]
    }

    mutating func start(at now: Instant, into effects: inout Lanes) {
        effects.envelopes += opening
        if let period { wakeTime = now + period }
    }

    mutating func receive(
        _ message: PingMessage, from origin: Origin, at now: Instant, into effects: inout Lanes
    ) {
        if case .ping(let number) = message {
            recover(PingRecord(number: number))
            effects.remember(PingRecord(number: number))
            if !answersAll { senders.removeAll() }
            senders.append(origin.node)
            for sender in senders { effects.send(.pong(number), to: sender) }
        }
        effects.report(.heard(message, origin.node))
    }

    mutating func handle(
        _ input: Envelope<PingMessage>, at now: Instant, into effects: inout Lanes
    ) {
        effects.envelopes.append(input)
        effects.report(.asked(input.message))
    }

    mutating func wake(at now: Instant, into effects: inout Lanes) {
        guard let period, now >= wakeTime else { return }
        wakings += 1
        wakeTime = now + period
        effects.report(.woken(wakings))
    }

    func checkInvariants() {}
}

/// A socket on its way into a thread.
final class SocketBox: Sendable {
    private let socket: Mutex<UDPSocket?>
    let address: SocketAddress

    init(_ family: SocketAddress.Family = .ipv4) throws {
        let bound = try UDPSocket(
            bindingTo: family == .ipv4 ? .loopbackIPv4(port: 0) : .loopbackIPv6(port: 0))
        address = bound.address
        socket = Mutex(consume bound)
    }

    /// A client's, on any port.
    init(toReach addresses: [SocketAddress]) throws {
        let bound = try UDPSocket(toReach: addresses)
        address = bound.address
        socket = Mutex(consume bound)
    }

    init(_ bound: consuming UDPSocket) {
        address = bound.address
        socket = Mutex(consume bound)
    }

    func take() -> UDPSocket {
        socket.withLock { $0.take()! }
    }
}

/// What a loop in a thread of its own came to.
struct LoopOutcome: Sendable {
    var end: LoopEnd?
    var error: ExitError?
    var counters: DatagramCounters
    var outputs: [PingOutput]
    var sink = CountingSink()
}

/// A sink that writes down what it is asked for, and fails if told to.
struct CountingSink: RecordSink {
    enum Call: Hashable, Sendable {
        case add([UInt64])
        case replace([UInt64])
    }

    var calls: [Call] = []
    var failsToAdd = false
    var failsToReplace = false

    mutating func makeDurable(_ records: [PingRecord]) throws(ExitError) {
        if failsToAdd { throw ExitError(status: ExitStatus.storage, "The disk is full.") }
        calls.append(.add(records.map(\.number)))
    }

    mutating func replaceAll(with records: [PingRecord]) throws(ExitError) {
        if failsToReplace { throw ExitError(status: ExitStatus.storage, "The disk is full.") }
        calls.append(.replace(records.map(\.number)))
    }
}

/// A node running in a thread of its own.
struct HostedNode: Sendable {
    private let outcomes: AsyncStream<LoopOutcome>

    /// Begins at once, and runs until the predicate holds of the outputs.
    init(
        _ node: PingNode, _ settings: LoopSettings, _ socket: SocketBox,
        sink: CountingSink = CountingSink(), inbox: Inbox<PingNode.Input>? = nil,
        until isDone: @escaping @Sendable ([PingOutput]) -> Bool
    ) {
        let (stream, continuation) = AsyncStream.makeStream(of: LoopOutcome.self)
        outcomes = stream
        Thread.detachNewThread {
            var loop = EventLoop(node, settings: settings, socket: socket.take(), inbox: inbox)
            var sink = sink
            var outcome = LoopOutcome(counters: loop.counters, outputs: [])
            do throws(ExitError) {
                outcome.end = try loop.run(recordingIn: &sink) { output in
                    outcome.outputs.append(output)
                    return isDone(outcome.outputs) ? .stop : .continue
                }
            } catch {
                outcome.error = error
            }
            outcome.counters = loop.counters
            outcome.sink = sink
            continuation.yield(outcome)
            continuation.finish()
        }
    }

    /// What it came to; to be asked for once.
    var outcome: LoopOutcome {
        get async {
            for await outcome in outcomes { return outcome }
            fatalError("asked for an outcome twice")
        }
    }
}

/// A count that threads share.
final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { count.load(ordering: .relaxed) }

    func increase() { count.add(1, ordering: .relaxed) }
}

/// A thread that sends garbage until it is stopped.
final class Flooder: Sendable {
    private let isOver = Atomic<Bool>(false)

    init(of target: SocketAddress, from source: SocketBox) {
        Thread.detachNewThread { [self] in
            let socket = source.take()
            while !isOver.load(ordering: .relaxed) { try? socket.send([1, 2, 3], to: target) }
        }
    }

    func stop() { isOver.store(true, ordering: .relaxed) }
}

/// The bytes of a message as a node of a cluster would send it.
func datagram(
    _ message: PingMessage, from sender: NodeID, cluster: UInt64 = 7, lamportTime: UInt64 = 1,
    cookie: UInt64 = 0
) -> [UInt8] {
    var writer = ByteWriter()
    Datagram(
        header: DatagramHeader(
            cluster: cluster,
            origin: Origin(node: sender, stamp: Stamp(epoch: 3, incarnation: 9)), sequence: 0,
            lamportTime: lamportTime, cookie: cookie),
        message: message
    ).encode(into: &writer)
    return writer.bytes
}
