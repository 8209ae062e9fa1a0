import ConsensusCore
import Simulation

/// A toy: node 0 sends numbered parcels to all others, one every 10 ms, and each that gets one
/// records, reports and acknowledges it.
struct Courier: Automaton {
    enum Message: WireMessage {
        case parcel(UInt64)
        case receipt(UInt64)

        var kind: String {
            switch self {
            case .parcel: "parcel"
            case .receipt: "receipt"
            }
        }

        var ballotNumber: UInt64? { nil }

        func encode(into writer: inout ByteWriter) {
            switch self {
            case .parcel(let number):
                writer.write(UInt8(1))
                writer.write(number)
            case .receipt(let number):
                writer.write(UInt8(2))
                writer.write(number)
            }
        }

        init(from reader: inout ByteReader) throws(WireError) {
            switch try reader.readUInt8() {
            case 1: self = .parcel(try reader.readUInt64())
            case 2: self = .receipt(try reader.readUInt64())
            case let tag: throw .unknownTag(tag)
            }
        }
    }

    struct Record: WireCodable, Hashable, Sendable {
        var number: UInt64
        /// What is written in the number's place, as a codec with a bug would.
        var written: UInt64

        /// A number that no reader takes.
        static let unreadable = UInt64.max

        init(_ number: UInt64, written: UInt64? = nil) {
            self.number = number
            self.written = written ?? number
        }

        func encode(into writer: inout ByteWriter) { writer.write(written) }

        init(from reader: inout ByteReader) throws(WireError) {
            self.init(try reader.readUInt64())
            guard number != Record.unreadable else { throw .invalidField }
        }
    }

    enum Output: Hashable, Sendable {
        case got(UInt64)
        case receipt(UInt64, from: NodeID)
        case recovered([UInt64])
        case asked(Int)
    }

    static let interval: Interval = .milliseconds(10)
    /// The input that asks it for a checkpoint.
    static let checkpointInput = -1

    let stamp: Stamp
    private(set) var wakeTime: Instant = .never
    let others: NodeSet
    let isSender: Bool
    let parcels: UInt64
    /// After how many records it wants to keep the latest only.
    let recordLimit: Int
    var sent: UInt64 = 0
    var recovered: [UInt64] = []
    /// What it has recorded since its last checkpoint.
    var recorded: [UInt64] = []
    /// Whether it was asked for a checkpoint.
    private var isAsked = false
    /// The number that it cannot take back, if any.
    var unacceptable: UInt64?
    /// The number that it writes wrongly, if any; ``Record/unreadable`` to write that always.
    var muddled: UInt64?
    /// Whether it writes its checkpoints wrongly.
    var muddledCheckpoint = false
    private(set) var recoveryFault: String?

    init(node: NodeID, hosts: Int, parcels: UInt64, recordLimit: Int = .max, seed: UInt64) {
        var random = RandomSource(seed: seed)
        stamp = Stamp(epoch: 7, incarnation: random.nextNonZero())
        others = NodeSet(0..<hosts).removing(node)
        isSender = node == 0
        self.parcels = parcels
        self.recordLimit = recordLimit
    }

    mutating func recover(_ record: Record) {
        recovered.append(record.number)
        if record.number == unacceptable { recoveryFault = "\(record.number) cannot be taken back" }
    }

    mutating func start(at now: Instant, into effects: inout Lanes) {
        if !recovered.isEmpty { effects.report(.recovered(recovered)) }
        if isSender { wakeTime = now + Courier.interval }
    }

    mutating func receive(
        _ message: Message, from origin: Origin, at now: Instant, into effects: inout Lanes
    ) {
        switch message {
        case .parcel(let number):
            effects.remember(Record(number, written: muddled(number)))
            recorded.append(number)
            effects.send(.receipt(number), to: origin.node)
            effects.report(.got(number))
        case .receipt(let number):
            effects.report(.receipt(number, from: origin.node))
        }
    }

    private func muddled(_ number: UInt64) -> UInt64 {
        if muddled == Record.unreadable { return Record.unreadable }
        return number == muddled ? number + 1 : number
    }

