import Testing
import UDPRuntime

/// One wrong hosts file, and what its error must name.
struct WrongFile: CustomTestStringConvertible, Sendable {
    let name: String
    let text: String
    let line: Int
    let words: [String]

    init(_ name: String, _ text: String, line: Int, _ words: String...) {
        self.name = name
        self.text = text
        self.line = line
        self.words = words
    }

    var testDescription: String { name }

    static let roles = "PROPOSERS 1\nACCEPTORS 1\nLEARNERS 1\n"
    static let hosts = "127.0.0.1 1 con\n127.0.0.1 2 con\n127.0.0.1 3 con\n"

    static let all = [
        WrongFile(
            "unknown key", "PROPOSERS 1\nPROPOSER 1\n", line: 2, "unknown key", "'PROPOSER'",
            "LEARNERS"),
        WrongFile("key in small letters", "proposers 1\n", line: 1, "unknown key", "PROPOSERS"),
        WrongFile(
            "repeated key", "# x\nACCEPTORS 1\n\nACCEPTORS 1\n", line: 4, "repeated key ACCEPTORS",
            "line 2"),
        WrongFile("key without a value", "PROPOSERS\n", line: 1, "PROPOSERS", "exactly one"),
        WrongFile("key with two values", "PROPOSERS 1 2\n", line: 1, "PROPOSERS", "2 values"),
        WrongFile(
            "key after a host", roles + hosts + "ENGINE paxos\n", line: 7, "ENGINE", "line 4"),
        WrongFile(
            "roles that do not add up", roles.replacing("S 1\nL", with: "S 2\nL") + hosts, line: 3,
            "add up", "1 proposers + 2 acceptors + 1 learners = 4", "3 con lines"),
        WrongFile(
            "no learner", roles.replacing("LEARNERS 1", with: "LEARNERS 0") + hosts, line: 3,
            "no learner", "at least 1"),
        WrongFile(
            "no proposer", roles.replacing("PROPOSERS 1", with: "PROPOSERS 0") + hosts, line: 1,
            "no proposer"),
        WrongFile(
            "no acceptor", roles.replacing("ACCEPTORS 1", with: "ACCEPTORS 0") + hosts, line: 2,
            "no acceptor"),
        WrongFile(
            "role missing", "PROPOSERS 1\nACCEPTORS 1\n" + hosts, line: 3, "LEARNERS is missing"),
        WrongFile("no roles", hosts, line: 1, "PROPOSERS is missing"),
        WrongFile(
            "role not a number", "PROPOSERS one\nACCEPTORS 1\nLEARNERS 1\n" + hosts, line: 1,
            "'one'",
            "from 1 to 64"),
        WrongFile(
            "negative role", "PROPOSERS -1\nACCEPTORS 1\nLEARNERS 1\n" + hosts, line: 1, "'-1'"),
        WrongFile(
            "huge role", "PROPOSERS 99999999999999999999\nACCEPTORS 1\nLEARNERS 1\n" + hosts,
            line: 1,
            "'99999999999999999999'"),
        WrongFile("port 0", roles + "a 0 con\n", line: 4, "bad port '0'", "1 to 65535"),
        WrongFile("port 65536", roles + "a 65536 con\n", line: 4, "bad port '65536'"),
        WrongFile("port not a number", roles + "a ten con\n", line: 4, "bad port 'ten'"),
        WrongFile("port with a sign", roles + "a +10 con\n", line: 4, "bad port '+10'"),
        WrongFile("bad kind", roles + "a 10 node\n", line: 4, "bad kind 'node'", "con", "cli"),
        WrongFile("one word", roles + "localhost\n", line: 4, "one word", "HOST PORT con"),
        WrongFile("two words", roles + "localhost 10\n", line: 4, "two words", "HOST PORT con"),
        WrongFile("four words", roles + "a 10 con x\n", line: 4, "4 words"),
        WrongFile(
            "long host name", roles + String(repeating: "a", count: 254) + " 1 con\n", line: 4,
            "254"),
        WrongFile(
            "same address twice", roles + "a 1 con\nb 1 con\nA 1 con\n", line: 6, "same address",
            "line 4"),
        WrongFile(
            "con after cli", roles + "a 1 con\nb 1 cli\nc 1 con\n", line: 6, "con line after",
            "line 5"),
        WrongFile("no hosts", roles, line: 3, "no con line"),
        WrongFile("only clients", roles + "a 1 cli\n", line: 4, "no con line"),
        WrongFile("empty file", "", line: 1, "no con line"),
        WrongFile(
            "too many nodes", roles + (1...65).map { "a \($0) con\n" }.joined(), line: 68,
            "too many nodes", "at most 64"),
        WrongFile("NUL", roles + "a\0b 1 con\n", line: 4, "not text"),
        WrongFile("bad engine", "ENGINE zab\n" + hosts, line: 1, "bad ENGINE 'zab'", "total-order"),
        WrongFile("bad service", "SERVICE sql\n" + hosts, line: 1, "bad SERVICE 'sql'", "variable"),
        WrongFile(
            "raft with the default service", "ENGINE raft\n" + hosts, line: 1, "SERVICE variable"),
        WrongFile(
            "raft with the variable", "ENGINE raft\nSERVICE variable\n" + hosts, line: 2,
            "SERVICE variable"),
        WrongFile(
            "raft with roles", "ENGINE raft\nSERVICE list\n" + roles + hosts, line: 3,
            "no role lines"),
        WrongFile(
            "replicas of the variable", "REPLICAS 3\n" + hosts, line: 1, "REPLICAS", "log service"),
        WrongFile(
            "replicas and roles", "SERVICE kv\nREPLICAS 3\n" + roles + hosts, line: 2, "line 3"),
        WrongFile(
            "replicas that are not the con lines", "SERVICE kv\nREPLICAS 2\n" + hosts, line: 2,
            "'2'", "3 con lines"),
    ]

