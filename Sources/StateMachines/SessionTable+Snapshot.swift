import ConsensusCore

/// The snapshot: the tag and version, the next session's number, how many sessions there are, and each
/// from the least to the most recently used: its number, its owner and the number of its
/// opening, its floor, how many replies it keeps, and each
/// by distance from the floor. Nothing of it depends on how the state came about.
extension SessionTable {
    static let version: UInt8 = 2
    /// Number, owner, opening, floor, and the count of replies.
    private static let smallestSession = 36
    /// Distance and length.
    private static let smallestReply = 8

    func encode(into writer: inout ByteWriter) {
        writer.write(ServiceTag.sessions)
        writer.write(SessionTable.version)
        writer.write(next)
        writer.write(count: count)
        var slot = oldest
        while slot != SessionTable.none {
            let replies = slots[slot].replies
            writer.write(slots[slot].id)
            writer.write(slots[slot].opening.owner)
            writer.write(slots[slot].opening.sequence)
            writer.write(replies.floor)
            writer.write(count: replies.count)
            for distance in 0..<replies.reach {
                guard let reply = replies.reply(to: replies.floor &+ UInt64(distance)) else {
                    continue
                }
                writer.write(count: distance)
                writer.write(reply)
            }
            slot = slots[slot].newer
        }
    }

    /// The table of a snapshot, with the limits of this one.
    func restored(from reader: inout ByteReader) throws(WireError) -> SessionTable {
        var table = SessionTable(limit: limit, replyBytes: replyLimit)
        try reader.readTag(of: ServiceTag.sessions)
        let version = try reader.readUInt8()
        guard version == SessionTable.version else { throw .unsupportedVersion(version) }
        table.next = try reader.readUInt64()
        // Half of the numbers are out of reach, so that counting on can never overflow.
        guard table.next >= 1 && table.next <= .max / 2 else { throw .invalidField }
        let count = try reader.readCount(upTo: limit)
        guard count <= reader.count / SessionTable.smallestSession else { throw .truncated }
        table.reserve(count)
        for _ in 0..<count {
            let id = try reader.readUInt64()
            guard id >= 1 && id < table.next && !table.contains(id) else { throw .invalidField }
            let owner = try reader.readUInt64()
            let opening = CommandID(
                session: 0, owner: owner, sequence: try reader.readUInt64())
            guard !table.contains(opening) else { throw .invalidField }
            let replies = try SessionTable.readReplies(from: &reader)
            table.adopt(replies, in: table.add(id: id, opening: opening))
            guard table.replyBytes <= replyLimit else { throw .invalidField }
        }
        return table
    }

    private static func readReplies(
        from reader: inout ByteReader
    ) throws(WireError) -> ReplyWindow {
        let floor = try reader.readUInt64()
        let count = try reader.readCount(upTo: ServiceLimits.maximumOutstanding)
        guard floor >= 1 else { throw .invalidField }
        guard count <= reader.count / smallestReply else { throw .truncated }
        var replies = ReplyWindow(floor: floor)
        var lowest = 0
        for _ in 0..<count {
            let distance = try reader.readCount(upTo: ServiceLimits.maximumOutstanding - 1)
            let (sequence, isTooLarge) = floor.addingReportingOverflow(UInt64(distance))
            guard distance >= lowest && !isTooLarge else { throw .invalidField }
            replies.keep(
                try reader.readBytes(upTo: ServiceLimits.maximumReplySize), to: sequence)
            lowest = distance + 1
        }
        return replies
    }
}
