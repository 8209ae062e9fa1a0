internal import ConsensusCore

/// Reads a hosts file line by line.
struct HostsFileParser {
    /// The keys there are.
    enum Key: String, CaseIterable {
        case proposers = "PROPOSERS"
        case acceptors = "ACCEPTORS"
        case learners = "LEARNERS"
        case engine = "ENGINE"
        case service = "SERVICE"
        case replicas = "REPLICAS"
    }

    /// A key's value and its line.
    struct Setting {
        let value: String
        let line: Int
    }

    let path: String
    private(set) var hosts: [HostsFile.Host] = []
    private(set) var conCount = 0
    /// The number of the line being read, from 1; in the end, of the last.
    private(set) var line = 1
    private var settings: [Key: Setting] = [:]
    private var firstLines: [String: Int] = [:]

    init(path: String) {
        self.path = path
    }

    func setting(_ key: Key) -> Setting? { settings[key] }

    /// A sentence about a line, or about the one being read.
    func failure(_ sentence: String, line: Int? = nil) -> ExitError {
        ExitError(status: ExitStatus.hostsFile, "\(path):\(line ?? self.line): \(sentence)")
    }

    /// Reads all lines.
    mutating func parse(_ bytes: [UInt8]) throws(ExitError) {
        guard bytes.count <= HostsFile.sizeLimit else {
            throw failure(
                "the file has more than \(HostsFile.sizeLimit) bytes; expected a hosts file.")
        }
        var rest = bytes[...]
        // Some editors begin a text with a byte order mark.
        if rest.starts(with: [0xef, 0xbb, 0xbf]) { rest = rest.dropFirst(3) }
        while true {
            let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
            var content = rest[..<end]
            if content.last == UInt8(ascii: "\r") { content = content.dropLast() }
            try parseLine(content)
            rest = rest[end...].dropFirst()
            if rest.isEmpty { return }
            line += 1
        }
    }

    private mutating func parseLine(_ bytes: ArraySlice<UInt8>) throws(ExitError) {
        let isText = bytes.allSatisfy { ($0 >= 0x20 && $0 != 0x7f) || $0 == UInt8(ascii: "\t") }
        guard isText, let text = String(validating: bytes, as: UTF8.self) else {
            throw failure(
                "this line is not text: it holds control characters or is not UTF-8. "
                    + "Expected a hosts file; this may be another kind of file.")
        }
        let content = text.utf8.prefix { $0 != UInt8(ascii: "#") }
        let words = content.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            .map { String(Substring($0)) }
        guard let first = words.first else { return }
        if let key = Key(rawValue: first) {
            try parseKey(key, words)
        } else if words.count >= 3 {
            try parseHost(words)
        } else {
            throw unknownLine(first, words.count)
        }
    }

    private func unknownLine(_ first: String, _ count: Int) -> ExitError {
        let keys = Key.allCases.map(\.rawValue).joined(separator: ", ")
        if let key = Key(rawValue: first.uppercased()) {
            return failure(
                "unknown key '\(first)'; keys are in capitals, so write \(key.rawValue).")
        }
        let isCapitals = first.utf8.allSatisfy { $0 >= 0x41 && $0 <= 0x5a }
        if isCapitals {
            return failure("unknown key '\(first)'; expected a host line, or one of \(keys).")
        }
        return failure(
            "found \(count == 1 ? "one word" : "two words"), '\(first)' first; expected a host "
                + "line, HOST PORT con or HOST PORT cli, or one of the keys \(keys).")
    }

    // MARK: Keys

    private mutating func parseKey(_ key: Key, _ words: [String]) throws(ExitError) {
        guard words.count == 2 else {
            throw failure(
                "\(key.rawValue) has \(words.count - 1) values; expected exactly one.")
        }
        if let earlier = settings[key] {
            throw failure(
                "repeated key \(key.rawValue), already in line \(earlier.line). Keep one of them.")
        }
        guard hosts.isEmpty else {
            throw failure(
                "\(key.rawValue) comes after a host line; expected it before the first, in line "
                    + "\(hosts[0].line).")
        }
        settings[key] = Setting(value: words[1], line: line)
    }

    // MARK: Hosts

    private mutating func parseHost(_ words: [String]) throws(ExitError) {
        guard words.count == 3 else {
            throw failure(
                "found \(words.count) words; expected a host line of three, HOST PORT con or "
                    + "HOST PORT cli.")
        }
        guard words[0].utf8.count <= 253 else {
            throw failure("the host's name has \(words[0].utf8.count) bytes; names have up to 253.")
        }
        guard let port = OptionValue.digits(words[1]).flatMap({ UInt16(exactly: $0) }), port != 0
        else {
            throw failure("bad port '\(words[1])'; expected a number from 1 to 65535.")
        }
        guard let kind = HostsFile.Kind(rawValue: words[2]) else {
            throw failure("bad kind '\(words[2])'; expected con (a node) or cli (a client).")
        }
        if kind == .con {
            guard hosts.count == conCount else {
                throw failure(
                    "a con line after the cli line \(hosts[conCount].line); expected all con lines "
                        + "before the first cli line.")
            }
            guard conCount < NodeSet.maximumCount else {
                throw failure(
                    "too many nodes: this is con line \(conCount + 1); expected at most "
                        + "\(NodeSet.maximumCount).")
            }
            conCount += 1
        }
        guard hosts.count < HostsFile.maximumHosts else {
            throw failure(
                "too many hosts: this is host line \(hosts.count + 1); expected at most "
                    + "\(HostsFile.maximumHosts).")
        }
        let address = "\(words[0].lowercased()) \(port)"
        if let earlier = firstLines[address] {
            throw failure(
                "the same address, \(words[0]) port \(port), is in line \(earlier). "
                    + "Give each host a port of its own.")
        }
        firstLines[address] = line
        hosts.append(HostsFile.Host(name: words[0], port: port, kind: kind, line: line))
    }
}
