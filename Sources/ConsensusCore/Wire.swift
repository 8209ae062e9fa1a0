/// What can be written to bytes and read back, from a datagram or a file.
///
/// Reading never traps, whatever the bytes: it throws ``WireError``. For every value,
/// `init(from:)` of what `encode(into:)` wrote gives an equal value and consumes exactly those bytes,
/// and every proper prefix of them throws.
public protocol WireCodable {
    func encode(into writer: inout ByteWriter)
    init(from reader: inout ByteReader) throws(WireError)
}

/// A message of some protocol, as a datagram carries it.
public protocol WireMessage: WireCodable, Hashable, Sendable {
    /// The message's name in traces and options, as in `prepare`. In lower-camel case.
    var kind: String { get }

    /// The number of the ballot it speaks of, if it speaks of one; for traces.
    var ballotNumber: UInt64? { get }
}

/// Why bytes could not be read.
public enum WireError: Error, Hashable, Sendable {
    /// Fewer bytes than the next field needs.
    case truncated
    /// A message, record or case tag that this version does not know.
    case unknownTag(UInt8)
    /// A field holds a value its type does not have, such as a length over the field's limit.
    case invalidField
    /// Bytes are left over after the last field.
    case trailingBytes
    /// It does not begin as our datagrams do.
    case notOurs
    /// Another version of the format.
    case unsupportedVersion(UInt8)
    /// The checksum does not match the bytes.
    case damaged
    /// It belongs to a cluster with another hosts file.
    case foreignCluster
}
