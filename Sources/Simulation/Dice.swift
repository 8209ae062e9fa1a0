/// Names one delivery of a run: who sent it, in which life, as its how-manieth message, and to whom.
///
/// A key does not depend on what else happens in the run before the sender's own behaviour changes,
/// so one delivery can be dropped or spared and all others stay what they were. It names hosts by
/// their ``Plan/originals``, so that it means the same after other hosts have been taken out.
@frozen
public struct DeliveryKey: Hashable, Comparable, Sendable {
    /// Sender (8 bits), recipient (8), life modulo 256 (8), index (39), copy (1).
    public let rawValue: UInt64

    /// - Parameters:
    ///   - index: how many messages that life of the sender had sent before.
    ///   - copy: 0 for the datagram itself, 1 for its duplicate.
    @inlinable
    public init(sender: UInt8, recipient: UInt8, life: Int, index: Int, copy: Int) {
        rawValue =
            UInt64(sender) << 56 | UInt64(recipient) << 48
            | UInt64(life & 0xff) << 40 | (UInt64(index) & 0x7f_ffff_ffff) << 1
            | UInt64(copy & 1)
    }

    @inlinable
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    public var sender: UInt8 { UInt8(rawValue >> 56) }
    public var recipient: UInt8 { UInt8(rawValue >> 48 & 0xff) }
    public var life: Int { Int(rawValue >> 40 & 0xff) }
    public var index: Int { Int(rawValue >> 1 & 0x7f_ffff_ffff) }
    public var copy: Int { Int(rawValue & 1) }

    @inlinable
    public static func < (left: DeliveryKey, right: DeliveryKey) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// The random decisions about one thing, each a pure function of the seed, the thing and the purpose.
///
/// There is no stream of random numbers that a suppressed decision could shift: two runs that differ
/// in one delivery draw the same for every other.
@frozen
public struct Dice: Sendable {
    /// What a decision is about.
    @frozen
    public enum Purpose: UInt64, Sendable {
        case loss = 1
        case duplication, jitter, spike, spikeLength, corruption, corruptionKind, corruptionPlace
        case clockBase, automatonSeed, cluster, badLink, hang
        case gateKeyLow, gateKeyHigh, publicLife, guestHigh, guestLow, guestPlace
        case tail, tornPart, comeback, turn
    }

    @usableFromInline let key: UInt64

    @inlinable
    public init(seed: UInt64, about thing: UInt64) {
        key = Dice.mix(Dice.mix(seed) ^ (thing &* 0x9e37_79b9_7f4a_7c15))
    }

    /// The 64 random bits of one decision.
    @inlinable
    public func roll(_ purpose: Purpose) -> UInt64 {
        Dice.mix(key &+ purpose.rawValue &* 0xd6e8_feb8_6659_fd93)
    }

    /// A number from 0 up to, not including, `bound`; 0 when the bound is 0.
    @inlinable
    public func below(_ bound: UInt64, _ purpose: Purpose) -> UInt64 {
        roll(purpose).multipliedFullWidth(by: bound).high
    }

    /// Whether an event of so many chances in a million happens.
    @inlinable
    public func happens(perMillion: Int, _ purpose: Purpose) -> Bool {
        perMillion > 0 && below(1_000_000, purpose) < UInt64(perMillion)
    }

    /// The finalizer of SplitMix64 (Steele, Lea and Flood, *Fast Splittable Pseudorandom Number
    /// Generators*, 2014): every input bit moves every output bit.
    @inlinable
    public static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value &+ 0x9e37_79b9_7f4a_7c15
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// A running 64-bit digest of everything that happened, in order; the proof that two runs are one.
@frozen
public struct Digest: Hashable, Sendable {
    public var value: UInt64

    @inlinable
    public init() {
        value = 0xcbf2_9ce4_8422_2325
    }

    @inlinable
    public mutating func fold(_ number: UInt64) {
        value = (value ^ number) &* 0x9e37_79b9_7f4a_7c15
        value ^= value >> 29
    }
}
