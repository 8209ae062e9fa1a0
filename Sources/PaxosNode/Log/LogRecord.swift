public import ConsensusCore

/// What a node of the log must find again after a crash.
public enum LogRecord: Hashable, Sendable {
    /// This life's incarnation, drawn at the first start.
    case incarnation(UInt64)
    /// The first life of an acceptor that this node heard of.
    case life(NodeID, UInt64)
    /// This life may vote: so many others as make a majority of the acceptors remember it.
    case admitted
    /// This life has no vote, for good.
    case refused
    /// The highest record number that an acceptor has told of.
    case witnessed(NodeID, UInt64)
    /// How many records had been written before; those from here on count.
    case written(UInt64)
    /// Those from here on do not count: a life that has come back has not been confirmed to be whole.
    case unnumbered
    /// The birth of the cluster, and whose records these are: the node, and the name of its service.
    case born(Birth, NodeID, service: [UInt8])
    /// A founder of the cluster begins a ballot of this number.
    case foundingBallot(UInt64)
    /// An acceptor promises a ballot in the founding.
    case foundingPromised(Ballot)
    /// An acceptor accepts a birth in the founding.
    case foundingAccepted(Proposal)
    /// A proposer begins a ballot of this number.
    case ballot(UInt64)
    /// An acceptor promises a ballot in all slots.
    case promised(Ballot)
    /// An acceptor accepts a value in a slot, which promises its ballot too.
    case accepted(AcceptedEntry)
    /// All slots up to this one are chosen and in snapshots; an acceptor has forgotten them.
    case truncated(Slot)
    /// A learner has learned a slot's value, other than by having accepted it.
    case learned(Slot, [UInt8])
    /// All slots up to this one are chosen, with the values last learned or accepted.
    case chosen(Slot)
    /// The state after this slot, and the digest of all that led there: see ``ChainDigest``.
    case snapshot(Slot, chain: UInt64, [UInt8])

    /// The most bytes of a snapshot.
    static let maximumSnapshotSize = 512 << 20

    /// About how many bytes it takes.
    var size: Int {
        switch self {
        case .accepted(let entry): entry.acceptance.value.count + 48
        case .learned(_, let value): value.count + 32
        case .snapshot(_, _, let bytes): bytes.count + 40
        case .born(let birth, _, _): birth.lives.count * 8 + 64
        default: 24
        }
    }
}

extension LogRecord: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        switch self {
        case .incarnation(let incarnation):
            writer.write(1 as UInt8)
            writer.write(incarnation)
        case .life(let node, let incarnation):
            writer.write(2 as UInt8)
            writer.write(conNode: node)
            writer.write(incarnation)
        case .admitted: writer.write(3 as UInt8)
        case .ballot(let number):
            writer.write(4 as UInt8)
            writer.write(number)
        case .promised(let ballot):
            writer.write(5 as UInt8)
            ballot.encode(into: &writer)
        case .accepted(let entry):
            writer.write(6 as UInt8)
            entry.encode(into: &writer)
        case .truncated(let slot):
            writer.write(7 as UInt8)
            writer.write(slot)
        case .learned(let slot, let value):
            writer.write(8 as UInt8)
            writer.write(slot)
            writer.write(value)
        case .chosen(let slot):
            writer.write(9 as UInt8)
            writer.write(slot)
        case .snapshot(let slot, let chain, let bytes):
            writer.write(10 as UInt8)
            writer.write(slot)
            writer.write(chain)
            writer.write(bytes)
        case .refused: writer.write(11 as UInt8)
        case .witnessed(let node, let number):
            writer.write(12 as UInt8)
            writer.write(conNode: node)
            writer.write(number)
        case .written(let number):
            writer.write(13 as UInt8)
            writer.write(number)
        case .unnumbered: writer.write(18 as UInt8)
        case .born(let birth, let node, let service):
            writer.write(14 as UInt8)
            birth.encode(into: &writer)
            writer.write(conNode: node)
            writer.write(service)
        case .foundingBallot(let number):
            writer.write(15 as UInt8)
            writer.write(number)
        case .foundingPromised(let ballot):
            writer.write(16 as UInt8)
            ballot.encode(into: &writer)
        case .foundingAccepted(let proposal):
            writer.write(17 as UInt8)
            proposal.encode(into: &writer)
        }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        let tag = try reader.readUInt8()
        switch tag {
        case 1:
            let incarnation = try reader.readUInt64()
            guard incarnation != 0 else { throw .invalidField }
            self = .incarnation(incarnation)
        case 2: self = .life(try reader.readConNodeID(), try reader.readUInt64())
        case 3: self = .admitted
        case 4: self = .ballot(try reader.readNumber())
        case 5: self = .promised(try Ballot(from: &reader))
        case 6: self = .accepted(try AcceptedEntry(from: &reader))
        case 7: self = .truncated(try reader.readReach())
        case 8:
            self = .learned(
                try reader.readSlot(), try reader.readBytes(upTo: CommandBatch.maximumSize))
        case 9: self = .chosen(try reader.readReach())
        case 10:
            self = .snapshot(
                try reader.readSlot(), chain: try reader.readUInt64(),
                try reader.readBytes(upTo: LogRecord.maximumSnapshotSize))
        case 11: self = .refused
        case 12: self = .witnessed(try reader.readConNodeID(), try reader.readNumber())
        case 13: self = .written(try reader.readNumber())
        case 14:
            self = .born(
                try Birth(from: &reader), try reader.readConNodeID(),
                service: try reader.readBytes(upTo: LogOptions.maximumServiceName))
        case 15: self = .foundingBallot(try reader.readNumber())
        case 16: self = .foundingPromised(try Ballot(from: &reader))
        case 17: self = .foundingAccepted(try Proposal(from: &reader))
        case 18: self = .unnumbered
        default: throw .unknownTag(tag)
        }
    }
}
