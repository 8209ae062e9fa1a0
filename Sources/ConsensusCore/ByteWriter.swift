/// Appends fields to a buffer that is kept for message after message.
///
/// All numbers are little-endian.
@frozen
public struct ByteWriter: Sendable {
    public var bytes: [UInt8]

    @inlinable
    public init() {
        bytes = []
    }

    @inlinable
    public init(reserving capacity: Int) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Forgets what was written and keeps the memory.
    @inlinable
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
    }

    @inlinable
    public mutating func write(_ value: UInt8) {
        bytes.append(value)
    }

    @inlinable
    public mutating func write(_ value: UInt32) {
        for index in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: value &>> UInt32(8 * index))) }
    }

    @inlinable
    public mutating func write(_ value: UInt64) {
        for index in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: value &>> UInt64(8 * index))) }
    }

    @inlinable
    public mutating func write(_ value: Bool) {
        bytes.append(value ? 1 : 0)
    }

    @inlinable
    public mutating func write(_ value: NodeID) {
        write(value.rawValue)
    }

    /// Writes the ID of a con node in one byte.
    ///
    /// - Precondition: the ID is below 64.
    @inlinable
    public mutating func write(conNode value: NodeID) {
        precondition(value.rawValue < 64)
        bytes.append(UInt8(value.rawValue))
    }

    @inlinable
    public mutating func write(_ value: NodeSet) {
        write(value.bits)
    }

    /// Writes a count, as ``Swift/Span/readCount(upTo:)`` reads it.
    ///
    /// - Precondition: `value` is not negative and fits 32 bits.
    @inlinable
    public mutating func write(count value: Int) {
        write(UInt32(value))
    }

    /// Writes a length and the bytes.
    @inlinable
    public mutating func write(_ value: [UInt8]) {
        write(count: value.count)
        bytes.append(contentsOf: value)
    }

    /// Writes a field that may be absent.
    @inlinable
    public mutating func write<Value: WireCodable>(optional value: Value?) {
        write(value != nil)
        value?.encode(into: &self)
    }

    /// Replaces four bytes written earlier.
    ///
    /// - Precondition: they have been written.
    @inlinable
    public mutating func overwrite(_ value: UInt32, at offset: Int) {
        precondition(offset >= 0 && offset + 4 <= bytes.count)
        for index in 0..<4 {
            bytes[offset + index] = UInt8(truncatingIfNeeded: value &>> UInt32(8 * index))
        }
    }
}
