import ConsensusCore
import Testing

@Suite("Instants and intervals")
struct InstantTests {
    @Test("an instant past the end of time is never")
    func saturation() {
        let late = Instant(nanoseconds: .max - 1)
        #expect(late + Interval(nanoseconds: 1) == .never)
        #expect(late + Interval(nanoseconds: 2) == .never)
        #expect(late + Interval(nanoseconds: .max) == .never)
        #expect(Instant.never + Interval(nanoseconds: .max) == .never)
        #expect(Instant.never + .zero == .never)
    }

    @Test("are ordered, and differ by intervals")
    func differences() {
        let start = Instant(nanoseconds: 1_000)
        let later = start + .microseconds(3)
        #expect(start < later && later < .never)
        #expect(later - start == .microseconds(3))
        #expect(start - later == Interval(nanoseconds: -3_000))
        #expect(start + Interval(nanoseconds: -400) == Instant(nanoseconds: 600))
    }

    @Test("units agree with one another")
    func units() {
        #expect(Interval.microseconds(1) == Interval(nanoseconds: 1_000))
        #expect(Interval.milliseconds(2) == .microseconds(2_000))
        #expect(Interval.seconds(3) == .milliseconds(3_000))
        #expect(Interval.seconds(1) + .milliseconds(500) == .milliseconds(500) * 3)
        #expect(Interval.seconds(1) / 4 == .milliseconds(250))
        #expect(Interval.zero < Interval(nanoseconds: 1))
    }
}

@Suite("Backoff")
struct BackoffTests {
    @Test(
        "the n-th wait is in the upper half of initial · 2ⁿ, never above the limit",
        arguments: 0..<20 as Range<UInt64>)
    func growth(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var backoff = Backoff(initial: .milliseconds(20), limit: .milliseconds(200))
        for length: Int64 in [20, 40, 80, 160, 200, 200, 200] {
            let wait = backoff.next(using: &random)
            #expect(wait >= .milliseconds(length) / 2 && wait <= .milliseconds(length))
        }
        #expect(backoff.attempts == 7)
    }

    @Test("starts with the shortest wait again after a reset")
    func reset() {
        var random = RandomSource(seed: 1)
        var backoff = Backoff(initial: .milliseconds(4), limit: .seconds(1))
        for _ in 0..<10 { _ = backoff.next(using: &random) }
        backoff.reset()
        #expect(backoff.attempts == 0)
        let wait = backoff.next(using: &random)
        #expect(wait <= .milliseconds(4))
    }

    @Test("stays at limits that cannot be doubled")
    func extremes() {
        var random = RandomSource(seed: 1)
        let longest = Interval(nanoseconds: .max)
        var backoff = Backoff(initial: Interval(nanoseconds: 2), limit: longest)
        for _ in 0..<200 {
            let wait = backoff.next(using: &random)
            #expect(wait > .zero && wait <= longest)
        }
        let wait = backoff.next(using: &random)
        #expect(wait >= longest / 2)
    }

    @Test("hosts that began together do not go on together")
    func jitter() {
        var waits: Set<Interval> = []
        for seed in 0..<50 as Range<UInt64> {
            var random = RandomSource(seed: seed)
            var backoff = Backoff(initial: .milliseconds(20), limit: .milliseconds(200))
            waits.insert(backoff.next(using: &random))
        }
        #expect(waits.count == 50)
    }
}
