import ConsensusCore
import PaxosNode

/// Datagrams: reading never traps, and what can be read is written as the same bytes.
func fuzz(_ bytes: [UInt8]) {
    expectCanonical(LogMessage.self, bytes)
    expectCanonical(Message.self, bytes)
    expectWhole(LogMessage.self, bytes, cluster: 1)
    expectWhole(Message.self, bytes, cluster: 1)
    guard let (sealed, cluster) = seal(bytes) else { return }
    expectWhole(LogMessage.self, sealed, cluster: cluster)
    expectWhole(Message.self, sealed, cluster: cluster)
}

private func expectWhole<Kind: WireMessage>(_: Kind.Type, _ bytes: [UInt8], cluster: UInt64) {
    guard let datagram = try? Datagram<Kind>(decoding: bytes.span, cluster: cluster) else {
        return
    }
    var writer = ByteWriter()
    datagram.encode(into: &writer)
    expect(writer.bytes == bytes, "\(datagram) is written as other bytes than it was read from")
}

/// The same bytes with the constants and the checksum that a datagram has, and the cluster they name.
private func seal(_ bytes: [UInt8]) -> (bytes: [UInt8], cluster: UInt64)? {
    guard bytes.count >= DatagramFormat.headerSize, bytes.count <= DatagramFormat.maximumSize
    else { return nil }
    var writer = ByteWriter()
    writer.write(DatagramFormat.magic)
    writer.write(DatagramFormat.version)
    writer.write(UInt32(0))
    writer.bytes += bytes.dropFirst(DatagramFormat.checkedOffset)
    // A challenge has no message.
    writer.bytes[DatagramFormat.kindOffset] = DatagramHeader.Kind.message.rawValue
    let checksum = Checksum.crc32c(
        writer.bytes.span.extracting(droppingFirst: DatagramFormat.checkedOffset))
    writer.overwrite(checksum, at: DatagramFormat.checksumOffset)
    var reader = writer.bytes.span.extracting(droppingFirst: DatagramFormat.checkedOffset)
    guard let cluster = try? reader.readUInt64() else { return nil }
    return (writer.bytes, cluster)
}
