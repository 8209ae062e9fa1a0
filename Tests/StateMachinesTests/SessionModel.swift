import ConsensusCore
import StateMachines

/// The rules of ``Sessions`` said in the plainest way.
struct SessionModel {
    struct Session {
        var id: UInt64
        var opening: CommandID
        var lastUse: UInt64
        var commands = 0
        var floor: UInt64 = 1
        var replies: [UInt64: [UInt8]] = [:]

        /// What its replies count for, without the one at its floor.
        var bytes: Int {
            replies.reduce(0) { $0 + ($1.key == floor ? 0 : $1.value.count + 64) }
        }
    }

    let limit: Int
    let lately: UInt64
    let own: Int
    let shared: Int
    var next: UInt64 = 1
    var time: UInt64 = 0
    /// From the least to the most recently used.
    var sessions: [Session] = []
    var recorder = Recorder()

    /// The sessions that are modelled, with the same limits.
    func subject() -> Sessions<Recorder> {
        Sessions(
            Recorder(), limit: limit, lately: lately, ownReplyBytes: own, replyBytes: shared)
    }

    mutating func apply(_ header: CommandHeader, _ command: [UInt8]) -> Reply {
        if header.id.session == 0 { return open(header.id) }
        guard
            let place = sessions.firstIndex(where: {
                $0.id == header.id.session && $0.opening.owner == header.id.owner
            })
        else { return .expired }
        time += 1
        var session = sessions.remove(at: place)
        session.lastUse = time
        defer { sessions.append(session) }
        let sequence = header.id.sequence
        guard sequence > 0 else { return .crowded }
        session.floor = max(session.floor, min(header.answeredBelow, sequence))
        session.replies = session.replies.filter { $0.key >= session.floor }
        if sequence < session.floor { return .superseded }
        if sequence - session.floor >= ServiceLimits.maximumOutstanding { return .crowded }
        if let reply = session.replies[sequence] { return .done(reply) }
        guard sequence == session.floor || makeRoom(for: session) else { return .crowded }
        let reply = recorder.apply(command.span)
        session.replies[sequence] = reply
        session.commands += 1
        return .done(reply)
    }

    private mutating func open(_ opening: CommandID) -> Reply {
        if let known = sessions.first(where: { $0.opening == opening }) {
            return .opened(session: known.id)
        }
        time += 1
        if sessions.count == limit {
            let newcomer = sessions.firstIndex { $0.commands < 2 }
            let regular = sessions.firstIndex { $0.commands >= 2 }
            let places = [newcomer, regular].compactMap(\.self)
            guard let place = places.first(where: { isIdle(sessions[$0]) }) else {
                return .refused
            }
            sessions.remove(at: place)
        }
        sessions.append(Session(id: next, opening: opening, lastUse: time))
        next += 1
        return .opened(session: next - 1)
    }

    private func isIdle(_ session: Session) -> Bool { time - session.lastUse >= lately }

    private func borrowed(_ bytes: Int) -> Int { max(0, bytes - own) }

    /// Whether the largest reply can be kept for a session that is taken out of the others.
    private mutating func makeRoom(for session: Session) -> Bool {
        let most = borrowed(session.bytes + ServiceLimits.maximumReplySize + 64)
        while sessions.reduce(0, { $0 + borrowed($1.bytes) }) + most > shared {
            guard let place = sessions.firstIndex(where: { borrowed($0.bytes) > 0 }),
                isIdle(sessions[place])
            else { return false }
            sessions.remove(at: place)
        }
        return true
    }

    /// What a leader is to be told of a command that has the given reply when it is applied.
    func standing(of header: CommandHeader, beforeReply reply: Reply) -> [Standing] {
        let known = sessions.first { $0.id == header.id.session }
        switch reply {
        case .opened(let session): return [session < next ? .applied(reply) : .opens]
        case .refused: return [.opens]
        case .expired: return [header.id.session < next ? .expired : .unknown]
        case .superseded: return [.superseded]
        case .crowded: return [.crowded, .fresh]
        case .done:
            let isKept = known?.replies[header.id.sequence] != nil
            return [isKept ? .applied(reply) : .fresh]
        }
    }
}
