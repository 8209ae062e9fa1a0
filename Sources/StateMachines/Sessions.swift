public import ConsensusCore

/// A state machine with client sessions before it, so that a retried command is applied once.
///
/// The rules are those of Ongaro's dissertation, *Consensus: Bridging Theory and Practice* (2014),
/// section 6.3, for clients with many commands under way at a time:
///
/// - A command of session 0 opens a session, whatever its body, and is answered `opened`. Sessions
///   are numbered from 1 by a counter in the state that never repeats a number: a late copy of a
///   command whose session is forgotten finds no session, ever, and cannot be applied again. A copy
///   of an opening, by the numbers its client drew, is answered with the same session while that is
///   there.
/// - A command of an unknown session is `expired`, and so is one whose owner is not the session's:
///   it changes nothing at all.
/// - A session's *floor* is the highest `answeredBelow` seen, though never above the number of the
///   command that said so. What is below it is `superseded`, and its reply forgotten.
/// - A command applied before is answered with the reply of that time.
/// - A command of number 0, or ``ConsensusCore/ServiceLimits/maximumOutstanding`` or more above the
///   floor, is `crowded`; so is one above the floor for whose reply there may be no room.
/// - Any other is applied, and its reply kept. The commands of a session may come in any order.
///
/// *Room for sessions.* There are so many and no more. Any command of a session, by its owner, is a
/// use of it, and time is counted in such commands and in openings, so every host does the same.
/// When there is no room, an opening takes the place of the session used least recently among those
/// that never carried a second command, so that who only opens sessions drives out his like; if all
/// of those were used lately, of the session used least recently among the others. A session used
/// lately keeps its place: if all are, the opening is `refused`.
///
/// *Room for replies.* Each counts with ``replyOverhead``. A session keeps the reply at its floor
/// in any case, and so many bytes beside; what is more comes out of a store common to all. When
/// that is used up the session that uses of it and was used least recently is forgotten, unless it
/// was used lately. What a command would need is reckoned before it is applied, by the largest
/// reply there is.
///
/// Beside the replies, a session takes some hundred bytes, and up to 8 KiB if its client ever had
/// many commands under way.
///
/// Admitting a command takes constant time, and no memory but for its reply.
public struct Sessions<Machine: StateMachine>: ReplicatedState {
    /// What the commands are applied to.
    public private(set) var machine: Machine
    private var table: SessionTable

    /// How many bytes a reply counts for beside its own.
    public static var replyOverhead: Int { SessionLimits.replyOverhead }

    /// Begins with no session.
    ///
    /// All parameters are to be the same on every host of a cluster.
    ///
    /// - Parameters:
    ///   - limit: the most sessions; at least 1.
    ///   - lately: a session is in use lately if fewer than so many commands came after its last;
    ///     at least 1. No opening is refused if it is less than `limit`.
    ///   - ownReplyBytes: how many bytes of replies each session may keep beside the one at its
    ///     floor; not negative.
    ///   - replyBytes: how many bytes of replies all may keep beyond that; not negative.
    public init(
        _ machine: Machine, limit: Int = 4_096, lately: UInt64 = 1_024,
        ownReplyBytes: Int = 40_960, replyBytes: Int = 36 << 20
    ) {
        self.machine = machine
        self.table = SessionTable(
            limits: SessionLimits(
                sessions: limit, lately: lately, ownReplyBytes: ownReplyBytes,
                replyBytes: replyBytes))
    }

    /// How many sessions are known.
    public var sessionCount: Int { table.count }

    /// How many bytes the replies kept count for.
    public var replyBytes: Int { table.replyBytes }

    public mutating func apply(_ header: CommandHeader, _ command: Span<UInt8>) -> Reply {
        switch table.admit(header) {
        case .answer(let reply): return reply
        case .apply(let slot):
            let result = Self.bounded(machine.apply(command))
            table.keep(result, of: header.id.sequence, in: slot)
            return .done(result)
        }
    }

    public func standing(of header: CommandHeader) -> Standing {
        table.standing(of: header)
    }

    public func read(_ query: Span<UInt8>) -> [UInt8] {
        Self.bounded(machine.read(query))
    }

    public func snapshot() -> [UInt8] {
        var writer = ByteWriter()
        table.encode(into: &writer)
        writer.bytes.append(contentsOf: machine.snapshot())
        return writer.bytes
    }

    /// Replaces the whole state; leaves it as it was if it throws.
    ///
    /// Throws ``ConsensusCore/WireError/invalidField`` too when the snapshot has more sessions or
    /// replies than this host allows.
    public mutating func restore(_ snapshot: Span<UInt8>) throws(WireError) {
        var reader = snapshot
        let restored = try table.restored(from: &reader)
        try machine.restore(reader)
        table = restored
    }

    /// Stops the program when the table of sessions contradicts itself.
    public func checkInvariants() {
        table.checkInvariants()
    }

    private static func bounded(_ reply: [UInt8]) -> [UInt8] {
        reply.count <= ServiceLimits.maximumReplySize ? reply : []
    }
}
