/// SipHash-2-4: 64 bits that nobody without the key can compute, though he sees those of other inputs
/// (Aumasson and Bernstein, *SipHash: a fast short-input PRF*, 2012).
@frozen
public struct SipHash: Sendable {
    /// 128 bits, to be drawn at random and told to nobody.
    @frozen
    public struct Key: Hashable, Sendable {
        public var low: UInt64
        public var high: UInt64

        @inlinable
        public init(low: UInt64, high: UInt64) {
            self.low = low
            self.high = high
        }
    }

    @usableFromInline var state0: UInt64
    @usableFromInline var state1: UInt64
    @usableFromInline var state2: UInt64
    @usableFromInline var state3: UInt64
    /// How many words were taken in.
    @usableFromInline var count: UInt64 = 0

    @inlinable
    public init(key: Key) {
        state0 = key.low ^ 0x736f_6d65_7073_6575
        state1 = key.high ^ 0x646f_7261_6e64_6f6d
        state2 = key.low ^ 0x6c79_6765_6e65_7261
        state3 = key.high ^ 0x7465_6462_7974_6573
    }

    /// Takes in eight bytes more, the first of them the lowest.
    @inlinable
    public mutating func absorb(_ word: UInt64) {
        count &+= 1
        mix(word)
    }

    /// The hash of what was taken in, and of up to seven bytes after it, the first of them the lowest.
    @inlinable
    public consuming func finish(tail: UInt64 = 0, tailCount: Int = 0) -> UInt64 {
        mix(tail | (count &* 8 &+ UInt64(tailCount)) << 56)
        state2 ^= 0xff
        for _ in 0..<4 { round() }
        return state0 ^ state1 ^ state2 ^ state3
    }

    /// The hash of bytes.
    @inlinable
    public static func hash(_ bytes: Span<UInt8>, key: Key) -> UInt64 {
        var hash = SipHash(key: key)
        var index = 0
        while index + 8 <= bytes.count {
            var word: UInt64 = 0
            for offset in 0..<8 { word |= UInt64(bytes[index + offset]) << UInt64(8 * offset) }
            hash.absorb(word)
            index += 8
        }
        var tail: UInt64 = 0
        for offset in 0..<bytes.count - index {
            tail |= UInt64(bytes[index + offset]) << UInt64(8 * offset)
        }
        return hash.finish(tail: tail, tailCount: bytes.count - index)
    }

    @inlinable
    mutating func mix(_ word: UInt64) {
        state3 ^= word
        round()
        round()
        state0 ^= word
    }

    @inlinable
    mutating func round() {
        state0 = state0 &+ state1
        state2 = state2 &+ state3
        state1 = (state1 << 13 | state1 >> 51) ^ state0
        state3 = (state3 << 16 | state3 >> 48) ^ state2
        state0 = state0 << 32 | state0 >> 32
        state2 = state2 &+ state1
        state0 = state0 &+ state3
        state1 = (state1 << 17 | state1 >> 47) ^ state2
        state3 = (state3 << 21 | state3 >> 43) ^ state0
        state2 = state2 << 32 | state2 >> 32
    }
}
