/// Growing, jittered waits between attempts: random, exponential and bounded.
///
/// The n-th wait (from 0) is drawn from the upper half of `initial · 2ⁿ`, never above `limit`. The
/// jitter keeps several hosts that began together from trying together for ever.
@frozen
public struct Backoff: Hashable, Sendable {
    public let initial: Interval
    public let limit: Interval
    /// How many waits have been drawn since the start or the last reset.
    public private(set) var attempts: Int

    /// - Precondition: `initial` is at least 2 ns and at most `limit`.
    public init(initial: Interval, limit: Interval) {
        precondition(initial.nanoseconds >= 2 && initial <= limit)
        self.initial = initial
        self.limit = limit
        self.attempts = 0
    }

    /// Draws the next wait.
    public mutating func next(using random: inout RandomSource) -> Interval {
        var length = initial
        var doublings = attempts
        while doublings > 0 && length < limit {
            length = length.nanoseconds > limit.nanoseconds / 2 ? limit : length * 2
            doublings -= 1
        }
        attempts += 1
        return random.interval(in: length / 2...length)
    }

    /// Starts again with the shortest wait.
    public mutating func reset() {
        attempts = 0
    }
}
