public import ConsensusCore

/// A state machine with client sessions before it, so that a retried command is applied once.
///
/// The rules are those of Ongaro's dissertation, *Consensus: Bridging Theory and Practice* (2014),
/// section 6.3, for clients with many commands under way at a time:
///
/// - A command of session 0 opens a session, whatever its body, and is answered `opened`. Sessions
///   are numbered from 1 by a counter in the state that never repeats a number: a late copy of a
///   command whose session is forgotten finds no session, ever, and cannot be applied again. A copy of
///   an opening, by the numbers its client drew, is answered with the same session while that is there.
/// - A command of an unknown session is `expired`, and so is one whose owner is not the session's: it
///   changes nothing at all.
/// - A session's *floor* is the highest `answeredBelow` seen, though never above the number of the
///   command that said so. What is below it is `superseded`, and its reply forgotten.
/// - A command applied before is answered with the reply of that time.
/// - A command of number 0, or ``ConsensusCore/ServiceLimits/maximumOutstanding`` or more above the
///   floor, is `crowded`.
/// - Any other is applied, and its reply kept. The commands of a session may come in any order.
///
/// Memory is bounded by a number of sessions and by the bytes of all replies kept, each counted with
/// ``replyOverhead``. Beyond either, the session that was used least recently is forgotten. Any command
/// of a session is a use of it, and uses are ordered as the commands are, so every host forgets the same
/// one. Beside the replies, a session takes some hundred bytes, and up to 8 KiB if its client ever had
/// many commands under way.
///
/// Admitting a command takes constant time, and no memory but for its reply.
public struct Sessions<Machine: StateMachine>: ReplicatedState {
    /// What the commands are applied to.
    public private(set) var machine: Machine
    private var table: SessionTable

    /// How many bytes a reply counts for beside its own.
    public static var replyOverhead: Int { SessionTable.replyOverhead }

    /// The fewest bytes of replies that may be allowed: what one session can have under way.
    public static var minimumReplyBytes: Int { SessionTable.minimumReplyBytes }

    /// Begins with no session.
    ///
    /// - Parameters:
    ///   - limit: the most sessions; the same on every host of a cluster.
    ///   - replyBytes: the most bytes of kept replies; the same on every host of a cluster.
    /// - Precondition: `limit` is at least 1 and `replyBytes` at least ``minimumReplyBytes``.
    public init(_ machine: Machine, limit: Int = 4_096, replyBytes: Int = 64 << 20) {
        self.machine = machine
        self.table = SessionTable(limit: limit, replyBytes: replyBytes)
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
    /// Throws ``ConsensusCore/WireError/invalidField`` too when the snapshot has more sessions or replies
    /// than this host allows.
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