    mutating func handle(_ input: Int, at now: Instant, into effects: inout Lanes) {
        effects.report(.asked(input))
        isAsked = input == Courier.checkpointInput
    }

    mutating func wake(at now: Instant, into effects: inout Lanes) {
        guard now >= wakeTime else { return }
        effects.send(.parcel(sent), to: others)
        sent += 1
        wakeTime = sent < parcels ? now + Courier.interval : .never
    }

    var wantsCheckpoint: Bool { recorded.count >= recordLimit || isAsked }

    mutating func checkpoint() -> [Record] {
        isAsked = false
        defer { recorded.removeAll() }
        return recorded.suffix(1).map { Record($0, written: $0 + (muddledCheckpoint ? 1 : 0)) }
    }

    func checkInvariants() { precondition(sent <= parcels) }
}

/// Writes down all that it sees.
struct Ledger: WorldObserver {
    typealias Subject = Courier

    struct Entry<Value: Hashable>: Hashable {
        var node: NodeID
        var value: Value
        var time: Instant
    }

    var violation: Violation?
    /// Outputs awaited of each healthy host but the first once healed.
    var awaited = 0
    var gotSinceHealed: [Int] = Array(repeating: 0, count: 64)
    var isHealed = false
    var isDuplicateForbidden = false
    /// The hosts that may come back without their disks.
    var replaceable = NodeSet(0..<64)

    var isForgeable: (Courier.Message) -> Bool = { _ in true }
    var rollbacks: [Entry<[UInt64]>] = []
    var beginnings: [(wiped: NodeSet, kept: NodeSet)] = []
    var turns: [Entry<Int>] = []
    /// By the guest that sent them.
    var forged: [Entry<Courier.Message>] = []
    var starts: [Entry<Int>] = []
    var restarts: [Entry<Memory>] = []
    var crashes: [Entry<Int>] = []
    var sent: [Entry<Courier.Message>] = []
    var received: [Entry<Courier.Message>] = []
    /// The lives that the senders of what was received said to be in.
    var lives: [Entry<UInt64>] = []
    var records: [Entry<UInt64>] = []
    var checkpoints: [Entry<[UInt64]>] = []
    var outputs: [Entry<Courier.Output>] = []

    func isDone(among healthy: NodeSet) -> Bool {
        healthy.removing(0).allSatisfy { gotSinceHealed[$0.index] >= awaited }
    }

    func mayLoseDisk(_ node: NodeID) -> Bool { replaceable.contains(node) }
    func mayRollBack(_ node: NodeID, to records: [Courier.Record]) -> Bool {
        replaceable.contains(node)
    }
    func mayBeginAnew(wiped: NodeSet, kept: NodeSet) -> Bool { wiped.isSubset(of: replaceable) }
    func mayTwin(_ node: NodeID, with disk: TwinDisk) -> Bool { replaceable.contains(node) }

    func mayForge(_ message: Courier.Message, to node: NodeID) -> Bool { isForgeable(message) }

    mutating func didRollBack(_ node: NodeID, to records: [Courier.Record], at time: Instant) {
        rollbacks.append(Entry(node: node, value: records.map(\.number), time: time))
    }

    mutating func didBeginAnew(wiped: NodeSet, kept: NodeSet, at time: Instant) {
        beginnings.append((wiped, kept))
    }

    mutating func didTwin(_ node: NodeID, life: Int, with disk: TwinDisk, at time: Instant) {
        turns.append(Entry(node: node, value: life, time: time))
    }

    mutating func didTurn(_ node: NodeID, to life: Int, at time: Instant) {
        turns.append(Entry(node: node, value: life, time: time))
    }

    mutating func didForge(
        _ message: Courier.Message, from origin: Origin, on node: NodeID, at time: Instant
    ) {
        forged.append(Entry(node: origin.node, value: message, time: time))
    }

    mutating func didStart(_ node: NodeID, at time: Instant) {
        starts.append(Entry(node: node, value: 0, time: time))
    }

