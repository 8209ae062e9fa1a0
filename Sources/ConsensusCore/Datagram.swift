/// The header that every datagram carries before its message.
///
/// On the wire, in order: magic `SYND` (4 bytes), version (1), CRC-32C of everything that follows (4),
/// cluster (8), epoch (8), sender (4), incarnation (8), sequence (8), Lamport clock (8); then the
/// message, to the datagram's end. Numbers are little-endian.
@frozen
public struct DatagramHeader: Hashable, Sendable {
    /// Names the cluster; drawn from its hosts file, so that strangers' datagrams are known as such.
    public var cluster: UInt64
    /// The node that sent it, in which run and which life.
    public var origin: Origin
    /// How many datagrams that life of the sender had encoded before: with sender and incarnation it
    /// names one encoded message, and all copies of it.
    public var sequence: UInt64
    /// The sender's Lamport clock at the time of sending (Lamport, *Time, Clocks, and the Ordering of
    /// Events in a Distributed System*, 1978).
    public var lamportTime: UInt64

    @inlinable
    public init(cluster: UInt64, origin: Origin, sequence: UInt64, lamportTime: UInt64) {
        self.cluster = cluster
        self.origin = origin
        self.sequence = sequence
        self.lamportTime = lamportTime
    }
}

/// One message on the wire with its header.
@frozen
public struct Datagram<Message: WireMessage>: Hashable, Sendable {
    public var header: DatagramHeader
    public var message: Message

    @inlinable
    public init(header: DatagramHeader, message: Message) {
        self.header = header
        self.message = message
    }

    /// Writes header and message over what the writer held.
    ///
    /// - Precondition: the result is at most ``DatagramFormat/maximumSize`` bytes; the limits of the
    ///   messages' fields see to that.
    @inlinable
    public func encode(into writer: inout ByteWriter) {
        writer.removeAll()
        writer.write(DatagramFormat.magic)
        writer.write(DatagramFormat.version)
        writer.write(UInt32(0))
        writer.write(header.cluster)
        writer.write(header.origin.stamp.epoch)
        writer.write(header.origin.node)
        writer.write(header.origin.stamp.incarnation)
        writer.write(header.sequence)
        writer.write(header.lamportTime)
        message.encode(into: &writer)
        precondition(writer.bytes.count <= DatagramFormat.maximumSize)
        let checksum = Checksum.crc32c(
            writer.bytes.span.extracting(droppingFirst: DatagramFormat.checkedOffset))
        writer.overwrite(checksum, at: DatagramFormat.checksumOffset)
    }

    /// Reads a datagram of the given cluster.
    ///
    /// - Throws: ``WireError`` for anything that is not exactly one whole, undamaged message of this
    ///   version and this cluster. It never traps, whatever the bytes.
    @inlinable
    public init(decoding bytes: Span<UInt8>, cluster: UInt64) throws(WireError) {
        var reader = bytes
        guard try reader.readUInt32() == DatagramFormat.magic else { throw .notOurs }
        let version = try reader.readUInt8()
        guard version == DatagramFormat.version else { throw .unsupportedVersion(version) }
        let checksum = try reader.readUInt32()
        guard Checksum.crc32c(reader) == checksum else { throw .damaged }
        guard try reader.readUInt64() == cluster else { throw .foreignCluster }
        let epoch = try reader.readUInt64()
        let sender = try reader.readNodeID()
        let incarnation = try reader.readUInt64()
        guard incarnation != 0 else { throw .invalidField }
        let sequence = try reader.readUInt64()
        let lamportTime = try reader.readUInt64()
        let message = try Message(from: &reader)
        guard reader.isEmpty else { throw .trailingBytes }
        self.header = DatagramHeader(
            cluster: cluster,
            origin: Origin(
                node: sender, stamp: Stamp(epoch: epoch, incarnation: incarnation)),
            sequence: sequence, lamportTime: lamportTime)
        self.message = message
    }
}

/// The constants of the datagram format.
public enum DatagramFormat {
    /// `SYND`, read as a little-endian number.
    public static let magic: UInt32 = 0x444e_5953
    public static let version: UInt8 = 1
    /// The most bytes a UDP datagram over IPv4 can carry.
    public static let maximumSize = 65_507
    /// Where the checksum stands.
    public static let checksumOffset = 5
    /// Where the bytes that the checksum covers begin; they end with the datagram.
    public static let checkedOffset = 9
    /// How many bytes stand before the message.
    public static let headerSize = 53
}
