public import ConsensusCore

/// A property that a run did not keep.
public struct Violation: Error, Hashable, Sendable {
    /// The property's name, as in `agreement`.
    public var property: String
    /// What happened, in a sentence.
    public var explanation: String

    public init(property: String, explanation: String) {
        self.property = property
        self.explanation = explanation
    }
}

/// An oracle: it sees what hosts send, record and report, and judges by that alone.
///
/// One value watches one run. All times are the world's, not a host's.
public protocol WorldObserver {
    associatedtype Subject: Automaton

    /// The first property found broken; looked at after every step, and the end of the run.
    var violation: Violation? { get }

    /// Whether a host that is about to come back without its disk may: if not, it keeps it.
    ///
    /// For protocols that survive lost disks only once others remember the host.
    func mayLoseDisk(_ node: NodeID) -> Bool

    /// Whether an older copy, with these records, may take the place of a host's disk: if not, it does not.
    func mayRollBack(_ node: NodeID, to records: [Subject.Record]) -> Bool

    /// Whether some hosts may begin anew, with empty disks, beside others that keep theirs; if not, nothing
    /// happens. `kept` are those that do have something on their disks.
    func mayBeginAnew(wiped: NodeSet, kept: NodeSet) -> Bool

    /// Whether a second process may run with the ID of a host; if not, none does.
    func mayTwin(_ node: NodeID, with disk: TwinDisk) -> Bool

    /// Whether a guest can know enough to send a host this: if not, it does not.
    ///
    /// What it makes out of datagrams that it overheard may hold what only their sender knows.
    func mayForge(_ message: Subject.Message, to node: NodeID) -> Bool

    /// Whether these hosts, once healed, can make progress, as far as what they have recorded allows.
    func canProgress(_ healthy: NodeSet) -> Bool

    /// Whether all that the healthy hosts owe has been done; asked only once they are healed.
    func isDone(among healthy: NodeSet) -> Bool

    /// A host begins its first life.
    mutating func didStart(_ node: NodeID, at time: Instant)
    /// A host is about to replay its disk, or an empty one, and start its `life`-th life, from 0.
    mutating func didRestart(_ node: NodeID, life: Int, memory: Memory, at time: Instant)
    mutating func didCrash(_ node: NodeID, at time: Instant)
    /// A record has become durable: no crash can take it away any more.
    mutating func didRecord(_ record: Subject.Record, on node: NodeID, at time: Instant)
    /// These records have taken the place of all that the host had recorded, at once.
    mutating func didCheckpoint(
        _ records: [Subject.Record], on node: NodeID, at time: Instant)
    /// An older copy, with these records, has taken the place of the disk of a host that is down.
    mutating func didRollBack(_ node: NodeID, to records: [Subject.Record], at time: Instant)
    /// These hosts are down, and the disks of some have been emptied; they will all come back.
    mutating func didBeginAnew(wiped: NodeSet, kept: NodeSet, at time: Instant)
    /// A second process with a host's ID is about to replay its disk and start; it is its turn now, and it
    /// counts its lives from this one on.
    mutating func didTwin(_ node: NodeID, life: Int, with disk: TwinDisk, at time: Instant)
    /// What a host does from now on, this life of it does, with its disk: the other stands still, or is gone.
    mutating func didTurn(_ node: NodeID, to life: Int, at time: Instant)
    /// A guest has sent a message that it made up, and a host is about to take it.
    mutating func didForge(
        _ message: Subject.Message, from origin: Origin, on node: NodeID, at time: Instant)
    mutating func didSend(
        _ message: Subject.Message, from node: NodeID, to recipients: Recipients,
        at time: Instant)
    /// A host is about to take a message.
    mutating func didReceive(
        _ message: Subject.Message, from origin: Origin, on node: NodeID, at time: Instant)
    mutating func didOutput(_ output: Subject.Output, on node: NodeID, at time: Instant)
    /// The safety phase is over; these hosts have been healed.
    mutating func didHeal(_ healthy: NodeSet, at time: Instant)

    /// The text of a message in a trace.
    func describe(message: Subject.Message) -> String
    /// The text of a record in a trace.
    func describe(record: Subject.Record) -> String
    /// The text of an output in a trace.
    func describe(output: Subject.Output) -> String
}

/// What a host that comes back remembers.
@frozen
public enum Memory: Hashable, Sendable {
    case kept, wiped
}

extension WorldObserver {
    public func mayLoseDisk(_ node: NodeID) -> Bool { true }
    public func canProgress(_ healthy: NodeSet) -> Bool { true }
    @inlinable public mutating func didStart(_ node: NodeID, at time: Instant) {}
    @inlinable
    public mutating func didRestart(
        _ node: NodeID, life: Int, memory: Memory, at time: Instant
    ) {}
    @inlinable public mutating func didCrash(_ node: NodeID, at time: Instant) {}
    @inlinable
    public mutating func didRecord(
        _ record: Subject.Record, on node: NodeID, at time: Instant
    ) {}
    public mutating func didCheckpoint(
        _ records: [Subject.Record], on node: NodeID, at time: Instant
    ) {}
    public mutating func didRollBack(
        _ node: NodeID, to records: [Subject.Record], at time: Instant
    ) {}
    public mutating func didBeginAnew(wiped: NodeSet, kept: NodeSet, at time: Instant) {}
    public mutating func didTwin(
        _ node: NodeID, life: Int, with disk: TwinDisk, at time: Instant
    ) {}
    public mutating func didTurn(_ node: NodeID, to life: Int, at time: Instant) {}
    public mutating func didForge(
        _ message: Subject.Message, from origin: Origin, on node: NodeID, at time: Instant
    ) {}
    @inlinable
    public mutating func didSend(
        _ message: Subject.Message, from node: NodeID, to recipients: Recipients,
        at time: Instant
    ) {}
    @inlinable
    public mutating func didReceive(
        _ message: Subject.Message, from origin: Origin, on node: NodeID, at time: Instant
    ) {}
    @inlinable
    public mutating func didOutput(
        _ output: Subject.Output, on node: NodeID, at time: Instant
    ) {}
    @inlinable public mutating func didHeal(_ healthy: NodeSet, at time: Instant) {}

    public func describe(message: Subject.Message) -> String {
        message.ballotNumber.map { "\(message.kind), ballot \($0)" } ?? message.kind
    }

    public func describe(record: Subject.Record) -> String { "\(record)" }

    public func describe(output: Subject.Output) -> String { "\(output)" }
}
