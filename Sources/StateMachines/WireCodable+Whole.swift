public import ConsensusCore

extension WireCodable {
    /// Reads a value that takes up all of the bytes; any that are left over throw
    /// ``ConsensusCore/WireError/trailingBytes``.
    @inlinable
    public init(reading bytes: Span<UInt8>) throws(WireError) {
        var reader = bytes
        let value = try Self(from: &reader)
        guard reader.isEmpty else { throw .trailingBytes }
        self = value
    }

    /// The bytes of this value alone.
    @inlinable
    public func encoded() -> [UInt8] {
        var writer = ByteWriter()
        encode(into: &writer)
        return writer.bytes
    }
}
