/// What an engine applies its agreed order of commands to, the same on every host.
///
/// It is a deterministic state machine: its state and its answers follow from the commands alone, in
/// their order (Schneider, *Implementing Fault-Tolerant Services Using the State Machine Approach*,
/// 1990). It must not look at a clock, a random source, or the order of a `Set` or `Dictionary`. Bytes
/// it cannot read are answered, never trapped on: they come from clients.
public protocol ReplicatedState: Sendable {
    /// Applies the next command of the order.
    mutating func apply(_ header: CommandHeader, _ command: Span<UInt8>) -> Reply

    /// What it knows of a command before that is applied; it changes nothing.
    ///
    /// In constant time, and without memory but for the reply.
    func standing(of header: CommandHeader) -> Standing

    /// Answers a query and changes nothing.
    func read(_ query: Span<UInt8>) -> [UInt8]

    /// The whole state, sessions included, as bytes that ``restore(_:)`` takes.
    ///
    /// Equal states give equal bytes.
    func snapshot() -> [UInt8]

    /// Replaces the whole state; leaves it as it was if it throws.
    mutating func restore(_ snapshot: Span<UInt8>) throws(WireError)
}

/// Which command of which client session this is.
///
/// A session is opened by a command of session 0, whose owner and sequence are numbers that the client
/// drew; the answer names the session. Commands of a session are numbered from 1, and carry the number
/// of its owner: sessions count 1, 2, 3, so their own number alone says nothing of who is asking.
@frozen
public struct CommandHeader: Hashable, Sendable {
    public var id: CommandID
    /// The client has the answers to all its commands of lower sequence, and asks for none of them again.
    public var answeredBelow: UInt64

    /// How many bytes it takes on the wire.
    public static let size = 32

    @inlinable
    public init(id: CommandID, answeredBelow: UInt64) {
        self.id = id
        self.answeredBelow = answeredBelow
    }
}

/// What tells one command from all others: its retries have the same, and nothing else has.
@frozen
public struct CommandID: Hashable, Comparable, Sendable {
    /// The client's session; 0 for the command that opens one.
    public var session: UInt64
    /// What the client drew when it opened the session, and told nobody but the nodes; the same in the
    /// opening and in all that follows.
    public var owner: UInt64
    /// Its number in the session, from 1; of an opening, a number the client drew.
    public var sequence: UInt64

    @inlinable
    public init(session: UInt64, owner: UInt64, sequence: UInt64) {
        self.session = session
        self.owner = owner
        self.sequence = sequence
    }

    @inlinable
    public static func < (left: CommandID, right: CommandID) -> Bool {
        (left.session, left.owner, left.sequence) < (right.session, right.owner, right.sequence)
    }
}

/// What became of a command.
public enum Reply: Hashable, Sendable {
    /// It was applied, now or when it first came, and this is its result.
    case done([UInt8])
    /// A session was opened.
    case opened(session: UInt64)
    /// Its session is not known, or no more, or another's: it was not applied now, though perhaps an earlier copy was.
    case expired
    /// Its client said that it has the answer: not applied again.
    case superseded
    /// Its session has too many commands without an answer, or there is no room to keep one more reply:
    /// not applied.
    case crowded
    /// There is no room for another session at present: none was opened.
    case refused
}

extension CommandHeader: WireCodable {
    @inlinable
    public func encode(into writer: inout ByteWriter) {
        id.encode(into: &writer)
        writer.write(answeredBelow)
    }

    @inlinable
    public init(from reader: inout ByteReader) throws(WireError) {
        id = try CommandID(from: &reader)
        answeredBelow = try reader.readUInt64()
    }
}

extension CommandID: WireCodable {
    @inlinable
    public func encode(into writer: inout ByteWriter) {
        writer.write(session)
        writer.write(owner)
        writer.write(sequence)
    }

    @inlinable
    public init(from reader: inout ByteReader) throws(WireError) {
        session = try reader.readUInt64()
        owner = try reader.readUInt64()
        sequence = try reader.readUInt64()
    }
}

extension Reply: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        switch self {
        case .done(let result):
            writer.write(0 as UInt8)
            writer.write(result)
        case .opened(let session):
            writer.write(1 as UInt8)
            writer.write(session)
        case .expired: writer.write(2 as UInt8)
        case .superseded: writer.write(3 as UInt8)
        case .crowded: writer.write(4 as UInt8)
        case .refused: writer.write(5 as UInt8)
        }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        let tag = try reader.readUInt8()
        switch tag {
        case 0: self = .done(try reader.readBytes(upTo: ServiceLimits.maximumReplySize))
        case 1: self = .opened(session: try reader.readUInt64())
        case 2: self = .expired
        case 3: self = .superseded
        case 4: self = .crowded
        case 5: self = .refused
        default: throw .unknownTag(tag)
        }
    }
}

/// How large commands and replies may be, so that each fits a datagram with room for others.
public enum ServiceLimits {
    /// The most bytes of a command or a query.
    public static let maximumCommandSize = 32_768
    /// The most bytes of a reply; a service that has more to say answers page by page.
    public static let maximumReplySize = 32_768
    /// The most commands a session may have under way.
    public static let maximumOutstanding = 1_024
}
