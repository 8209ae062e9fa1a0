/// The identifier (UID) of a host: the position, from 0, of its line in the hosts file.
///
/// Con nodes come first and number at most 64, so they fit a ``NodeSet``; clients follow, in any
/// number.
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
