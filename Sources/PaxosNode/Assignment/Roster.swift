public import ConsensusCore

/// Which life of each acceptor takes part in this run.
///
/// An acceptor without storage that is killed and started again has forgotten its promises, so its votes
/// must not be counted. Every node therefore remembers the first incarnation it has heard of for each
/// acceptor, nodes tell one another, and whoever hears of two ceases to count any. Entries only ever move
/// one way, unknown → one life → void, so rosters can be merged in any order and any number of times.
public struct Roster: Hashable, Sendable {
    /// By node ID: 0 is unknown, ``void`` is more than one life, anything else is that life.
    ///
    /// The last is never 0, so that equal rosters have equal arrays.
    private var lives: [UInt64] = []

    /// Marks an acceptor of which two lives are known.
    ///
    /// No node draws it as an incarnation.
    static let void = UInt64.max

    public init() {}

    /// What is known of an acceptor.
    enum Entry: Hashable {
        case unknown
        case life(UInt64)
        case void
    }

    subscript(node: NodeID) -> Entry {
        guard node.index < lives.count else { return .unknown }
        switch lives[node.index] {
        case 0: return .unknown
        case Roster.void: return .void
        case let life: return .life(life)
        }
    }

    /// Whether the votes of this life of an acceptor count.
    func admits(_ origin: Origin) -> Bool {
        self[origin.node] == .life(origin.stamp.incarnation)
    }

    /// Notes a life of an acceptor; returns what is now recorded of it if that has changed.
    ///
    /// - Precondition: the node's ID is below 64.
    @discardableResult
    mutating func note(_ node: NodeID, incarnation: UInt64) -> UInt64? {
        precondition(node.index < NodeSet.maximumCount)
        guard incarnation != 0 else { return nil }
        while lives.count <= node.index { lives.append(0) }
        switch lives[node.index] {
        case incarnation, Roster.void: return nil
        case 0: lives[node.index] = incarnation
        default: lives[node.index] = Roster.void
        }
        return lives[node.index]
    }

    /// Whether another node knows all that this one does.
    func isCovered(by other: Roster) -> Bool {
        var isCovered = true
        forEach { node, life in
            switch other[node] {
            case .void: return
            case .life(life): return
            case .life, .unknown: isCovered = false
            }
        }
        return isCovered
    }

    /// Calls `body` with every acceptor of which something is known, and with that.
    func forEach(_ body: (NodeID, UInt64) -> Void) {
        for (index, life) in lives.enumerated() where life != 0 {
            body(NodeID(index: index), life)
        }
    }

    /// Takes over all that another node knows of the acceptors.
    mutating func merge(_ other: Roster, of acceptors: NodeSet) {
        other.forEach { node, life in
            if acceptors.contains(node) { note(node, incarnation: life) }
        }
    }
}

extension Roster: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(count: lives.count)
        for life in lives { writer.write(life) }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        let count = try reader.readCount(upTo: NodeSet.maximumCount)
        guard reader.count >= 8 * count else { throw .truncated }
        lives.reserveCapacity(count)
        for _ in 0..<count { lives.append(try reader.readUInt64()) }
        guard lives.last != 0 else { throw .invalidField }
    }
}
