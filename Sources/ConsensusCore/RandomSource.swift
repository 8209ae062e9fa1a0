/// A seeded source of random numbers: the same seed gives the same numbers on every machine.
///
/// The generator is xoshiro256** (Blackman and Vigna, *Scrambled Linear Pseudorandom Number
/// Generators*), its state filled from the seed by SplitMix64 as its authors advise. It is fit for
/// jitter and simulation and unfit for secrets.
@frozen
public struct RandomSource: Hashable, Sendable {
    @usableFromInline var state0: UInt64
    @usableFromInline var state1: UInt64
    @usableFromInline var state2: UInt64
    @usableFromInline var state3: UInt64

    @inlinable
    public init(seed: UInt64) {
        var sequence = seed
        func splitMix() -> UInt64 {
            sequence &+= 0x9e37_79b9_7f4a_7c15
            var mixed = sequence
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
        state0 = splitMix()
        state1 = splitMix()
        state2 = splitMix()
        state3 = splitMix()
    }

    /// The next 64 random bits.
    @inlinable
    public mutating func next() -> UInt64 {
        let scrambled = state1 &* 5
        let result = (scrambled << 7 | scrambled >> 57) &* 9
        let shifted = state1 << 17
        state2 ^= state0
        state3 ^= state1
        state1 ^= state2
        state0 ^= state3
        state2 ^= shifted
        state3 = state3 << 45 | state3 >> 19
        return result
    }

    /// The next 64 random bits, skipping zero, which this project keeps to mean "none".
    @inlinable
    public mutating func nextNonZero() -> UInt64 {
        while true {
            let candidate = next()
            if candidate != 0 { return candidate }
        }
    }

    /// A number from 0 up to, not including, `bound`, each equally likely (Lemire, *Fast Random
    /// Integer Generation in an Interval*, 2019).
    ///
    /// - Precondition: `bound` is not 0.
    @inlinable
    public mutating func below(_ bound: UInt64) -> UInt64 {
        precondition(bound > 0)
        let threshold = (0 &- bound) % bound
        while true {
            let product = next().multipliedFullWidth(by: bound)
            if product.low >= threshold { return product.high }
        }
    }

    /// A number of a closed range, each equally likely.
    @inlinable
    public mutating func number(in range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(below(UInt64(range.upperBound - range.lowerBound) + 1))
    }

    /// An interval of a closed range, each nanosecond equally likely.
    @inlinable
    public mutating func interval(in range: ClosedRange<Interval>) -> Interval {
        let width = UInt64(range.upperBound.nanoseconds - range.lowerBound.nanoseconds)
        return range.lowerBound + Interval(nanoseconds: Int64(below(width + 1)))
    }

    /// Whether an event of so many chances in a million happens this time.
    @inlinable
    public mutating func happens(perMillion: Int) -> Bool {
        perMillion > 0 && below(1_000_000) < UInt64(perMillion)
    }
}
