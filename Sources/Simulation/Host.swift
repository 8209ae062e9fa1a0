public import ConsensusCore

/// What a simulated host is about, besides its automaton and its disk.
@frozen @usableFromInline
struct HostState: BitwiseCopyable {
    @usableFromInline var status: HostStatus = .notStarted
    @usableFromInline var isAmnesiac = false
    @usableFromInline var isGone = false
    /// How many times it has come back.
    @usableFromInline var life = 0
    /// How many messages this life has sent.
    @usableFromInline var sendIndex = 0
    @usableFromInline var lamportTime: UInt64 = 0
    @usableFromInline var clock: VirtualClock
    /// When the earliest of its wakes in the queue is due; wakes due at other times are stale.
    @usableFromInline var queuedWake: Instant = .never
    @usableFromInline var pausedUntil = Instant(nanoseconds: 0)
    /// How many writes it has made in all its lives.
    @usableFromInline var persistCount = 0
    /// At which write it crashes next.
    @usableFromInline var nextPersistCrash = Int.max
    @usableFromInline var diskDelay: Interval = .zero
    @usableFromInline var diskSlowUntil = Instant(nanoseconds: 0)
    /// When the last write under way becomes durable.
    @usableFromInline var lastSync = Instant(nanoseconds: 0)

    /// How large its disk may become; a write beyond it fails.
    @usableFromInline var diskLimit = Int.max
    @usableFromInline var diskFullUntil = Instant(nanoseconds: 0)
    /// Which fault filled its disk last.
    @usableFromInline var fullDiskFault = 0
    /// Until when its writes hang.
    @usableFromInline var diskHangsUntil = Instant(nanoseconds: 0)
    /// Which fault made them hang last.
    @usableFromInline var hungDiskFault = 0
    /// Whether it stands still until its disk is done.
    @usableFromInline var isHung = false
    /// When the disk will be done.
    @usableFromInline var hangEnd = Instant(nanoseconds: 0)
    /// How many datagrams wait for a hung host at most.
    @usableFromInline var receiveBuffer = Int.max
    /// Which fault damaged what is on its disk, not noticed yet.
    @usableFromInline var rotFault: Int?
    /// Whether its disk holds other records than those that it has written last.
    @usableFromInline var hasForeignDisk = false
    /// Whether an older copy ever took its disk's place.
    @usableFromInline var hadOldDisk = false
    /// Whether its disk was emptied while it was down, because all begin anew.
    @usableFromInline var isEmptied = false
    /// Whether it has begun anew with an empty disk.
    @usableFromInline var beganAnew = false
    /// Whether there ever was a second process with its ID.
    @usableFromInline var hadTwin = false
    /// Which fault makes its next synchronization fail.
    @usableFromInline var syncErrorFault: Int?

    /// How many times ``ComputingCost`` all that it does takes; 0 for no time at all.
    @usableFromInline var slowness: Int64 = 0
    /// Until when it computes.
    @usableFromInline var busyUntil = Instant(nanoseconds: 0)
    /// When it goes on with what has come meanwhile.
    @usableFromInline var idleTime: Instant = .never

    @inlinable
    init(clock: VirtualClock) {
        self.clock = clock
    }

    @inlinable
    var isUp: Bool { status == .running || status == .paused }
}

/// Whether a host takes part.
@frozen
public enum HostStatus: UInt8, Hashable, Sendable {
    case notStarted, running, paused, crashed
}

/// What the choice of the healthy may depend on.
public struct HostCondition: Hashable, Sendable {
    public var status: HostStatus
    /// It crashed and was not to come back.
    public var isGone: Bool
    /// It came back without its disk at least once.
    public var isAmnesiac: Bool
    /// It came back with an older copy of its disk at least once.
    public var hadOldDisk: Bool
    /// It began anew with an empty disk, together with others, at least once.
    public var beganAnew: Bool
    /// Another process ran with its ID at least once.
    public var hadTwin: Bool
    /// How many times it has come back.
    public var life: Int

    @usableFromInline
    init(_ state: HostState) {
        hadOldDisk = state.hadOldDisk
        beganAnew = state.beganAnew
        hadTwin = state.hadTwin
        status = state.status
        isGone = state.isGone
        isAmnesiac = state.isAmnesiac
        life = state.life
    }
}

/// A request made on a host at a true time; lost if the host is down then.
public struct ScheduledInput<Input> {
    public var time: Instant
    public var node: NodeID
    public var input: Input

    public init(time: Instant, node: NodeID, input: Input) {
        self.time = time
        self.node = node
        self.input = input
    }
}

/// What the world does besides running; none of it changes the run.
@frozen
public struct RunOptions: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    @inlinable
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Calls `checkInvariants()` after every step.
    public static let checksInvariants = RunOptions(rawValue: 1 << 0)
    /// Keeps a ``TraceEvent`` of everything that happens.
    public static let traces = RunOptions(rawValue: 1 << 1)
    /// Keeps a ``DeliveryRecord`` of every delivery; a shrinker needs it.
    public static let logsDeliveries = RunOptions(rawValue: 1 << 2)
}

/// Planted bugs of the host itself, which honours the lanes wrongly.
@frozen
public struct HostFlaws: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    @inlinable
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Sends and reports before the step's records are durable.
    public static let answersBeforeDurable = HostFlaws(rawValue: 1 << 0)
    /// Replays a half-written last record, zeros where its rest is missing.
    public static let trustsTornTail = HostFlaws(rawValue: 1 << 1)
}

/// One delivery of a run that was logged.
@frozen
public struct DeliveryRecord: Hashable, Sendable {
    public var key: DeliveryKey
    /// What the random faults did to it; empty if it arrived as sent.
    public var faults: FaultSet
    /// The first byte of the message as its codec writes it, which tells its kind.
    public var kind: UInt8

    @inlinable
    init(key: DeliveryKey, faults: FaultSet, kind: UInt8) {
        self.key = key
        self.faults = faults
        self.kind = kind
    }
}

/// What is due in a world.
@frozen @usableFromInline
struct WorldEvent: BitwiseCopyable {
    @frozen @usableFromInline
    enum Kind: UInt8 {
        case delivery, wake, sync, start, restart, faultBegins, faultEnds, input
        case copy, idle, turn, forgery
    }

    @usableFromInline var kind: Kind
    @usableFromInline var host: UInt8
    /// Slot, fault, input or life, by kind.
    @usableFromInline var index: Int32
    /// The delivery's key.
    @usableFromInline var key: UInt64

    @inlinable
    init(_ kind: Kind, host: Int, index: Int = 0, key: UInt64 = 0) {
        self.kind = kind
        self.host = UInt8(host)
        self.index = Int32(index)
        self.key = key
    }
}

/// The effects of a step that wait for its records, or those of an earlier step, to be durable.
@frozen @usableFromInline
struct HeldEffects<Subject: Automaton> {
    @usableFromInline var effects: Subject.Lanes
    @usableFromInline var stamp: Stamp
    /// How much of the disk is durable once they may go.
    @usableFromInline var durable: Int

    @inlinable
    init(effects: Subject.Lanes, stamp: Stamp, durable: Int) {
        self.effects = effects
        self.stamp = stamp
        self.durable = durable
    }
}
