public import ConsensusCore

/// What a con node must find again after a crash.
public enum NodeRecord: Hashable, Sendable {
    /// This life's incarnation, drawn at the first start.
    case incarnation(UInt64)
    /// The node was assigned its role in this epoch.
    case epoch(UInt64)
    /// A proposer begins a ballot of this number.
    case ballot(UInt64)
    /// An acceptor promises a ballot.
    case promised(Ballot)
    /// An acceptor accepts a proposal, which promises its ballot too.
    case accepted(Proposal)
    /// A client is done, by its position.
    case done(UInt32)
    /// The life in which an acceptor takes part; all ones if more than one is known.
    case life(NodeID, UInt64)
    /// This life of an acceptor may vote: the leader remembers it.
    case admitted
}

extension NodeRecord: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        switch self {
        case .incarnation(let incarnation):
            writer.write(1 as UInt8)
            writer.write(incarnation)
        case .epoch(let epoch):
            writer.write(2 as UInt8)
            writer.write(epoch)
        case .ballot(let number):
            writer.write(3 as UInt8)
            writer.write(number)
        case .promised(let ballot):
            writer.write(4 as UInt8)
            ballot.encode(into: &writer)
        case .accepted(let proposal):
            writer.write(5 as UInt8)
            proposal.encode(into: &writer)
        case .done(let position):
            writer.write(6 as UInt8)
            writer.write(position)
        case .life(let node, let incarnation):
            writer.write(7 as UInt8)
            writer.write(conNode: node)
            writer.write(incarnation)
        case .admitted:
            writer.write(8 as UInt8)
        }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        let tag = try reader.readUInt8()
        switch tag {
        case 1: self = .incarnation(try reader.readUInt64())
        case 2: self = .epoch(try reader.readUInt64())
        case 3: self = .ballot(try reader.readUInt64())
        case 4: self = .promised(try Ballot(from: &reader))
        case 5: self = .accepted(try Proposal(from: &reader))
        case 6: self = .done(try reader.readUInt32())
        case 8: self = .admitted
        case 7: self = .life(try reader.readConNodeID(), try reader.readUInt64())
        default: throw .unknownTag(tag)
        }
    }
}
