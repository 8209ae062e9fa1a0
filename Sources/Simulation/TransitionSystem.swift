public import ConsensusCore

/// A model whose every state can be visited: a few nodes, a bounded network, small numbers.
public protocol TransitionSystem {
    associatedtype State
    associatedtype Action

    /// The states it may begin in.
    var initialStates: [State] { get }

    /// Appends what can happen in a state, always in the same order; at most 65,536 actions.
    func appendActions(of state: State, to actions: inout [Action])

    /// The state an action leads to; nil if it changes nothing worth a look.
    func successor(of state: State, by action: Action) -> State?

    /// The property that a state breaks, if it breaks one.
    func violation(in state: State) -> Violation?

    /// Whether a state is one that the model must be able to reach, such as "a value is chosen".
    func isGoal(_ state: State) -> Bool

    /// Writes a state; equal states write equal bytes and different ones different bytes.
    func encode(_ state: State, into writer: inout ByteWriter)

    /// Reads back what ``encode(_:into:)`` wrote.
    func decode(_ reader: inout ByteReader) throws(WireError) -> State

    /// The state that stands for all that differ only by a symmetry, such as the order of acceptors;
    /// the state itself if the model declares none.
    func canonical(_ state: State) -> State
}

extension TransitionSystem {
    @inlinable
    public func canonical(_ state: State) -> State { state }

    @inlinable
    public func isGoal(_ state: State) -> Bool { false }
}

/// 128 bits that stand for a state: among 10⁹ states two coincide with a chance below 10⁻²⁰.
@frozen
public struct Fingerprint: Hashable, Sendable {
    @usableFromInline var high: UInt64
    @usableFromInline var low: UInt64

    /// The fingerprint of some bytes, the same in every process and on every machine.
    ///
    /// Each half multiplies and folds eight bytes at a time, as wyhash does (Wang Yi), with constants
    /// of its own.
    @inlinable
    public init(of bytes: Span<UInt8>) {
        var first: UInt64 = 0xa076_1d64_78bd_642f
        var second: UInt64 = 0xe703_7ed1_a0b4_28db
        var index = 0
        while index < bytes.count {
            var word: UInt64 = 0
            let end = min(index + 8, bytes.count)
            var shift: UInt64 = 0
            while index < end {
                word |= UInt64(bytes[index]) &<< shift
                shift += 8
                index += 1
            }
            first = Fingerprint.fold(first ^ word, 0x8ebc_6af0_9c88_c6e3)
            second = Fingerprint.fold(second &+ Dice.mix(word), 0x5899_65cc_7537_4cc3)
        }
        high = Dice.mix(first ^ UInt64(bytes.count))
        low = Dice.mix(second &+ first)
        if high == 0 && low == 0 { low = 1 }
    }

    @inlinable
    static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return (product.high ^ product.low) &+ left.byteSwapped
    }
}

/// A set of fingerprints: one flat table, open addressing, 16 bytes a slot.
///
/// At most three quarters of the slots are taken; it doubles beyond that.
@frozen @usableFromInline
struct FingerprintSet {
    /// High and low halves in turn; both 0 in an empty slot.
    @usableFromInline var slots: [UInt64]
    @usableFromInline var count = 0

    @inlinable
    init() {
        slots = [UInt64](repeating: 0, count: 2 << 16)
    }

    /// Adds a fingerprint; returns whether it was new.
    @inlinable
    mutating func insert(_ fingerprint: Fingerprint) -> Bool {
        if count * 8 >= slots.count * 3 { grow() }
        guard place(fingerprint) else { return false }
        count += 1
        return true
    }

    @inlinable
    mutating func place(_ fingerprint: Fingerprint) -> Bool {
        let mask = slots.count / 2 - 1
        var table = slots.mutableSpan
        var slot = Int(truncatingIfNeeded: fingerprint.high) & mask
        while true {
            let high = table[2 * slot]
            let low = table[2 * slot + 1]
            if high == 0 && low == 0 {
                table[2 * slot] = fingerprint.high
                table[2 * slot + 1] = fingerprint.low
                return true
            }
            if high == fingerprint.high && low == fingerprint.low { return false }
            slot = (slot + 1) & mask
        }
    }

    @usableFromInline
    mutating func grow() {
        let old = slots
        slots = [UInt64](repeating: 0, count: old.count * 2)
        var index = 0
        while index < old.count {
            var fingerprint = Fingerprint(of: Span())
            fingerprint.high = old[index]
            fingerprint.low = old[index + 1]
            if old[index] != 0 || old[index + 1] != 0 { _ = place(fingerprint) }
            index += 2
        }
    }
}
