import ConsensusCore
import StateMachines

/// The bug: sessions for which whoever knows their number may speak.
struct Trusting<Machine: StateMachine>: ReplicatedState {
    private var sessions: Sessions<Machine>
    /// By session, from the first: who opened it.
    private var owners: [UInt64] = []

    init(_ sessions: Sessions<Machine>) {
        self.sessions = sessions
    }

    /// The command as its session's owner would send it.
    private func trusted(_ header: CommandHeader) -> CommandHeader {
        var header = header
        let session = header.id.session
        if session >= 1, session <= UInt64(owners.count) {
            header.id.owner = owners[Int(session) - 1]
        }
        return header
    }

    mutating func apply(_ header: CommandHeader, _ command: Span<UInt8>) -> Reply {
        let reply = sessions.apply(trusted(header), command)
        if case .opened(let session) = reply, session > UInt64(owners.count) {
            owners.append(header.id.owner)
        }
        return reply
    }

    func standing(of header: CommandHeader) -> Standing { sessions.standing(of: trusted(header)) }

    func read(_ query: Span<UInt8>) -> [UInt8] { sessions.read(query) }

    func snapshot() -> [UInt8] {
        var writer = ByteWriter()
        writer.write(count: owners.count)
        for owner in owners { writer.write(owner) }
        return writer.bytes + sessions.snapshot()
    }

    mutating func restore(_ snapshot: Span<UInt8>) throws(WireError) {
        var reader = snapshot
        let count = try reader.readCount(upTo: reader.count / 8)
        var restored: [UInt64] = []
        for _ in 0..<count { restored.append(try reader.readUInt64()) }
        try sessions.restore(reader)
        owners = restored
    }
}
