/// What a state knows of a command that has no place in the order yet.
///
/// It is what a leader asks before it gives a command a slot. A state lags behind what is agreed, so
/// only what cannot change any more is final: a command that was applied, that its client said it has the
/// answer to, or whose session has been and is gone. Those cases a leader may answer at once, however
/// far it lags; all others have to be put into the order to be decided.
public enum Standing: Hashable, Sendable {
    /// It is not known, and would be applied, unless there is no room to keep its reply.
    case fresh
    /// Final: it was applied, or opened a session that is there, and was answered so.
    case applied(Reply)
    /// Final: its client said that it has the answer.
    case superseded
    /// Final: its session was forgotten, or is another's.
    case expired
    /// Its session has not been opened yet, as far as is known here.
    case unknown
    /// Its session has too many commands without an answer, at present.
    case crowded
    /// It opens a session, if there is room; that it is refused makes time pass for the table of sessions.
    case opens

    /// The answer that needs no place in the order; nil if there is none.
    public var finalReply: Reply? {
        switch self {
        case .applied(let reply): reply
        case .superseded: .superseded
        case .expired: .expired
        case .fresh, .unknown, .crowded, .opens: nil
        }
    }
}
