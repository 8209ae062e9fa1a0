/// A set of con nodes, held in 64 bits.
///
/// Votes are counted in node sets, so that an acceptor counts once however many datagrams it sent.
/// Iteration is in ascending order of node ID, the same on every machine and in every run.
@frozen
public struct NodeSet: Hashable, Sendable {
    /// The largest number of con nodes a cluster may have.
    public static let maximumCount = 64

    /// Bit `i` is set when node `i` is a member.
    public var bits: UInt64

    @inlinable
    public init() {
        self.bits = 0
    }

    @inlinable
    public init(bits: UInt64) {
        self.bits = bits
    }

    /// The nodes of a range of IDs.
    ///
    /// - Precondition: the range lies within 0 to 64.
    @inlinable
    public init(_ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= NodeSet.maximumCount)
        self.bits = 0
        for index in range { bits |= 1 << UInt64(index) }
    }

    @inlinable
    public var count: Int { bits.nonzeroBitCount }

    @inlinable
    public var isEmpty: Bool { bits == 0 }

    /// The member with the lowest ID, or nil of the empty set.
    @inlinable
    public var first: NodeID? {
        bits == 0 ? nil : NodeID(UInt32(bits.trailingZeroBitCount))
    }

    @inlinable
    public func contains(_ node: NodeID) -> Bool {
        node.rawValue < 64 && bits & (1 << UInt64(node.rawValue)) != 0
    }

    /// Adds a con node; returns whether it was new.
    ///
    /// - Precondition: the node's ID is below 64.
    @inlinable
    @discardableResult
    public mutating func insert(_ node: NodeID) -> Bool {
        precondition(node.rawValue < 64)
        let bit: UInt64 = 1 << UInt64(node.rawValue)
        defer { bits |= bit }
        return bits & bit == 0
    }

    @inlinable
    public mutating func remove(_ node: NodeID) {
        guard node.rawValue < 64 else { return }
        bits &= ~(1 << UInt64(node.rawValue))
    }

    @inlinable
    public func union(_ other: NodeSet) -> NodeSet { NodeSet(bits: bits | other.bits) }

    @inlinable
    public func intersection(_ other: NodeSet) -> NodeSet { NodeSet(bits: bits & other.bits) }

    @inlinable
    public func subtracting(_ other: NodeSet) -> NodeSet { NodeSet(bits: bits & ~other.bits) }

    @inlinable
    public func isSubset(of other: NodeSet) -> Bool { bits & ~other.bits == 0 }

    /// The set without one node.
    @inlinable
    public func removing(_ node: NodeID) -> NodeSet {
        var result = self
        result.remove(node)
        return result
    }
}

extension NodeSet: Sequence {
    @frozen
    public struct Iterator: IteratorProtocol {
        @usableFromInline var bits: UInt64

        @inlinable
        init(bits: UInt64) { self.bits = bits }

        @inlinable
        public mutating func next() -> NodeID? {
            guard bits != 0 else { return nil }
            let index = bits.trailingZeroBitCount
            bits &= bits - 1
            return NodeID(UInt32(index))
        }
    }

    @inlinable
    public func makeIterator() -> Iterator { Iterator(bits: bits) }
}

extension NodeSet: ExpressibleByArrayLiteral {
    @inlinable
    public init(arrayLiteral elements: NodeID...) {
        self.init()
        for element in elements { insert(element) }
    }
}

extension NodeSet: CustomStringConvertible {
    /// The members in ascending order, as in `1, 2, 5`.
    public var description: String {
        self.map(\.description).joined(separator: ", ")
    }
}
