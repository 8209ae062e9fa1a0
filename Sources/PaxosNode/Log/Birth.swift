public import ConsensusCore

/// The beginning of a cluster with a log, agreed on once by its voters: see ``Founding``.
///
/// Two clusters with one hosts file, such as one that was begun anew on emptied directories and a node
/// that still has the directory of the one before, are told apart by it. Every datagram of a node carries
/// its identifier (in the epoch of its stamp), and every directory records the whole of it.
public struct Birth: Hashable, Sendable {
    /// Drawn at random, never 0.
    public let identifier: UInt64
    /// The acceptors that founded the cluster, a majority of all at least.
    public let founders: NodeSet
    /// The life of each founder, in ascending order of the nodes: these vote from the beginning.
    public let lives: [UInt64]

    /// - Precondition: the identifier is not 0, and there is a life for each founder.
    package init(identifier: UInt64, founders: NodeSet, lives: [UInt64]) {
        precondition(identifier != 0 && founders.count == lives.count)
        self.identifier = identifier
        self.founders = founders
        self.lives = lives
    }

    /// The life of a founder; nil of any other node.
    package func life(of node: NodeID) -> UInt64? {
        guard founders.contains(node) else { return nil }
        let before = founders.bits & (1 << UInt64(node.rawValue) - 1)
        return lives[before.nonzeroBitCount]
    }
}

extension Birth: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(identifier)
        writer.write(founders)
        for life in lives { writer.write(life) }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        identifier = try reader.readUInt64()
        founders = try reader.readNodeSet()
        guard identifier != 0, !founders.isEmpty else { throw .invalidField }
        var lives: [UInt64] = []
        lives.reserveCapacity(founders.count)
        for _ in founders {
            let life = try reader.readUInt64()
            guard life != 0 else { throw .invalidField }
            lives.append(life)
        }
        self.lives = lives
    }

    /// The birth that a value of ``Founding`` stands for; nil if it stands for none.
    package init?(_ value: Value) {
        var reader = value.span
        guard let birth = try? Birth(from: &reader), reader.isEmpty else { return nil }
        self = birth
    }

    /// As a value to agree on.
    var value: Value {
        var writer = ByteWriter()
        encode(into: &writer)
        return writer.bytes
    }
}

extension Birth: CustomStringConvertible {
    /// Eight hexadecimal digits, as people are shown it.
    public var description: String { Birth.name(of: identifier) }

    /// The first eight hexadecimal digits of an identifier.
    public static func name(of identifier: UInt64) -> String {
        let digits = String(identifier >> 32, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}
