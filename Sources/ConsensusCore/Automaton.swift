/// A protocol role as a state machine: it takes one event at a time and states what it wants done.
///
/// An automaton knows no clock, no socket, no file and no global randomness. Time comes with each
/// event; its next deadline is the state ``wakeTime``; random draws come from a seeded generator it
/// holds; what it wants done goes into the ``Effects`` it is handed. The same value therefore runs
/// over UDP and under the simulator, and one seed replays one run.
///
/// A host calls ``start(at:into:)`` once before any other event, after it has replayed whatever was
/// recorded with ``recover(_:)`` and found no ``recoveryFault``. It honours the three lanes of `Effects`
/// in their order, though not necessarily after every single event.
///
/// Nothing that a host asks has an answer by default, which an automaton that wraps another would give in
/// the other's place.
public protocol Automaton {
    associatedtype Message: WireMessage
    associatedtype Record: WireCodable & Equatable & Sendable
    /// What its own host asks of it, perhaps from another thread.
    associatedtype Input: Sendable
    associatedtype Output

    /// Where an automaton states what it wants done.
    typealias Lanes = Effects<Message, Record, Output>

    /// What its host is to write into the header of every datagram it sends.
    var stamp: Stamp { get }

    /// When it wants to be woken next; ``Instant/never`` when it awaits only messages.
    ///
    /// An instant already past asks to be woken at once.
    var wakeTime: Instant { get }

    /// Applies one record of an earlier life, oldest first, before ``start(at:into:)``.
    mutating func recover(_ record: Record)

    /// Why what was recorded cannot be taken back, in a sentence; a host then does not start it.
    var recoveryFault: String? { get }

    /// Begins.
    mutating func start(at now: Instant, into effects: inout Lanes)

    /// Takes a message that has arrived, perhaps late, repeated, or out of order.
    mutating func receive(
        _ message: Message, from origin: Origin, at now: Instant, into effects: inout Lanes)

    /// Takes a request made on its own host.
    mutating func handle(_ input: Input, at now: Instant, into effects: inout Lanes)

    /// Acts on its own deadline. Being woken early does nothing.
    mutating func wake(at now: Instant, into effects: inout Lanes)

    /// Whether its records have grown so much that they are worth replacing by fewer.
    var wantsCheckpoint: Bool { get }

    /// All that must be found again after a crash, in few records: they replace every record so far.
    ///
    /// A host that keeps records asks for it when ``wantsCheckpoint`` says so, between two steps, once
    /// the records of all steps before are durable; a crash then leaves all of the old or all of the new.
    /// One that keeps none asks for it too, and forgets what it gets.
    mutating func checkpoint() -> [Record]

    /// Stops the program when the state contradicts itself; the simulator calls it after every step.
    func checkInvariants()
}

/// What tells one life of a node, and one run of a cluster, from another.
@frozen
public struct Stamp: Hashable, Sendable {
    /// The run, as drawn by its leader; 0 while the node has not been told of any.
    public var epoch: UInt64
    /// This life of the node, drawn at its start and never 0; kept across a restart only by a node
    /// that kept its records.
    public var incarnation: UInt64

    @inlinable
    public init(epoch: UInt64, incarnation: UInt64) {
        self.epoch = epoch
        self.incarnation = incarnation
    }
}

/// Who sent a message, in which life and which run.
@frozen
public struct Origin: Hashable, Sendable {
    public var node: NodeID
    public var stamp: Stamp

    @inlinable
    public init(node: NodeID, stamp: Stamp) {
        self.node = node
        self.stamp = stamp
    }
}
