public import ConsensusCore

/// A list of items, each of them bytes, that only grows.
///
/// Commands are ``ListCommand``, queries ``ListQuery``, replies ``ListReply``. Bytes that are none
/// of these are answered with a ``Refusal``.
///
/// What it holds is bounded: each item counts for its bytes and ``itemOverhead``, and one that
/// would go over the limit is answered `full`.
public struct ReplicatedList: StateMachine {
    /// The most bytes of an item.
    public static let maximumItemSize = 16_384
    /// What an item counts for beside its bytes: about what it takes in memory.
    public static let itemOverhead = 48

    private let limit: Int
    /// The items in their order.
    public private(set) var items: [[UInt8]] = []
    /// What all items count for, in bytes.
    public private(set) var size = 0

    /// Begins empty.
    ///
    /// - Parameter limit: what all items may count for, in bytes; the same on every host of a
    ///   cluster.
    public init(limit: Int = 64 << 20) {
        self.limit = limit
    }

    public mutating func apply(_ command: Span<UInt8>) -> [UInt8] {
        do throws(WireError) {
            switch try ListCommand(reading: command) {
            case .append(let item): return append(item).encoded()
            }
        } catch {
            return Refusal(error).reply
        }
    }

    private mutating func append(_ item: [UInt8]) -> ListReply {
        let after = size + item.count + ReplicatedList.itemOverhead
        guard after <= limit else { return .full }
        size = after
        items.append(item)
        return .appended(position: UInt64(items.count - 1))
    }

    public func read(_ query: Span<UInt8>) -> [UInt8] {
        do throws(WireError) {
            switch try ListQuery(reading: query) {
            case .page(let start, let limit):
                return page(from: start, limit: Int(limit)).encoded()
            }
        } catch {
            return Refusal(error).reply
        }
    }

    private func page(from start: UInt64, limit: Int) -> ListReply {
        var index = Int(min(start, UInt64(items.count)))
        var page: [[UInt8]] = []
        var room = ServiceLimits.maximumReplySize - ListReply.emptyPageSize
        while index < items.count && (limit == 0 || page.count < limit) {
            room -= items[index].count + 4
            guard room >= 0 else { break }
            page.append(items[index])
            index += 1
        }
        return .page(items: page, total: UInt64(items.count))
    }
}

/// The snapshot: the tag and version, how many items there are, and each.
extension ReplicatedList {
    private static let version: UInt8 = 1

    public func snapshot() -> [UInt8] {
        var writer = ByteWriter(reserving: size + 6)
        writer.write(ServiceTag.list)
        writer.write(ReplicatedList.version)
        writer.write(count: items.count)
        for item in items { writer.write(item) }
        return writer.bytes
    }

    /// Replaces all items; leaves them as they were if it throws.
    ///
    /// Throws ``ConsensusCore/WireError/invalidField`` too when they are more than this list may
    /// hold.
    public mutating func restore(_ snapshot: Span<UInt8>) throws(WireError) {
        var reader = snapshot
        try reader.readTag(of: ServiceTag.list)
        let version = try reader.readUInt8()
        guard version == ReplicatedList.version else { throw .unsupportedVersion(version) }
        let count = Int(try reader.readUInt32())
        guard count <= reader.count / ListReply.smallestItem else { throw .truncated }
        guard count <= limit / ReplicatedList.itemOverhead else { throw .invalidField }
        var restored: [[UInt8]] = []
        restored.reserveCapacity(count)
        var total = 0
        for _ in 0..<count {
            let item = try reader.readBytes(upTo: ReplicatedList.maximumItemSize)
            total += item.count + ReplicatedList.itemOverhead
            guard total <= limit else { throw .invalidField }
            restored.append(item)
        }
        guard reader.isEmpty else { throw .trailingBytes }
        items = restored
        size = total
    }
}
