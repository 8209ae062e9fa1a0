public import ConsensusCore

/// The clock of the event loop: it never goes back and has no meaning on another host.
@usableFromInline
enum MonotonicClock {
    @usableFromInline
    static func now() -> Instant { Instant(nanoseconds: System.monotonicNanoseconds()) }
}
