public import ConsensusCore

/// The number of an attempt to have a value chosen; a "proposal number" in *Paxos Made Simple*.
///
/// Ballots of different nodes are disjoint by their numbers: node u of n hosts uses u, u + n, u + 2n, ….
/// Ballots of different lives of one node are disjoint by the incarnation, so a proposer that forgot
/// everything in a crash cannot use a ballot twice.
public struct Ballot: Hashable, Comparable, Sendable {
    public var number: UInt64
    /// The life of the proposer that uses it.
    public var incarnation: UInt64

    /// The highest number of a ballot, and of whatever else a peer counts up: no cluster gets there, and a
    /// forger who could would end it.
    public static let ceiling: UInt64 = 1 << 56

    public init(number: UInt64, incarnation: UInt64) {
        self.number = number
        self.incarnation = incarnation
    }

    public static func < (left: Ballot, right: Ballot) -> Bool {
        (left.number, left.incarnation) < (right.number, right.incarnation)
    }
}

extension Ballot: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(number)
        writer.write(incarnation)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        number = try reader.readUInt64()
        guard number <= Ballot.ceiling else { throw .invalidField }
        incarnation = try reader.readUInt64()
    }
}

extension Ballot: CustomStringConvertible {
    public var description: String { "\(number)" }
}

/// The ballots of one life of one proposer, in ascending order.
public struct BallotSequence: Hashable, Sendable {
    let node: NodeID
    let nodeCount: Int
    package var incarnation: UInt64
    /// The highest ballot number given out or recovered.
    package var last: UInt64?

    init(node: NodeID, nodeCount: Int, incarnation: UInt64) {
        self.node = node
        self.nodeCount = nodeCount
        self.incarnation = incarnation
    }

    /// The lowest ballot whose number is above every one given out and above the floor's.
    ///
    /// Returns nil when there is none up to ``Ballot/ceiling``, which only a hostile peer can bring about:
    /// the proposer then stays silent rather than use a ballot twice.
    mutating func next(above floor: Ballot?) -> Ballot? {
        let step = UInt64(nodeCount)
        var number = UInt64(node.rawValue)
        if let least = [last, floor?.number].compactMap(\.self).max(), number <= least {
            let stepsBelow = (least - number) / step
            // The highest of this node's numbers that is not above the least; it cannot overflow.
            let reached = number + stepsBelow * step
            let (sum, overflow) = reached.addingReportingOverflow(step)
            guard !overflow, sum <= Ballot.ceiling else { return nil }
            number = sum
        }
        last = number
        return Ballot(number: number, incarnation: incarnation)
    }

    /// Takes a ballot number of an earlier life, so that the next is above it.
    mutating func recover(_ number: UInt64) {
        last = max(last ?? 0, number)
    }
}

/// A value put forward under a ballot.
public struct Proposal: Hashable, Sendable {
    public var ballot: Ballot
    public var value: Value

    public init(ballot: Ballot, value: Value) {
        self.ballot = ballot
        self.value = value
    }
}

extension Proposal: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        ballot.encode(into: &writer)
        writer.write(value)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        ballot = try Ballot(from: &reader)
        value = try reader.readBytes(upTo: maximumValueSize)
    }
}

/// A client's value: bytes that Paxos never looks into.
public typealias Value = [UInt8]

/// The most bytes a value may have.
public let maximumValueSize = 1_024
