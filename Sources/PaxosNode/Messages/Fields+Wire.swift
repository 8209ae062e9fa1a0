public import ConsensusCore

extension Token: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(round)
        writer.write(conNode: candidate)
        writer.write(incarnation)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        round = try reader.readUInt32()
        candidate = try reader.readConNodeID()
        incarnation = try reader.readUInt64()
    }
}

extension LeaderClaim: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(round)
        writer.write(conNode: leader)
        writer.write(incarnation)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        round = try reader.readUInt32()
        leader = try reader.readConNodeID()
        incarnation = try reader.readUInt64()
    }
}

extension Elected: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        claim.encode(into: &writer)
        writer.write(lap)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        claim = try LeaderClaim(from: &reader)
        lap = try reader.readUInt32()
    }
}

extension Receipt: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(hop.round)
        writer.write(conNode: hop.node)
        writer.write(hop.lap != nil)
        if let lap = hop.lap { writer.write(lap) }
        writer.write(optional: following)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        hop = HopName(
            round: try reader.readUInt32(), node: try reader.readConNodeID(),
            lap: try reader.readBool() ? try reader.readUInt32() : nil)
        following = try reader.readOptional(LeaderClaim.self)
    }
}

extension Present: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(isEnrolled)
        writer.write(optional: following)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        isEnrolled = try reader.readBool()
        following = try reader.readOptional(LeaderClaim.self)
    }
}

extension Heartbeat: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        claim.encode(into: &writer)
        roster.encode(into: &writer)
        done.encode(into: &writer)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        claim = try LeaderClaim(from: &reader)
        roster = try Roster(from: &reader)
        done = try ClientSet(from: &reader)
    }
}

extension Role: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(rawValue)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        guard let role = Role(rawValue: try reader.readUInt8()) else { throw .invalidField }
        self = role
    }
}

extension Assign: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(optional: claim)
        writer.write(proof)
        writer.write(optional: role)
        writer.write(proposers)
        writer.write(acceptors)
        writer.write(learners)
        roster.encode(into: &writer)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        claim = try reader.readOptional(LeaderClaim.self)
        proof = try reader.readUInt64()
        role = try reader.readOptional(Role.self)
        proposers = try reader.readNodeSet()
        acceptors = try reader.readNodeSet()
        learners = try reader.readNodeSet()
        roster = try Roster(from: &reader)
    }
}

extension Confirm: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(optional: claim)
        writer.write(epoch)
        roster.encode(into: &writer)
        done.encode(into: &writer)
        writer.write(heard)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        claim = try reader.readOptional(LeaderClaim.self)
        epoch = try reader.readUInt64()
        roster = try Roster(from: &reader)
        done = try ClientSet(from: &reader)
        heard = try reader.readNodeSet()
    }
}

extension Request: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(client)
        writer.write(value)
        writer.write(attempt)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        client = try reader.readNodeID()
        value = try reader.readBytes(upTo: maximumValueSize)
        attempt = try reader.readUInt32()
    }
}

extension Nack: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        ballot.encode(into: &writer)
        promised.encode(into: &writer)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        ballot = try Ballot(from: &reader)
        promised = try Ballot(from: &reader)
    }
}
