public import ConsensusCore

/// What a service does with its commands, one after the other; ``Sessions`` makes it replicated.
///
/// A machine is deterministic: its state and its replies follow from its commands alone, in their
/// order (Schneider, *Implementing Fault-Tolerant Services Using the State Machine Approach*,
/// 1990). It looks at no clock, no random source, and no order of a `Set` or a `Dictionary`. It
/// bounds its own memory. Commands and queries come from clients: whatever their bytes, it answers
/// them and never traps.
///
/// No reply is larger than ``ConsensusCore/ServiceLimits/maximumReplySize`` bytes; a machine that
/// has more to say answers page by page. One that returns more has a bug, and the client gets an
/// empty reply in its place, the same on every host: a cut one could be mistaken for another
/// answer.
public protocol StateMachine: Sendable {
    /// Applies the next command and returns its reply.
    mutating func apply(_ command: Span<UInt8>) -> [UInt8]

    /// Answers a query and changes nothing.
    func read(_ query: Span<UInt8>) -> [UInt8]

    /// The whole state as bytes that ``restore(_:)`` takes; equal states give equal bytes.
    func snapshot() -> [UInt8]

    /// Replaces the whole state; leaves it as it was if it throws.
    ///
    /// The bytes may be damaged or made up: they are checked before memory is reserved for them.
    mutating func restore(_ snapshot: Span<UInt8>) throws(WireError)
}
