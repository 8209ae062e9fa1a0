public import ConsensusCore

/// What a ``KeyValueStore`` answers.
public enum KeyValueReply: Hashable, Sendable {
    /// The command did what it says.
    case done
    /// The key's value.
    case value([UInt8])
    /// There is no such key; nothing was changed.
    case missing
    /// The key has this value instead; nothing was changed.
    case mismatch([UInt8])
    /// Keys in order, and whether more follow.
    case page(keys: [[UInt8]], hasMore: Bool)
    /// There is no room for it; nothing was changed.
    case full
    /// Nothing was done.
    case refused(Refusal)
}

extension KeyValueReply: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        switch self {
        case .done: writer.write(0 as UInt8)
        case .value(let value):
            writer.write(1 as UInt8)
            writer.write(value)
        case .missing: writer.write(2 as UInt8)
        case .mismatch(let value):
            writer.write(3 as UInt8)
            writer.write(value)
        case .page(let keys, let hasMore):
            writer.write(4 as UInt8)
            writer.write(hasMore)
            writer.write(count: keys.count)
            for key in keys { writer.write(key) }
        case .full: writer.write(5 as UInt8)
        case .refused(let refusal):
            writer.write(Refusal.replyTag)
            refusal.encode(into: &writer)
        }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        let tag = try reader.readUInt8()
        switch tag {
        case 0: self = .done
        case 1: self = .value(try reader.readValue())
        case 2: self = .missing
        case 3: self = .mismatch(try reader.readValue())
        case 4:
            let hasMore = try reader.readBool()
            let count = try reader.readCount(upTo: ServiceLimits.maximumReplySize)
            guard count <= reader.count / KeyValueReply.smallestKey else { throw .truncated }
            var keys: [[UInt8]] = []
            keys.reserveCapacity(count)
            for _ in 0..<count { keys.append(try reader.readKey()) }
            self = .page(keys: keys, hasMore: hasMore)
        case 5: self = .full
        case Refusal.replyTag: self = .refused(try Refusal(from: &reader))
        default: throw .unknownTag(tag)
        }
    }

    /// The bytes of a page with no keys: tag, flag and count.
    static let emptyPageSize = 6
    /// The fewest bytes of a key: its length and one.
    static let smallestKey = 5
}
