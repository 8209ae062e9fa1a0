import ConsensusCore

/// The snapshot: the tag and version, the next session's number, the time, how many sessions there
/// are, and each from the least to the most recently used: its number, its owner and the number of
/// its opening, its last use, how many commands it carried, its floor, how many replies it keeps,
/// and each by distance from the floor. Nothing of it depends on how the state came about.
extension SessionTable {
    static let version: UInt8 = 2
    /// Number, owner, opening, last use, floor, count of commands, and count of replies.
    private static let smallestSession = 45
    /// Distance and length.
    private static let smallestReply = 8

    func encode(into writer: inout ByteWriter) {
        writer.write(ServiceTag.sessions)
        writer.write(SessionTable.version)
        writer.write(next)
        writer.write(time)
        writer.write(count: count)
        var newcomer = newcomers.oldest
        var regular = regulars.oldest
        while let slot = earlier(newcomer, regular) {
            encode(slots[slot], into: &writer)
            if slot == newcomer {
                newcomer = newcomers.next(after: slot)
            } else {
                regular = regulars.next(after: slot)
            }
        }
    }

    /// Which of two slots was used less recently.
    private func earlier(_ one: Int?, _ other: Int?) -> Int? {
        guard let one, let other else { return one ?? other }
        return slots[one].lastUse < slots[other].lastUse ? one : other
    }

    private func encode(_ session: Session, into writer: inout ByteWriter) {
        let replies = session.replies
        writer.write(session.id)
        writer.write(session.opening.owner)
        writer.write(session.opening.sequence)
        writer.write(session.lastUse)
        writer.write(session.use.rawValue)
        writer.write(replies.floor)
        writer.write(count: replies.count)
        for distance in 0..<replies.reach {
            guard let reply = replies.reply(to: replies.floor &+ UInt64(distance)) else {
                continue
            }
            writer.write(count: distance)
            writer.write(reply)
        }
    }

    /// The table of a snapshot, with the limits of this one.
    func restored(from reader: inout ByteReader) throws(WireError) -> SessionTable {
        var table = SessionTable(limits: limits)
        try reader.readTag(of: ServiceTag.sessions)
        let version = try reader.readUInt8()
        guard version == SessionTable.version else { throw .unsupportedVersion(version) }
        table.next = try reader.readUInt64()
        // Half of the numbers are out of reach, so that counting on can never overflow.
        table.time = try reader.readUInt64()
        guard table.next >= 1 && table.next - 1 <= table.time && table.time <= .max / 2 else {
            throw .invalidField
        }
        let count = try reader.readCount(upTo: limits.sessions)
        guard count <= reader.count / SessionTable.smallestSession else { throw .truncated }
        table.reserve(count)
        var lastUse: UInt64 = 0
        for _ in 0..<count {
            let session = try SessionTable.readSession(from: &reader)
            guard session.id >= 1 && session.id < table.next && !table.contains(session.id),
                !table.contains(session.opening),
                session.lastUse > lastUse && session.lastUse <= table.time
            else { throw .invalidField }
            lastUse = session.lastUse
            table.add(session)
            guard table.sharedReplyBytes <= limits.replyBytes else { throw .invalidField }
        }
        return table
    }

    private static func readSession(from reader: inout ByteReader) throws(WireError) -> Session {
        let id = try reader.readUInt64()
        let owner = try reader.readUInt64()
        let opening = CommandID(session: 0, owner: owner, sequence: try reader.readUInt64())
        let lastUse = try reader.readUInt64()
        guard let use = Use(rawValue: try reader.readUInt8()) else { throw .invalidField }
        let replies = try readReplies(from: &reader)
        guard use == .often || replies.count <= Int(use.rawValue) else { throw .invalidField }
        return Session(id: id, opening: opening, lastUse: lastUse, use: use, replies: replies)
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