    mutating func didRestart(_ node: NodeID, life: Int, memory: Memory, at time: Instant) {
        restarts.append(Entry(node: node, value: memory, time: time))
    }

    mutating func didCrash(_ node: NodeID, at time: Instant) {
        crashes.append(Entry(node: node, value: 0, time: time))
    }

    mutating func didRecord(_ record: Courier.Record, on node: NodeID, at time: Instant) {
        records.append(Entry(node: node, value: record.number, time: time))
    }

    mutating func didCheckpoint(
        _ records: [Courier.Record], on node: NodeID, at time: Instant
    ) {
        checkpoints.append(Entry(node: node, value: records.map(\.number), time: time))
    }

    mutating func didSend(
        _ message: Courier.Message, from node: NodeID, to recipients: Recipients,
        at time: Instant
    ) {
        sent.append(Entry(node: node, value: message, time: time))
    }

    mutating func didReceive(
        _ message: Courier.Message, from origin: Origin, on node: NodeID, at time: Instant
    ) {
        received.append(Entry(node: node, value: message, time: time))
        lives.append(Entry(node: node, value: origin.stamp.incarnation, time: time))
    }

    mutating func didOutput(_ output: Courier.Output, on node: NodeID, at time: Instant) {
        if isDuplicateForbidden, case .got(let number) = output,
            outputs.contains(where: { $0.node == node && $0.value == output })
        {
            violation = Violation(
                property: "once", explanation: "node \(node) got parcel \(number) twice")
        }
        outputs.append(Entry(node: node, value: output, time: time))
        if isHealed { gotSinceHealed[node.index] += 1 }
    }

    mutating func didHeal(_ healthy: NodeSet, at time: Instant) { isHealed = true }
}

extension Ledger {
    /// The parcels a node got, in order.
    func parcels(of node: NodeID) -> [UInt64] {
        received.compactMap { entry in
            if entry.node == node, case .parcel(let number) = entry.value { number } else { nil }
        }
    }

    func arrivals(at node: NodeID) -> [Int64] {
        received.filter { $0.node == node }.map { $0.time.nanoseconds / 1_000_000 }
    }

    func recordsOf(_ node: NodeID) -> [UInt64] {
        records.filter { $0.node == node }.map(\.value)
    }

    func receiptsSent(by node: NodeID) -> [UInt64] {
        sent.compactMap { entry in
            if entry.node == node, case .receipt(let number) = entry.value { number } else { nil }
        }
    }

    func recovered(_ node: NodeID) -> [[UInt64]] {
        outputs.compactMap { entry in
            if entry.node == node, case .recovered(let all) = entry.value { all } else { nil }
        }
    }
}

/// The world of couriers.
///
/// - Parameters:
///   - setUp: what is to be different in the ledger that watches a run.
///   - choose: looks at what hosts have gone through, and chooses the healthy.
func courierWorld(
    parcels: UInt64 = 10, recordLimit: Int = .max, awaited: Int = 0, healthy: NodeSet? = nil,
    inputs: [ScheduledInput<Int>] = [], setUp: @escaping (inout Ledger) -> Void = { _ in },
    choose: (([HostCondition]) -> NodeSet?)? = nil
) -> World<Ledger> {
    World(
        makeAutomaton: { plan, node, life, seed in
            Courier(
                node: node, hosts: plan.hostCount, parcels: parcels, recordLimit: recordLimit,
                seed: seed)
        },
        makeObserver: { _ in
            var ledger = Ledger()
            ledger.awaited = awaited
            setUp(&ledger)
            return ledger
        },
        chooseHealthy: { plan, hosts, _ in
            if let choose { return choose(hosts) }
            return healthy ?? NodeSet(0..<plan.hostCount)
        },
        makeInputs: { _ in inputs })
}

/// A plan of three hosts without faults: parcel k is sent at 10(k+1) ms and arrives 1 ms later.
func calmPlan(hosts: Int = 3) -> Plan {
    Plan(seed: 1, shape: [hosts], safetyTime: .seconds(1), livenessBound: .zero)
}

func milliseconds(_ count: Int64) -> Instant { Instant(nanoseconds: count * 1_000_000) }
