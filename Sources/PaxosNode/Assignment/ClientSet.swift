public import ConsensusCore

/// A set of clients, by their position from 0 among the clients of the hosts file.
public struct ClientSet: Hashable, Sendable {
    /// Bit i of word w stands for client 64 w + i.
    ///
    /// The last word is never 0, so that equal sets have equal words.
    private var words: [UInt64] = []

    /// The most clients a set on the wire may speak of: what one datagram holds with room to spare.
    public static let maximumCount = 262_144

    public init() {}

    public var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    public var isEmpty: Bool { words.isEmpty }

    public func contains(_ position: Int) -> Bool {
        position >= 0 && position / 64 < words.count
            && words[position / 64] & (1 << UInt64(position % 64)) != 0
    }

    /// Adds the client at a position.
    ///
    /// - Precondition: the position is within 0 and ``maximumCount``.
    public mutating func insert(_ position: Int) {
        precondition(position >= 0 && position < ClientSet.maximumCount)
        while words.count <= position / 64 { words.append(0) }
        words[position / 64] |= 1 << UInt64(position % 64)
    }

    /// Adds the members of another set that are below `limit`; returns whether any was new.
    @discardableResult
    mutating func formUnion(_ other: ClientSet, below limit: Int) -> Bool {
        var hasGrown = false
        for (index, var word) in other.words.enumerated() {
            while word != 0 {
                let position = 64 * index + word.trailingZeroBitCount
                word &= word - 1
                guard position < limit, !contains(position) else { continue }
                insert(position)
                hasGrown = true
            }
        }
        return hasGrown
    }

    func isSubset(of other: ClientSet) -> Bool {
        words.enumerated().allSatisfy { index, word in
            word & ~(index < other.words.count ? other.words[index] : 0) == 0
        }
    }
}

extension ClientSet: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(count: words.count)
        for word in words { writer.write(word) }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        let count = try reader.readCount(upTo: ClientSet.maximumCount / 64)
        guard reader.count >= 8 * count else { throw .truncated }
        words.reserveCapacity(count)
        for _ in 0..<count { words.append(try reader.readUInt64()) }
        guard words.last != 0 else { throw .invalidField }
    }
}