    /// Those that are found only once the names are resolved.
    static let unresolved = [
        WrongFile(
            "same address under two names",
            roles + "localhost 1 con\n127.0.0.2 1 con\n127.0.0.1 1 con\n",
            line: 6, "the same as 'localhost'", "line 4"),
        WrongFile(
            "mixed families", roles + "127.0.0.1 1 con\n127.0.0.1 2 con\n::1 3 con\n", line: 6,
            "'::1'", "IPv6", "line 4", "one family"),
        WrongFile(
            "any address", roles + "0.0.0.0 1 con\n127.0.0.1 2 con\n127.0.0.1 3 con\n", line: 4,
            "0.0.0.0", "one host"),
        WrongFile(
            "many hosts", roles + "127.0.0.1 1 con\n239.1.2.3 2 con\n127.0.0.1 3 con\n", line: 5,
            "239.1.2.3", "one host"),
        WrongFile(
            "unknown name",
            roles + "127.0.0.1 1 con\nno-such-host.invalid 2 con\n127.0.0.1 3 con\n",
            line: 5, "'no-such-host.invalid'"),
    ]
}

@Suite("Wrong hosts files")
struct HostsFileErrorTests {
    private func check(_ error: ExitError, _ file: WrongFile) {
        #expect(error.status == 65)
        #expect(error.sentence.hasPrefix("hosts.txt:\(file.line): "), "\(error.sentence)")
        #expect(error.sentence.hasSuffix("."))
        for word in file.words { #expect(error.sentence.contains(word), "\(error.sentence)") }
    }

    @Test("names file, line, what was found and what was expected", arguments: WrongFile.all)
    func parsing(file: WrongFile) throws {
        let error = try #require(throws: ExitError.self) {
            try HostsFile(parsing: Array(file.text.utf8), path: "hosts.txt")
        }
        check(error, file)
    }

    @Test("names the line of an address that cannot be used", arguments: WrongFile.unresolved)
    func resolving(file: WrongFile) throws {
        let parsed = try HostsFile(parsing: Array(file.text.utf8), path: "hosts.txt")
        let error = try #require(throws: ExitError.self) { try parsed.addresses() }
        check(error, file)
    }

    @Test("a line that is not UTF-8 is not text")
    func notText() throws {
        let bytes = Array("PROPOSERS 1\n".utf8) + [0x61, 0xff, 0xfe, 0x20, 0x0a]
        let error = try #require(throws: ExitError.self) {
            try HostsFile(parsing: bytes, path: "hosts.txt")
        }
        #expect(error.sentence.hasPrefix("hosts.txt:2: this line is not text"))
    }

    @Test("a file beyond all sense is refused before it is read as lines")
    func tooLarge() throws {
        let bytes = [UInt8](repeating: 0x0a, count: HostsFile.sizeLimit + 1)
        let error = try #require(throws: ExitError.self) {
            try HostsFile(parsing: bytes, path: "hosts.txt")
        }
        #expect(error.status == 65)
        #expect(error.sentence.contains("\(HostsFile.sizeLimit) bytes"))
    }

    @Test("a file that is not there, or is a directory", arguments: ["/nowhere/hosts.txt", "/"])
    func unreadable(path: String) throws {
        let error = try #require(throws: ExitError.self) { try HostsFile(path: path) }
        #expect(error.status == 65)
        #expect(error.sentence.hasPrefix("\(path): the hosts file cannot be read"))
        #expect(error.sentence.contains("--hosts FILE"))
    }
}
