/// A bounds-checked reader: a span of the bytes still to be read.
///
/// Reading consumes from the front. All numbers are little-endian. No read can leave the span or trap;
/// what is not there throws ``WireError/truncated``.
public typealias ByteReader = Span<UInt8>

extension Span where Element == UInt8 {
    @inlinable
    public mutating func readUInt8() throws(WireError) -> UInt8 {
        guard count >= 1 else { throw .truncated }
        let value = self[0]
        self = extracting(droppingFirst: 1)
        return value
    }

    @inlinable
    public mutating func readUInt32() throws(WireError) -> UInt32 {
        guard count >= 4 else { throw .truncated }
        var value: UInt32 = 0
        for index in 0..<4 { value |= UInt32(self[index]) &<< UInt32(8 * index) }
        self = extracting(droppingFirst: 4)
        return value
    }

    @inlinable
    public mutating func readUInt64() throws(WireError) -> UInt64 {
        guard count >= 8 else { throw .truncated }
        var value: UInt64 = 0
        for index in 0..<8 { value |= UInt64(self[index]) &<< UInt64(8 * index) }
        self = extracting(droppingFirst: 8)
        return value
    }

    /// Reads 0 or 1; anything else is an invalid field.
    @inlinable
    public mutating func readBool() throws(WireError) -> Bool {
        switch try readUInt8() {
        case 0: return false
        case 1: return true
        default: throw .invalidField
        }
    }

    @inlinable
    public mutating func readNodeID() throws(WireError) -> NodeID {
        NodeID(try readUInt32())
    }

    /// Reads the ID of a con node; one of 64 or above is an invalid field.
    @inlinable
    public mutating func readConNodeID() throws(WireError) -> NodeID {
        let value = try readUInt8()
        guard value < 64 else { throw .invalidField }
        return NodeID(UInt32(value))
    }

    @inlinable
    public mutating func readNodeSet() throws(WireError) -> NodeSet {
        NodeSet(bits: try readUInt64())
    }

    /// Reads a count or length and refuses one above `limit` before anything is allocated for it.
    @inlinable
    public mutating func readCount(upTo limit: Int) throws(WireError) -> Int {
        let value = try readUInt32()
        guard value <= UInt32(clamping: limit) else { throw .invalidField }
        return Int(value)
    }

    /// Reads a length and as many bytes.
    ///
    /// - Parameter limit: the most bytes the field may hold.
    @inlinable
    public mutating func readBytes(upTo limit: Int) throws(WireError) -> [UInt8] {
        let length = try readCount(upTo: limit)
        guard count >= length else { throw .truncated }
        let bytes = extracting(first: length)
        // Copies the memory whole, which appending byte by byte does not.
        let result = unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) }
        self = extracting(droppingFirst: length)
        return result
    }

    /// Reads a field that may be absent.
    @inlinable
    public mutating func readOptional<Value: WireCodable>(
        _: Value.Type
    ) throws(WireError) -> Value? {
        try readBool() ? try Value(from: &self) : nil
    }
}
