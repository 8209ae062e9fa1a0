public import ConsensusCore

/// A store of values by key, both of them bytes.
///
/// Commands are ``KeyValueCommand``, queries ``KeyValueQuery``, replies ``KeyValueReply``. Bytes
/// that are none of these are answered with a ``Refusal``.
///
/// What it holds is bounded: each entry counts for its bytes and ``entryOverhead``, and a command
/// that would go over the limit is answered `full` and changes nothing.
///
/// Keys are kept in order, in sorted chunks, with no dictionary beside them: a lookup takes log₂ n
/// comparisons rather than a hash, and in return a page starts where it must without a search
/// through all keys, no insertion ever pauses to rehash a large table, and nothing depends on a
/// hash seed.
public struct KeyValueStore: StateMachine {
    /// How many bytes a key may have.
    public static let keySizes = 1...1_024
    /// The most bytes of a value.
    public static let maximumValueSize = 16_384
    /// What an entry counts for beside its bytes: about what it takes in memory.
    public static let entryOverhead = 96

    private let limit: Int
    private var entries = OrderedBytes()
    /// What all entries count for, in bytes.
    public private(set) var size = 0

    /// Begins empty.
    ///
    /// - Parameter limit: what all entries may count for, in bytes; the same on every host of a
    ///   cluster.
    public init(limit: Int = 64 << 20) {
        self.limit = limit
    }

    /// How many keys there are.
    public var count: Int { entries.count }

    public mutating func apply(_ command: Span<UInt8>) -> [UInt8] {
        do throws(WireError) {
            return apply(try KeyValueCommand(reading: command)).encoded()
        } catch {
            return Refusal(error).reply
        }
    }

    /// Applies a command whose sizes are right.
    private mutating func apply(_ command: KeyValueCommand) -> KeyValueReply {
        switch command {
        case .put(let key, let value):
            let (position, isFound) = entries.search(key.span)
            return set(key, value, at: position, isFound: isFound)
        case .delete(let key):
            let (position, isFound) = entries.search(key.span)
            guard isFound else { return .missing }
            size -= KeyValueStore.cost(key, entries[position])
            entries.remove(at: position)
            return .done
        case .compareAndSet(let key, let old, let new):
            let (position, isFound) = entries.search(key.span)
            if isFound {
                let actual = entries[position]
                guard let old, actual == old else { return .mismatch(actual) }
            } else if old != nil {
                return .missing
            }
            return set(key, new, at: position, isFound: isFound)
        }
    }

    private mutating func set(
        _ key: [UInt8], _ value: [UInt8], at position: OrderedBytes.Position, isFound: Bool
    ) -> KeyValueReply {
        let before = isFound ? KeyValueStore.cost(key, entries[position]) : 0
        let after = size - before + KeyValueStore.cost(key, value)
        guard after <= limit else { return .full }
        size = after
        if isFound {
            entries[position] = value
        } else {
            entries.insert(key, value, at: position)
        }
        return .done
    }

    public func read(_ query: Span<UInt8>) -> [UInt8] {
        do throws(WireError) {
            switch try KeyValueQuery(reading: query) {
            case .get(let key):
                guard let value = value(of: key) else { return KeyValueReply.missing.encoded() }
                return KeyValueReply.value(value).encoded()
            case .keys(let prefix, let after, let limit):
                return page(prefix: prefix, after: after, limit: Int(limit)).encoded()
            }
        } catch {
            return Refusal(error).reply
        }
    }

    /// The value of a key, if it has one.
    public func value(of key: [UInt8]) -> [UInt8]? {
        entries.value(of: key.span)
    }

    private func page(prefix: [UInt8], after: [UInt8], limit: Int) -> KeyValueReply {
        let isFirst = after.span.precedes(prefix.span)
        let found = entries.search(isFirst ? prefix.span : after.span)
        var position = found.position
        if found.isFound && !isFirst { position.offset += 1 }
        var keys: [[UInt8]] = []
        var room = ServiceLimits.maximumReplySize - KeyValueReply.emptyPageSize
        while let key = entries.key(at: &position), key.span.begins(with: prefix.span) {
            room -= key.count + 4
            guard room >= 0 && (limit == 0 || keys.count < limit) else {
                return .page(keys: keys, hasMore: true)
            }
            keys.append(key)
        }
        return .page(keys: keys, hasMore: false)
    }

    private static func cost(_ key: [UInt8], _ value: [UInt8]) -> Int {
        key.count + value.count + entryOverhead
    }

    /// Stops the program when the store contradicts itself.
    public func checkInvariants() {
        entries.checkInvariants()
        precondition(size <= max(limit, 0))
    }
}

/// The snapshot: the tag and version, how many entries there are, and each, in order of the keys.
extension KeyValueStore {
    private static let version: UInt8 = 1
    /// Two lengths and a byte of key.
    private static let smallestEntry = 9

    public func snapshot() -> [UInt8] {
        var writer = ByteWriter(reserving: size + 6)
        writer.write(ServiceTag.keyValue)
        writer.write(KeyValueStore.version)
        writer.write(count: entries.count)
        for chunk in entries.chunks {
            for offset in chunk.keys.indices {
                writer.write(chunk.keys[offset])
                writer.write(chunk.values[offset])
            }
        }
        return writer.bytes
    }

    /// Replaces all entries; leaves them as they were if it throws.
    ///
    /// Throws ``ConsensusCore/WireError/invalidField`` too when they are more than this store may
    /// hold.
    public mutating func restore(_ snapshot: Span<UInt8>) throws(WireError) {
        var reader = snapshot
        try reader.readTag(of: ServiceTag.keyValue)
        let version = try reader.readUInt8()
        guard version == KeyValueStore.version else { throw .unsupportedVersion(version) }
        let count = Int(try reader.readUInt32())
        guard count <= reader.count / KeyValueStore.smallestEntry else { throw .truncated }
        var restored = OrderedBytes()
        var total = 0
        var last: [UInt8] = []
        for _ in 0..<count {
            let key = try reader.readKey()
            let value = try reader.readValue()
            guard last.span.precedes(key.span) else { throw .invalidField }
            total += KeyValueStore.cost(key, value)
            guard total <= limit else { throw .invalidField }
            restored.append(key, value)
            last = key
        }
        guard reader.isEmpty else { throw .trailingBytes }
        entries = restored
        size = total
    }
}
