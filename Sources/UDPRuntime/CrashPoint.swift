/// The message at whose N-th arrival a node ends, as if it had crashed, before it acts on it.
public struct CrashPoint: Hashable, Sendable {
    /// The message's kind, as ``ConsensusCore/WireMessage/kind`` gives it.
    public let kind: String
    /// Which of them, from 1.
    public let count: Int

    /// - Precondition: `count` is at least 1.
    public init(kind: String, count: Int) {
        precondition(count >= 1)
        self.kind = kind
        self.count = count
    }

    /// The most arrivals that can be waited for.
    public static let countLimit = 1_000_000_000

    /// Reads `MESSAGE[:N]`.
    ///
    /// - Parameters:
    ///   - kinds: the messages there are.
    ///   - aliases: other names for them, as pairs of alias and kind.
    /// - Throws: ``ExitError`` of status 64 that lists the names.
    public init(
        parsing text: String, kinds: [String], aliases: [(alias: String, kind: String)] = []
    ) throws(ExitError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        let kind = aliases.first { $0.alias == name }?.kind ?? name
        guard kinds.contains(kind) else {
            var list = kinds.joined(separator: ", ")
            if !aliases.isEmpty {
                list +=
                    "; also " + aliases.map { "\($0.alias) for \($0.kind)" }.joined(separator: ", ")
            }
            throw .usage("--crash-on: there is no message '\(name)'. Messages are \(list).")
        }
        var count = 1
        if parts.count == 2 {
            count = try OptionValue.count(
                String(parts[1]), of: "--crash-on \(name):N", in: 1...CrashPoint.countLimit)
        }
        self.init(kind: kind, count: count)
    }
}
