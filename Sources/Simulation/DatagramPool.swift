public import ConsensusCore

/// The datagrams under way, each encoded once however many it is for, in buffers used again and again.
@frozen @usableFromInline
struct DatagramPool {
    @frozen @usableFromInline
    struct Slot {
        @usableFromInline var writer = ByteWriter()
        /// How many deliveries still need it.
        @usableFromInline var uses: Int32 = 0

        @inlinable
        init() {}
    }

    @usableFromInline var slots: [Slot] = []
    @usableFromInline var free: [Int32] = []

    @inlinable
    init() {}

    /// Frees all slots and keeps their memory.
    @inlinable
    mutating func removeAll() {
        free.removeAll(keepingCapacity: true)
        for index in slots.indices.reversed() {
            slots[index].uses = 0
            free.append(Int32(index))
        }
    }

    /// A slot with one use, its bytes whatever they were.
    @inlinable
    mutating func take() -> Int {
        let index: Int
        if let recycled = free.popLast() {
            index = Int(recycled)
        } else {
            index = slots.count
            slots.append(Slot())
            slots[index].writer = ByteWriter(reserving: 256)
        }
        slots[index].uses = 1
        return index
    }

    @inlinable
    mutating func retain(_ index: Int) {
        slots[index].uses += 1
    }

    @inlinable
    mutating func release(_ index: Int) {
        slots[index].uses -= 1
        if slots[index].uses == 0 { free.append(Int32(index)) }
    }

    /// Decodes the datagram in a slot.
    @inlinable
    func decode<Message: WireMessage>(
        _ index: Int, cluster: UInt64
    ) throws(WireError) -> Datagram<Message> {
        let bytes = slots[index].writer.bytes
        return try Datagram<Message>(decoding: bytes.span, cluster: cluster)
    }

    /// The header of the datagram in a slot; nil if it is none of this cluster's.
    @inlinable
    func header(_ index: Int, cluster: UInt64) -> DatagramHeader? {
        let bytes = slots[index].writer.bytes
        return try? DatagramHeader(reading: bytes.span, cluster: cluster)
    }

    /// Whether the datagram in a slot is an undamaged header and nothing else.
    @inlinable
    func isWholeChallenge(_ index: Int) -> Bool {
        let bytes = slots[index].writer.bytes
        return bytes.count == DatagramFormat.headerSize && DatagramFormat.isUndamaged(bytes.span)
    }

    /// The first byte of the message in a slot; 0 if it has none.
    @inlinable
    func kind(_ index: Int) -> UInt8 {
        let bytes = slots[index].writer.bytes
        return bytes.count > DatagramFormat.headerSize ? bytes[DatagramFormat.headerSize] : 0
    }

    /// The checksum in the header of the datagram in a slot: a digest of its bytes.
    @inlinable
    func checksum(_ index: Int) -> UInt64 {
        let bytes = slots[index].writer.bytes
        var reader = bytes.span.extracting(droppingFirst: DatagramFormat.checksumOffset)
        return UInt64((try? reader.readUInt32()) ?? 0)
    }
}

/// What a faulty network makes of a datagram.
enum Corruption {
    /// Damages a datagram in place as the dice say; returns what it did, in a word or two.
    ///
    /// Flipped bits are left for the checksum to find, as in a real network. Half of what is
    /// truncated or oversized has its checksum put right, so that the messages' own decoding is
    /// tested.
    static func apply(to writer: inout ByteWriter, dice: Dice) -> String {
        let place = dice.roll(.corruptionPlace)
        let count = UInt64(writer.bytes.count)
        switch dice.below(6, .corruptionKind) {
        case 0:
            writer.bytes.removeLast(writer.bytes.count - Int(place % count))
            return "truncated"
        case 1:
            let header = UInt64(DatagramFormat.headerSize)
            guard count > header else { fallthrough }
            writer.bytes.removeLast(Int(count - header - place % (count - header)))
            refreshChecksum(&writer)
            return "truncated, checksum right"
        case 2, 3:
            for flip in 0...(place >> 32) % 3 {
                let bit = (place &+ flip &* 7_919) % (count * 8)
                writer.bytes[Int(bit / 8)] ^= 1 << UInt8(bit % 8)
            }
            return "bit-flipped"
        case 4:
            for index in 0...(place % 1_500) {
                writer.bytes.append(UInt8(truncatingIfNeeded: index))
            }
            if place & 1 << 40 == 0 { refreshChecksum(&writer) }
            return "oversized"
        default:
            writer.bytes[DatagramFormat.checkedOffset] ^= UInt8(place % 255) + 1
            refreshChecksum(&writer)
            return "of another cluster"
        }
    }

    static func refreshChecksum(_ writer: inout ByteWriter) {
        let checksum = Checksum.crc32c(
            writer.bytes.span.extracting(droppingFirst: DatagramFormat.checkedOffset))
        writer.overwrite(checksum, at: DatagramFormat.checksumOffset)
    }
}
