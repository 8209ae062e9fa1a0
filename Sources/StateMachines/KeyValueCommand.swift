public import ConsensusCore

/// What changes a ``KeyValueStore``; each is answered with a ``KeyValueReply``.
///
/// Keys and values are bytes of any meaning, within ``KeyValueStore/keySizes`` and
/// ``KeyValueStore/maximumValueSize``. A command is encoded whatever its sizes, and refused by the
/// store if they are wrong. All of it must fit ``ConsensusCore/ServiceLimits/maximumCommandSize``,
/// which a comparison of two of the largest values does not.
public enum KeyValueCommand: Hashable, Sendable {
    /// Gives a key a value, in place of any it has. Answers `done` or `full`.
    case put(key: [UInt8], value: [UInt8])
    /// Removes a key. Answers `done`, or `missing` if it was not there.
    case delete(key: [UInt8])
    /// Gives a key a new value if it has the old one, or if `old` is nil and it has none.
    ///
    /// Answers `done`, or `mismatch` with the value it has instead, or `missing` if it has none, or
    /// `full`.
    case compareAndSet(key: [UInt8], old: [UInt8]?, new: [UInt8])
}

extension KeyValueCommand: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(ServiceTag.keyValue)
        switch self {
        case .put(let key, let value):
            writer.write(0 as UInt8)
            writer.write(key)
            writer.write(value)
        case .delete(let key):
            writer.write(1 as UInt8)
            writer.write(key)
        case .compareAndSet(let key, let old?, let new):
            writer.write(2 as UInt8)
            writer.write(key)
            writer.write(old)
            writer.write(new)
        case .compareAndSet(let key, nil, let new):
            writer.write(3 as UInt8)
            writer.write(key)
            writer.write(new)
        }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        try reader.readTag(of: ServiceTag.keyValue)
        let tag = try reader.readUInt8()
        guard tag <= 3 else { throw .unknownTag(tag) }
        let key = try reader.readKey()
        switch tag {
        case 0: self = .put(key: key, value: try reader.readValue())
        case 1: self = .delete(key: key)
        case 2:
            let old = try reader.readValue()
            self = .compareAndSet(key: key, old: old, new: try reader.readValue())
        default: self = .compareAndSet(key: key, old: nil, new: try reader.readValue())
        }
    }
}

/// What is asked of a ``KeyValueStore``; each is answered with a ``KeyValueReply``.
public enum KeyValueQuery: Hashable, Sendable {
    /// The value of a key. Answers `value` or `missing`.
    case get(key: [UInt8])
    /// The keys that begin with a prefix, in order. Answers `page`.
    ///
    /// - `prefix` may be empty: all keys.
    /// - `after` is the last key of the page before; empty for the first page.
    /// - `limit` is the most keys of the page, and 0 stands for as many as fit a reply, which no
    ///   page exceeds.
    case keys(prefix: [UInt8], after: [UInt8], limit: UInt32)
}

extension KeyValueQuery: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(ServiceTag.keyValue)
        switch self {
        case .get(let key):
            writer.write(0 as UInt8)
            writer.write(key)
        case .keys(let prefix, let after, let limit):
            writer.write(1 as UInt8)
            writer.write(prefix)
            writer.write(after)
            writer.write(limit)
        }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        try reader.readTag(of: ServiceTag.keyValue)
        let tag = try reader.readUInt8()
        switch tag {
        case 0: self = .get(key: try reader.readKey())
        case 1:
            let prefix = try reader.readBytes(upTo: KeyValueStore.keySizes.upperBound)
            let after = try reader.readBytes(upTo: KeyValueStore.keySizes.upperBound)
            self = .keys(prefix: prefix, after: after, limit: try reader.readUInt32())
        default: throw .unknownTag(tag)
        }
    }
}

extension Span where Element == UInt8 {
    mutating func readKey() throws(WireError) -> [UInt8] {
        let key = try readBytes(upTo: KeyValueStore.keySizes.upperBound)
        guard key.count >= KeyValueStore.keySizes.lowerBound else { throw .invalidField }
        return key
    }

    mutating func readValue() throws(WireError) -> [UInt8] {
        try readBytes(upTo: KeyValueStore.maximumValueSize)
    }
}
