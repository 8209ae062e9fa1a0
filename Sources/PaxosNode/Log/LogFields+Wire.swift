public import ConsensusCore

extension Hello: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(proof)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        proof = try reader.readUInt64()
    }
}

extension Welcome: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(proof)
        writer.write(remembered)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        proof = try reader.readUInt64()
        remembered = try reader.readUInt64()
    }
}

extension Canvass: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(attempt)
        writer.write(insists)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        attempt = try reader.readUInt64()
        insists = try reader.readBool()
    }
}

extension Willing: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(attempt)
        writer.write(optional: promised)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        attempt = try reader.readUInt64()
        promised = try reader.readOptional(Ballot.self)
    }
}

extension LogHeartbeat: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        ballot.encode(into: &writer)
        writer.write(round)
        writer.write(chosen)
        writer.write(truncatable)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        ballot = try Ballot(from: &reader)
        round = try reader.readUInt64()
        chosen = try reader.readReach()
        truncatable = try reader.readReach()
    }
}

extension Pulse: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        ballot.encode(into: &writer)
        writer.write(round)
        writer.write(isVoting)
        writer.write(snapshot)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        ballot = try Ballot(from: &reader)
        round = try reader.readUInt64()
        isVoting = try reader.readBool()
        snapshot = try reader.readReach()
    }
}

extension LogPrepare: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        ballot.encode(into: &writer)
        writer.write(from)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        ballot = try Ballot(from: &reader)
        from = try reader.readSlot()
    }
}

extension LogPromise: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        ballot.encode(into: &writer)
        writer.write(from)
        writer.write(truncated)
        writer.write(list: entries)
        writer.write(next != nil)
        if let next { writer.write(next) }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        ballot = try Ballot(from: &reader)
        from = try reader.readSlot()
        truncated = try reader.readReach()
        entries = try reader.readList(AcceptedEntry.self)
        next = try reader.readBool() ? try reader.readSlot() : nil
    }
}

extension LogAccept: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        ballot.encode(into: &writer)
        writer.write(first)
        writer.write(values: values)
        writer.write(chosen)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        ballot = try Ballot(from: &reader)
        first = try reader.readSlot()
        values = try reader.readValues()
        chosen = try reader.readReach()
    }
}

extension LogAccepted: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        ballot.encode(into: &writer)
        writer.write(list: slots)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        ballot = try Ballot(from: &reader)
        slots = try reader.readList(SlotRange.self)
    }
}

extension SlotRange: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(first)
        writer.write(last)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        first = try reader.readSlot()
        last = try reader.readSlot()
        guard first <= last else { throw .invalidField }
    }
}

extension Acceptance: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        ballot.encode(into: &writer)
        writer.write(value)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        ballot = try Ballot(from: &reader)
        value = try reader.readBytes(upTo: CommandBatch.maximumSize)
    }
}

extension AcceptedEntry: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(slot)
        acceptance.encode(into: &writer)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        slot = try reader.readSlot()
        acceptance = try Acceptance(from: &reader)
    }
}

extension Fetch: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(from)
        writer.write(snapshot)
        writer.write(offset)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        from = try reader.readSlot()
        snapshot = try reader.readReach()
        offset = try reader.readUInt32()
    }
}

extension ChosenValues: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(first)
        writer.write(values: values)
        writer.write(chosen)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        first = try reader.readSlot()
        values = try reader.readValues()
        chosen = try reader.readReach()
    }
}

extension Votes: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(first)
        writer.write(list: entries)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        first = try reader.readSlot()
        entries = try reader.readList(AcceptedEntry.self)
    }
}

extension SnapshotPart: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(slot)
        writer.write(size)
        writer.write(offset)
        writer.write(bytes)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        slot = try reader.readSlot()
        size = try reader.readUInt32()
        offset = try reader.readUInt32()
        bytes = try reader.readBytes(upTo: LogMessage.pageSize)
    }
}

extension LogRequest: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(list: operations)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        operations = try reader.readList(LogOperation.self)
    }
}

extension LogOperation: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        header.encode(into: &writer)
        writer.write(kind.rawValue)
        writer.write(body)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        header = try CommandHeader(from: &reader)
        guard let kind = Kind(rawValue: try reader.readUInt8()) else { throw .invalidField }
        self.kind = kind
        body = try reader.readBytes(upTo: ServiceLimits.maximumCommandSize)
    }
}

extension LogReply: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(optionalNode: leader)
        writer.write(list: answers)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        leader = try reader.readOptionalNode()
        answers = try reader.readList(LogAnswer.self)
    }
}

extension LogAnswer: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        id.encode(into: &writer)
        reply.encode(into: &writer)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        id = try CommandID(from: &reader)
        reply = try Reply(from: &reader)
    }
}

extension ReadAt: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(slot)
        writer.write(list: operations)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        slot = try reader.readReach()
        operations = try reader.readList(LogOperation.self)
    }
}

extension Inquiry: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(wantsDigest)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        wantsDigest = try reader.readBool()
    }
}

extension LogReport: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(isLeading)
        writer.write(optional: ballot)
        writer.write(optionalNode: leader)
        writer.write(chosen)
        writer.write(applied != nil)
        if let applied { writer.write(applied) }
        writer.write(snapshot)
        writer.write(isVoting != nil)
        if let isVoting { writer.write(isVoting) }
        writer.write(digest != nil)
        if let digest { writer.write(digest) }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        isLeading = try reader.readBool()
        ballot = try reader.readOptional(Ballot.self)
        leader = try reader.readOptionalNode()
        chosen = try reader.readReach()
        applied = try reader.readBool() ? try reader.readReach() : nil
        snapshot = try reader.readReach()
        isVoting = try reader.readBool() ? try reader.readBool() : nil
        digest = try reader.readBool() ? try reader.readUInt32() : nil
    }
}

extension ByteWriter {
    fileprivate mutating func write<Element: WireCodable>(list: [Element]) {
        write(count: list.count)
        for element in list { element.encode(into: &self) }
    }

    fileprivate mutating func write(values: [[UInt8]]) {
        write(count: values.count)
        for value in values { write(value) }
    }

    fileprivate mutating func write(optionalNode node: NodeID?) {
        write(node != nil)
        if let node { write(conNode: node) }
    }
}

extension ByteReader {
    /// Reads the number of a slot: from 1, and far enough from the last number there is.
    mutating func readSlot() throws(WireError) -> Slot {
        let slot = try readUInt64()
        guard slot >= 1, slot <= Slot.maximum else { throw .invalidField }
        return slot
    }

    /// Reads how far something reaches: 0 if nowhere.
    mutating func readReach() throws(WireError) -> Slot {
        let slot = try readUInt64()
        guard slot <= Slot.maximum else { throw .invalidField }
        return slot
    }

    fileprivate mutating func readList<Entry: WireCodable>(
        _: Entry.Type
    ) throws(WireError) -> [Entry] {
        let count = try readCount(upTo: LogMessage.maximumEntries)
        var list: [Entry] = []
        list.reserveCapacity(Swift.min(count, self.count))
        for _ in 0..<count { list.append(try Entry(from: &self)) }
        return list
    }

    fileprivate mutating func readValues() throws(WireError) -> [[UInt8]] {
        let count = try readCount(upTo: LogMessage.maximumEntries)
        var values: [[UInt8]] = []
        values.reserveCapacity(Swift.min(count, self.count))
        for _ in 0..<count { values.append(try readBytes(upTo: CommandBatch.maximumSize)) }
        return values
    }

    fileprivate mutating func readOptionalNode() throws(WireError) -> NodeID? {
        try readBool() ? try readConNodeID() : nil
    }
}
