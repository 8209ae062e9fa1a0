import ConsensusCore

/// Something about each of the latest commands, bounded in number and bytes.
struct RecentTable<Value: Sendable>: Sendable {
    private var recent: [CommandID: Value] = [:]
    private var recentBytes = 0
    private var older: [CommandID: Value] = [:]

    /// How many are known at least, unless they take too many bytes.
    private let limit: Int
    /// About how many bytes the latest may have.
    private let byteLimit: Int

    init(limit: Int, bytes: Int = .max) {
        self.limit = limit
        byteLimit = bytes
    }

    subscript(id: CommandID) -> Value? { recent[id] ?? older[id] }

    /// - Parameter bytes: how many bytes the value has besides those of the table.
    mutating func insert(_ value: Value, for id: CommandID, bytes: Int = 0) {
        if recent.count >= limit || recentBytes >= byteLimit {
            older = recent
            recent = [:]
            recentBytes = 0
        }
        recent[id] = value
        recentBytes += bytes
    }

    mutating func remove(_ id: CommandID) -> Value? {
        recent.removeValue(forKey: id) ?? older.removeValue(forKey: id)
    }
}
