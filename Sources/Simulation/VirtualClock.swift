public import ConsensusCore

/// A host's clock: it starts anywhere, runs fast or slow, jumps forward, and never goes back.
@frozen
public struct VirtualClock: BitwiseCopyable, Sendable {
    /// What the clock showed at the anchor, less the anchor.
    @usableFromInline var offset: Int64
    /// The true time from which the rate counts.
    @usableFromInline var anchor: Int64 = 0
    /// By how many millionths it runs fast; negative when slow.
    @usableFromInline var rate: Int64 = 0

    @inlinable
    init(offset: Int64) {
        self.offset = offset
    }

    /// What the clock shows at a true time.
    @inlinable
    func local(at time: Instant) -> Instant {
        let plain = time.nanoseconds &+ offset
        guard rate != 0 else { return Instant(nanoseconds: plain) }
        return Instant(nanoseconds: plain + (time.nanoseconds - anchor) * rate / 1_000_000)
    }

    /// The first true time at which the clock shows `local` or later; ``Instant/never`` for what is
    /// further off than any run lasts.
    @inlinable
    func time(showing local: Instant) -> Instant {
        let (plain, overflow) = local.nanoseconds.subtractingReportingOverflow(offset)
        let longest = Plan.maximumTime.nanoseconds * 4
        if overflow { return local.nanoseconds < 0 ? Instant(nanoseconds: anchor) : .never }
        if plain > longest { return .never }
        guard rate != 0 else { return Instant(nanoseconds: plain) }
        if plain <= anchor { return Instant(nanoseconds: anchor) }
        let elapsed = plain - anchor
        var guess = anchor + elapsed - elapsed * rate / (1_000_000 + rate)
        while self.local(at: Instant(nanoseconds: guess)) < local { guess += 1 }
        while guess > anchor && self.local(at: Instant(nanoseconds: guess - 1)) >= local {
            guess -= 1
        }
        return Instant(nanoseconds: guess)
    }

    /// Makes it run at another rate from now on, without a jump.
    ///
    /// - Precondition: the rate is within half a million either way.
    @inlinable
    mutating func setRate(_ perMillion: Int, at time: Instant) {
        precondition(perMillion >= -500_000 && perMillion <= 500_000)
        offset += (time.nanoseconds - anchor) * rate / 1_000_000
        anchor = time.nanoseconds
        rate = Int64(perMillion)
    }

    @inlinable
    mutating func jump(by interval: Interval) {
        offset += interval.nanoseconds
    }
}
