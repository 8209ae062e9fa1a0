public import ConsensusCore

/// The first byte of every command, query and snapshot of a service.
///
/// It differs from service to service, so that what was meant for another one is refused by name
/// rather than misread.
public enum ServiceTag {
    /// The letter k.
    public static let keyValue: UInt8 = 0x6b
    /// The letter l.
    public static let list: UInt8 = 0x6c
    /// The letter s: the snapshot of ``Sessions``.
    static let sessions: UInt8 = 0x73
}

/// Why a service did nothing with a command or a query.
///
/// The reply is the same two bytes whichever service refuses, so that a client of one service can
/// read the refusal of another.
public enum Refusal: Hashable, Sendable, CaseIterable {
    /// It was meant for another service.
    case otherService
    /// A key, a value or an item is larger or smaller than the service allows.
    case size
    /// It cannot be read.
    case malformed
}

extension Refusal: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        switch self {
        case .otherService: writer.write(0 as UInt8)
        case .size: writer.write(1 as UInt8)
        case .malformed: writer.write(2 as UInt8)
        }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        let tag = try reader.readUInt8()
        switch tag {
        case 0: self = .otherService
        case 1: self = .size
        case 2: self = .malformed
        default: throw .unknownTag(tag)
        }
    }
}

extension Refusal {
    /// The first byte of every service's reply that is a refusal.
    static let replyTag: UInt8 = 255

    /// Why bytes that could not be read are refused.
    init(_ error: WireError) {
        switch error {
        case .notOurs: self = .otherService
        case .invalidField: self = .size
        default: self = .malformed
        }
    }

    /// The whole reply.
    var reply: [UInt8] {
        var writer = ByteWriter()
        writer.write(Refusal.replyTag)
        encode(into: &writer)
        return writer.bytes
    }
}

extension Span where Element == UInt8 {
    /// Reads the service's tag, which stands before everything else.
    mutating func readTag(of service: UInt8) throws(WireError) {
        guard try readUInt8() == service else { throw .notOurs }
    }
}
