/// The identifier (UID) of a host: the position, from 0, of its line in the hosts file.
///
/// Con nodes come first and number at most 64, so they fit a ``NodeSet``; clients follow, in any
/// number. Clients of a replicated log need no line; see ``anonymous``.
@frozen
public struct NodeID: Hashable, Comparable, Sendable {
    public let rawValue: UInt32

    @inlinable
    public init(_ rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// A node ID from an index into the hosts file's lines.
    ///
    /// - Precondition: `index` is not negative and fits 32 bits.
    @inlinable
    public init(index: Int) {
        self.rawValue = UInt32(index)
    }

    /// The ID as an index into an array with one element a host.
    @inlinable
    public var index: Int { Int(rawValue) }

    /// The sender that a client without a line in the hosts file writes into its datagrams.
    ///
    /// No host has this ID, and nothing can be sent to it: whoever hears such a client knows it by the
    /// address its datagrams came from, and calls it by an ID of its own choosing (``isGuest``).
    @inlinable
    public static var anonymous: NodeID { NodeID(.max) }

    /// The lowest ID that a node gives to a client without a line in the hosts file.
    @inlinable
    public static var firstGuest: NodeID { NodeID(0x8000_0000) }

    /// Whether it was given to a client without a line in the hosts file by the node that heard it.
    ///
    /// Such an ID means something on that node alone, in that life of it, and until so many others have
    /// been heard since that the client is forgotten: what is sent to it then is lost.
    @inlinable
    public var isGuest: Bool { self >= NodeID.firstGuest && self != NodeID.anonymous }

    @inlinable
    public static func < (left: NodeID, right: NodeID) -> Bool {
        left.rawValue < right.rawValue
    }
}

extension NodeID: CustomStringConvertible {
    public var description: String { "\(rawValue)" }
}

extension NodeID: ExpressibleByIntegerLiteral {
    @inlinable
    public init(integerLiteral value: UInt32) {
        self.init(value)
    }
}
