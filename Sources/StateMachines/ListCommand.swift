public import ConsensusCore

/// What changes a ``ReplicatedList``; it is answered with a ``ListReply``.
public enum ListCommand: Hashable, Sendable {
    /// Adds an item of at most ``ReplicatedList/maximumItemSize`` bytes at the end.
    ///
    /// Answers `appended` with its position, or `full`.
    case append([UInt8])
}

extension ListCommand: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(ServiceTag.list)
        switch self {
        case .append(let item):
            writer.write(0 as UInt8)
            writer.write(item)
        }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        try reader.readTag(of: ServiceTag.list)
        let tag = try reader.readUInt8()
        guard tag == 0 else { throw .unknownTag(tag) }
        self = .append(try reader.readBytes(upTo: ReplicatedList.maximumItemSize))
    }
}

/// What is asked of a ``ReplicatedList``; it is answered with a ``ListReply``.
public enum ListQuery: Hashable, Sendable {
    /// The items from a position, counted from 0, as many as fit a reply. Answers `page`.
    ///
    /// `limit` is the most items of the page, and 0 stands for as many as fit.
    case page(from: UInt64, limit: UInt32)
}

extension ListQuery: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(ServiceTag.list)
        switch self {
        case .page(let start, let limit):
            writer.write(0 as UInt8)
            writer.write(start)
            writer.write(limit)
        }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        try reader.readTag(of: ServiceTag.list)
        let tag = try reader.readUInt8()
        guard tag == 0 else { throw .unknownTag(tag) }
        let start = try reader.readUInt64()
        self = .page(from: start, limit: try reader.readUInt32())
    }
}

/// What a ``ReplicatedList`` answers.
public enum ListReply: Hashable, Sendable {
    /// The item is in the list, at this position, counted from 0.
    case appended(position: UInt64)
    /// The items from the position asked for, and how many the whole list has.
    ///
    /// There are none only if the position is at the end or beyond.
    case page(items: [[UInt8]], total: UInt64)
    /// There is no room for it; nothing was changed.
    case full
    /// Nothing was done.
    case refused(Refusal)
}

extension ListReply: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        switch self {
        case .appended(let position):
            writer.write(0 as UInt8)
            writer.write(position)
        case .page(let items, let total):
            writer.write(1 as UInt8)
            writer.write(total)
            writer.write(count: items.count)
            for item in items { writer.write(item) }
        case .full: writer.write(2 as UInt8)
        case .refused(let refusal):
            writer.write(Refusal.replyTag)
            refusal.encode(into: &writer)
        }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        let tag = try reader.readUInt8()
        switch tag {
        case 0: self = .appended(position: try reader.readUInt64())
        case 1:
            let total = try reader.readUInt64()
            let count = try reader.readCount(upTo: ServiceLimits.maximumReplySize)
            guard count <= reader.count / ListReply.smallestItem else { throw .truncated }
            var items: [[UInt8]] = []
            items.reserveCapacity(count)
            for _ in 0..<count {
                items.append(try reader.readBytes(upTo: ReplicatedList.maximumItemSize))
            }
            self = .page(items: items, total: total)
        case 2: self = .full
        case Refusal.replyTag: self = .refused(try Refusal(from: &reader))
        default: throw .unknownTag(tag)
        }
    }

    /// The bytes of a page with no items: tag, total and count.
    static let emptyPageSize = 13
    /// The fewest bytes of an item: its length.
    static let smallestItem = 4
}
