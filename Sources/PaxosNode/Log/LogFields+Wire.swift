public import ConsensusCore

extension Hello: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(proof)
        writer.write(number)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        proof = try reader.readUInt64()
        number = try reader.readUInt64()
    }
}

extension Welcome: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(proof)
        writer.write(remembered)
        writer.write(written)
        writer.write(isVoting)
        writer.write(number)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        proof = try reader.readUInt64()
        remembered = try reader.readUInt64()
        written = try reader.readNumber()
        isVoting = try reader.readBool()
        number = try reader.readUInt64()
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
        claim.encode(into: &writer)
        writer.write(count: written.count)
        for number in written { writer.write(number) }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        ballot = try Ballot(from: &reader)
        round = try reader.readNumber()
        chosen = try reader.readReach()
        truncatable = try reader.readReach()
        guard truncatable <= chosen else { throw .invalidField }
        claim = try StateClaim(from: &reader)
        let count = try reader.readCount(upTo: NodeSet.maximumCount)
        var written: [UInt64] = []
        for _ in 0..<count { written.append(try reader.readNumber()) }
        self.written = written
    }
}

extension StateClaim: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(applied)
        writer.write(chain)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        applied = try reader.readReach()
        chain = try reader.readUInt64()
    }
}

extension Pulse: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        ballot.encode(into: &writer)
        writer.write(round)
        writer.write(isVoting)
        writer.write(snapshot)
        writer.write(written)
        claim.encode(into: &writer)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        ballot = try Ballot(from: &reader)
        round = try reader.readNumber()
        isVoting = try reader.readBool()
        snapshot = try reader.readReach()
        written = try reader.readNumber()
        claim = try StateClaim(from: &reader)
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
        writer.write(written)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        ballot = try Ballot(from: &reader)
        from = try reader.readSlot()
        truncated = try reader.readReach()
        entries = try reader.readList(AcceptedEntry.self)
        next = try reader.readBool() ? try reader.readSlot() : nil
        written = try reader.readNumber()
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
        try checkRun(from: first, count: values.count)
        // A leader proposes no further ahead of what is chosen.
        guard first <= chosen + LogMessage.maximumWindow else { throw .invalidField }
    }
}

extension LogAccepted: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        ballot.encode(into: &writer)
        writer.write(list: slots)
        writer.write(written)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        ballot = try Ballot(from: &reader)
        slots = try reader.readList(SlotRange.self)
        // A leader has no more under way, even if all of it is told several times.
        var count: UInt64 = 0
        for range in slots { count += range.last - range.first + 1 }
        guard count <= 4 * LogMessage.maximumWindow else { throw .invalidField }
        written = try reader.readNumber()
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
        try checkRun(from: first, count: values.count)
    }
}

/// Checks that all of a run of slots are such as can be written and read.
private func checkRun(from first: Slot, count: Int) throws(WireError) {
    guard first <= Slot.maximum - UInt64(count) else { throw .invalidField }
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
        writer.write(chain)
        writer.write(size)
        writer.write(offset)
        writer.write(bytes)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        slot = try reader.readSlot()
        chain = try reader.readUInt64()
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
        writer.write(ballot != nil)
        if let ballot { writer.write(ballot) }
        writer.write(optionalNode: leader)
        writer.write(chosen)
        writer.write(applied != nil)
        if let applied { writer.write(applied) }
        writer.write(snapshot)
        writer.write(isVoting != nil)
        if let isVoting { writer.write(isVoting) }
        writer.write(digest != nil)
        if let digest { writer.write(digest) }
        writer.write(birth)
        writer.write(disputed != nil)
        if let disputed { writer.write(disputed) }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        isLeading = try reader.readBool()
        ballot = try reader.readBool() ? try reader.readNumber() : nil
        leader = try reader.readOptionalNode()
        chosen = try reader.readReach()
        applied = try reader.readBool() ? try reader.readReach() : nil
        snapshot = try reader.readReach()
        isVoting = try reader.readBool() ? try reader.readBool() : nil
        digest = try reader.readBool() ? try reader.readUInt64() : nil
        birth = try reader.readUInt64()
        disputed = try reader.readBool() ? try reader.readReach() : nil
    }
}

extension Question: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(number)
        claim.encode(into: &writer)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        number = try reader.readUInt64()
        claim = try StateClaim(from: &reader)
    }
}

extension Testimony: WireCodable {
    public func encode(into writer: inout ByteWriter) {
        writer.write(number)
        writer.write(isVoting)
        writer.write(chosen)
        writer.write(optional: ballot)
        writer.write(chain != nil)
        if let chain { writer.write(chain) }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        number = try reader.readUInt64()
        isVoting = try reader.readBool()
        chosen = try reader.readReach()
        ballot = try reader.readOptional(Ballot.self)
        chain = try reader.readBool() ? try reader.readUInt64() : nil
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
    /// Reads a number that is counted up, and never gets so far.
    mutating func readNumber() throws(WireError) -> UInt64 {
        let number = try readUInt64()
        guard number <= Ballot.ceiling else { throw .invalidField }
        return number
    }

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
