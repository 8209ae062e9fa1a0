import ConsensusCore
import PaxosNode

/// A client of a benchmark: as soon as one of its commands is answered it sends another.
struct BenchNode: Automaton {
    typealias Message = LogMessage
    typealias Record = LogRecord
    typealias Input = Never
    typealias Output = BenchResult

    private var client: LogClient
    private let window: Int
    private let length: Interval
    private let makeCommand: @Sendable (UInt64) -> [UInt8]
    private var inner = LogClient.Lanes()
    private var result = BenchResult()
    private var end = Instant.never
    /// When each command under way was begun, by its number modulo the window.
    private var begun: [Instant]
    private var isOver = false

    /// - Parameters:
    ///   - window: how many commands are under way at a time; at least 1.
    ///   - length: for how long.
    ///   - makeCommand: the bytes of a command, by its number from 0.
    init(
        _ client: LogClient, window: Int, length: Interval,
        makeCommand: @escaping @Sendable (UInt64) -> [UInt8]
    ) {
        self.client = client
        self.window = window
        self.length = length
        self.makeCommand = makeCommand
        begun = Array(repeating: Instant(nanoseconds: 0), count: window)
    }

    var stamp: Stamp { client.stamp }
    var wakeTime: Instant { isOver ? .never : min(client.wakeTime, end) }

    mutating func recover(_ record: LogRecord) { client.recover(record) }
    var recoveryFault: String? { client.recoveryFault }
    var wantsCheckpoint: Bool { client.wantsCheckpoint }
    mutating func checkpoint() -> [LogRecord] { client.checkpoint() }

    mutating func start(at now: Instant, into lanes: inout Lanes) {
        end = now + length
        client.start(at: now, into: &inner)
        for place in 0..<window { call(number: UInt64(place), at: now) }
        pass(at: now, into: &lanes)
    }

    mutating func handle(_ input: Never, at now: Instant, into lanes: inout Lanes) {}

    mutating func receive(
        _ message: LogMessage, from origin: Origin, at now: Instant, into lanes: inout Lanes
    ) {
        client.receive(message, from: origin, at: now, into: &inner)
        pass(at: now, into: &lanes)
    }

    mutating func wake(at now: Instant, into lanes: inout Lanes) {
        if now >= end {
            guard !isOver else { return }
            isOver = true
            return lanes.report(result)
        }
        client.wake(at: now, into: &inner)
        pass(at: now, into: &lanes)
    }

    func checkInvariants() { client.checkInvariants() }

    private mutating func call(number: UInt64, at now: Instant) {
        begun[Int(number % UInt64(window))] = now
        let operation = ClientCall.Operation.command(makeCommand(number))
        client.handle(
            .call(ClientCall(number: number, operation: operation, timeout: .seconds(60))),
            at: now, into: &inner)
    }

    /// Takes the answers that have come, sends as many commands anew, and passes on what is to be sent.
    private mutating func pass(at now: Instant, into lanes: inout Lanes) {
        var next = 0
        while next < inner.outputs.count {
            let answer = inner.outputs[next]
            next += 1
            if case .success = answer.result {
                result.latencies.add(now - begun[Int(answer.number % UInt64(window))])
            } else {
                result.failures += 1
            }
            call(number: answer.number + UInt64(window), at: now)
        }
        swap(&lanes.envelopes, &inner.envelopes)
        inner.removeAll()
    }
}

/// What one client of a benchmark has measured.
struct BenchResult: Sendable {
    var latencies = LatencyHistogram()
    var failures = 0
}

/// Waits for the results of all clients.
struct BenchCollector: Automaton {
    typealias Message = LogMessage
    typealias Record = LogRecord
    typealias Input = BenchResult
    typealias Output = BenchResult

    private var missing: Int
    private var sum = BenchResult()

    init(count: Int) {
        missing = count
    }

    let stamp = Stamp(epoch: 0, incarnation: 1)
    let wakeTime = Instant.never
    let recoveryFault: String? = nil
    let wantsCheckpoint = false

    mutating func recover(_ record: LogRecord) {}
    mutating func checkpoint() -> [LogRecord] { [] }
    mutating func start(at now: Instant, into lanes: inout Lanes) {}
    mutating func receive(
        _ message: LogMessage, from origin: Origin, at now: Instant, into lanes: inout Lanes
    ) {}
    mutating func wake(at now: Instant, into lanes: inout Lanes) {}
    func checkInvariants() {}

    mutating func handle(_ input: BenchResult, at now: Instant, into lanes: inout Lanes) {
        sum.latencies.merge(input.latencies)
        sum.failures += input.failures
        missing -= 1
        if missing == 0 { lanes.report(sum) }
    }
}
