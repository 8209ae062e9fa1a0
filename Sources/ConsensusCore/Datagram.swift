/// The header that every datagram begins with; a challenge is nothing else.
///
/// On the wire, in order: magic `SYND` (4 bytes), version (1), CRC-32C of everything that follows (4),
/// cluster (8), kind (1), epoch (8), sender (4), incarnation (8), sequence (8), Lamport clock (8),
/// cookie (8); then the message, to the datagram's end. Numbers are little-endian.
@frozen
public struct DatagramHeader: Hashable, Sendable {
    /// What stands behind a header.
    @frozen
    public enum Kind: UInt8, Hashable, Sendable {
        case message = 0
        /// Nothing: the header gives a guest the cookie that it is to show (``GuestGate``).
        case challenge = 1
    }

    public var kind: Kind
    /// Names the cluster; drawn from its hosts file, so that strangers' datagrams are known as such.
    public var cluster: UInt64
    /// The node that sent it, in which run and which life; guests are told no node's true life.
    public var origin: Origin
    /// How many datagrams that life of the sender had encoded before.
    ///
    /// With sender and incarnation it names one encoded message, and all copies of it. In a challenge it
    /// is that of the datagram that is answered.
    public var sequence: UInt64
    /// The sender's Lamport clock at the time of sending (Lamport, *Time, Clocks, and the Ordering of
    /// Events in a Distributed System*, 1978).
    public var lamportTime: UInt64
    /// From a guest, the cookie that the node gave it, or 0; in a challenge, the cookie given; else 0.
    public var cookie: UInt64

    @inlinable
    public init(
        cluster: UInt64, origin: Origin, sequence: UInt64, lamportTime: UInt64,
        cookie: UInt64 = 0, kind: Kind = .message
    ) {
        self.kind = kind
        self.cluster = cluster
        self.origin = origin
        self.sequence = sequence
        self.lamportTime = lamportTime
        self.cookie = cookie
    }

    /// Reads what a datagram says of itself before anything has been spent on its checksum.
    ///
    /// - Throws: ``WireError`` for what does not begin with a header of this version and this cluster. It
    ///   never traps, whatever the bytes.
    @inlinable
    public init(reading bytes: Span<UInt8>, cluster: UInt64) throws(WireError) {
        var reader = bytes
        guard try reader.readUInt32() == DatagramFormat.magic else { throw .notOurs }
        let version = try reader.readUInt8()
        guard version == DatagramFormat.version else { throw .unsupportedVersion(version) }
        guard bytes.count >= DatagramFormat.headerSize else { throw .truncated }
        _ = try reader.readUInt32()
        guard try reader.readUInt64() == cluster else { throw .foreignCluster }
        guard let kind = Kind(rawValue: try reader.readUInt8()) else { throw .invalidField }
        self.kind = kind
        self.cluster = cluster
        let epoch = try reader.readUInt64()
        let sender = try reader.readNodeID()
        let incarnation = try reader.readUInt64()
        guard incarnation != 0 else { throw .invalidField }
        origin = Origin(node: sender, stamp: Stamp(epoch: epoch, incarnation: incarnation))
        sequence = try reader.readUInt64()
        lamportTime = try reader.readUInt64()
        cookie = try reader.readUInt64()
    }

    /// Writes a datagram that is this header and nothing else over what the writer held.
    @inlinable
    public func encodeBare(into writer: inout ByteWriter) {
        write(into: &writer)
        DatagramFormat.seal(&writer.bytes)
    }

    @inlinable
    func write(into writer: inout ByteWriter) {
        writer.removeAll()
        writer.write(DatagramFormat.magic)
        writer.write(DatagramFormat.version)
        writer.write(UInt32(0))
        writer.write(cluster)
        writer.write(kind.rawValue)
        writer.write(origin.stamp.epoch)
        writer.write(origin.node)
        writer.write(origin.stamp.incarnation)
        writer.write(sequence)
        writer.write(lamportTime)
        writer.write(cookie)
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
        header.write(into: &writer)
        message.encode(into: &writer)
        precondition(writer.bytes.count <= DatagramFormat.maximumSize)
        DatagramFormat.seal(&writer.bytes)
    }

    /// Reads a datagram of the given cluster.
    ///
    /// - Throws: ``WireError`` for anything that is not exactly one whole, undamaged message of this
    ///   version and this cluster. It never traps, whatever the bytes.
    @inlinable
    public init(decoding bytes: Span<UInt8>, cluster: UInt64) throws(WireError) {
        let header = try DatagramHeader(reading: bytes, cluster: cluster)
        try self.init(header, decoding: bytes)
    }

    /// Reads the rest of a datagram whose header has been read.
    ///
    /// - Throws: ``WireError`` as ``init(decoding:cluster:)``.
    @inlinable
    public init(_ header: DatagramHeader, decoding bytes: Span<UInt8>) throws(WireError) {
        guard DatagramFormat.isUndamaged(bytes) else { throw .damaged }
        guard header.kind == .message else { throw .invalidField }
        var reader = bytes.extracting(droppingFirst: DatagramFormat.headerSize)
        let message = try Message(from: &reader)
        guard reader.isEmpty else { throw .trailingBytes }
        self.header = header
        self.message = message
    }
}

/// The constants of the datagram format.
public enum DatagramFormat {
    /// `SYND`, read as a little-endian number.
    public static let magic: UInt32 = 0x444e_5953
    public static let version: UInt8 = 2
    /// The most bytes a UDP datagram over IPv4 can carry.
    public static let maximumSize = 65_507
    /// The highest Lamport time that is believed.
    public static let lamportCeiling: UInt64 = 1 << 56
    /// Where the checksum stands.
    public static let checksumOffset = 5
    /// Where the bytes that the checksum covers begin; they end with the datagram.
    public static let checkedOffset = 9
    /// Where the kind stands.
    public static let kindOffset = 17
    /// Where the cookie stands.
    public static let cookieOffset = 54
    /// How many bytes stand before the message.
    public static let headerSize = 62

    /// Writes the checksum of a datagram whose other bytes are all there.
    @inlinable
    static func seal(_ bytes: inout [UInt8]) {
        let checksum = Checksum.crc32c(bytes.span.extracting(droppingFirst: checkedOffset))
        for index in 0..<4 {
            bytes[checksumOffset + index] = UInt8(
                truncatingIfNeeded: checksum &>> UInt32(8 * index))
        }
    }

    /// Whether a datagram's checksum is that of its bytes.
    @inlinable
    public static func isUndamaged(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count >= headerSize else { return false }
        var reader = bytes.extracting(droppingFirst: checksumOffset)
        return (try? reader.readUInt32()) == Checksum.crc32c(reader)
    }

    /// Puts another cookie into a whole datagram.
    @inlinable
    public static func write(cookie: UInt64, into bytes: inout [UInt8]) {
        precondition(bytes.count >= headerSize)
        for index in 0..<8 {
            bytes[cookieOffset + index] = UInt8(truncatingIfNeeded: cookie &>> UInt64(8 * index))
        }
        seal(&bytes)
    }
}
