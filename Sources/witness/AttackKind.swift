/// What a guest that means ill sends.
enum AttackKind: String, CaseIterable {
    /// Commands under the numbers of sessions that others have opened.
    case commandsOfOthers = "commands-of-others"
    /// Openings of sessions, each another.
    case openings
    /// Datagrams full of queries for one large value.
    case queries
    /// Questions for a node's status, and for a digest of its state.
    case inquiries
    /// Its own commands, which were answered long ago.
    case replays
    /// What is no message at all: wrong from the first byte, behind a right header, or by its checksum.
    case garbage

    /// As many commands as make a datagram of some 2,000 bytes, so that both limits of a rate are met.
    static let commandsEach = 35
    /// The same of openings, which are shorter.
    static let openingsEach = 52
    /// What a command of another's session writes, were it carried out.
    static let forgedKey = Array("forged".utf8)
    /// The key that is asked for, and the size of its value.
    static let large = (key: Array("large".utf8), size: 16_000)
    /// How many commands of its own a guest has answered before it sends them again.
    static let replayed = 64
}
