public import ConsensusCore

/// A host's disk: one file of records, each with its length and checksum before it.
@frozen @usableFromInline
struct SimulatedDisk {
    @usableFromInline static let frameHeader = 8

    @usableFromInline var writer = ByteWriter()
    /// How many bytes a crash cannot take away.
    @usableFromInline var durable = 0

    @inlinable
    init() {}

    @inlinable
    var size: Int { writer.bytes.count }

    @inlinable
    mutating func removeAll() {
        writer.removeAll()
        durable = 0
    }

    /// A disk with what is durable on this one.
    @usableFromInline
    var durableCopy: SimulatedDisk {
        var copy = self
        copy.writer.bytes.removeLast(size - durable)
        return copy
    }

    /// Writes a record, not yet durable; returns its checksum.
    @inlinable
    mutating func append<Record: WireCodable>(_ record: Record) -> UInt32 {
        let frame = size
        writer.write(UInt32(0))
        writer.write(UInt32(0))
        record.encode(into: &writer)
        let body = frame + SimulatedDisk.frameHeader
        let checksum = Checksum.crc32c(writer.bytes.span.extracting(droppingFirst: body))
        writer.overwrite(UInt32(size - body), at: frame)
        writer.overwrite(checksum, at: frame + 4)
        return checksum
    }

    /// Applies a crash to what is not durable; returns whether it lost anything.
    @inlinable
    mutating func crash(_ tail: TailFate) -> Bool {
        let unsynced = size - durable
        switch tail {
        case .kept: break
        case .lost: writer.bytes.removeLast(unsynced)
        case .torn(let perThousand):
            let kept = unsynced * min(max(perThousand, 0), 999) / 1_000
            writer.bytes.removeLast(unsynced - kept)
        }
        return size - durable < unsynced
    }

    /// The body of the whole, undamaged record that begins at `offset`, or nil.
    @inlinable
    func body(at offset: Int) -> Range<Int>? {
        guard size - offset >= SimulatedDisk.frameHeader else { return nil }
        var reader = writer.bytes.span.extracting(droppingFirst: offset)
        guard let length = try? reader.readUInt32(), let checksum = try? reader.readUInt32(),
            reader.count >= Int(length),
            Checksum.crc32c(reader.extracting(first: Int(length))) == checksum
        else { return nil }
        let start = offset + SimulatedDisk.frameHeader
        return start..<start + Int(length)
    }

    /// Cuts off what is beyond `limit`, but nothing durable.
    @usableFromInline
    mutating func truncate(to limit: Int) {
        writer.bytes.removeLast(max(0, size - max(limit, durable)))
    }

    /// Cuts everything from `offset` off and calls the rest durable.
    @inlinable
    mutating func settle(at offset: Int) {
        writer.bytes.removeLast(size - offset)
        durable = offset
    }
}
