import ConsensusCore

/// How much a table of sessions may hold; the same on every host of a cluster.
struct SessionLimits: Sendable {
    /// The most sessions; at least 1.
    var sessions: Int
    /// A session is in use lately if fewer than so many commands came after its last; at least 1.
    var lately: UInt64
    /// How many bytes of replies each session may keep beside the reply at its floor.
    var ownReplyBytes: Int
    /// How many bytes of replies all sessions together may keep beyond that.
    var replyBytes: Int

    /// What a reply counts for beside its own bytes.
    static let replyOverhead = 64
    /// The most that one reply counts for.
    static let largestReply = ServiceLimits.maximumReplySize + replyOverhead

    /// What a reply counts for in bytes.
    static func cost(of reply: [UInt8]) -> Int { reply.count + replyOverhead }
}
