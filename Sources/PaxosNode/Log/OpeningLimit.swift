import ConsensusCore

/// How many sessions each client may open: some at once, and then so many a second.
///
/// A token bucket a client, kept as the time when it would be full again (the generic cell rate
/// algorithm, ITU-T I.371). Whoever has not asked for so long that his bucket is full is forgotten, so
/// that forgetting changes nothing. When too many ask, those that are not known are turned away.
struct OpeningLimit: Sendable {
    /// How many openings a client may ask for at once.
    static let burst = 16
    /// How long it takes until it may ask for one more.
    static let interval = Interval.milliseconds(250)
    /// How long a bucket takes to be full again.
    private static let period = interval * Int64(burst)

    /// The most clients of one period.
    private let limit: Int
    /// By client: when its bucket would be full again.
    private var recent: [NodeID: Instant] = [:]
    /// Those that asked in the period before.
    private var older: [NodeID: Instant] = [:]
    private var periodStart = Instant(nanoseconds: .min)

    init(limit: Int = 16_384) {
        self.limit = limit
    }

    /// How many clients are known.
    var count: Int { recent.count + older.count }

    /// Whether a client may ask for a session now; if so that is counted.
    mutating func allows(_ client: NodeID, at now: Instant) -> Bool {
        if periodStart + OpeningLimit.period <= now {
            older = recent
            recent = [:]
            periodStart = now
        }
        guard let known = recent[client] ?? older[client] else {
            guard recent.count < limit else { return false }
            recent[client] = now + OpeningLimit.interval
            return true
        }
        let full = max(known, now) + OpeningLimit.interval
        guard full <= now + OpeningLimit.period,
            recent[client] != nil || recent.count < limit
        else { return false }
        older[client] = nil
        recent[client] = full
        return true
    }
}
