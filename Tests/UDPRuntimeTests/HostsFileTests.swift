import ConsensusCore
import Testing
import UDPRuntime

@Suite("Hosts file")
struct HostsFileTests {
    static let example = """
        PROPOSERS 1            # role form
        ACCEPTORS 3
        LEARNERS 1             # at least 1

        # the hosts
        localhost 10000 con
        localhost 10001 con
        localhost\t10002\tcon
        localhost 10003 con # the last acceptor
        localhost 10004 con
        localhost 10005 cli
        """

    private func parse(_ text: String) throws -> HostsFile {
        try HostsFile(parsing: Array(text.utf8), path: "hosts.txt")
    }

    @Test("gives roles, hosts and their lines; a position is an ID")
    func example() throws {
        let file = try parse(HostsFileTests.example)
        #expect(file.engine == .paxos)
        #expect(file.service == .variable)
        #expect(file.roles == .separate(proposers: 1, acceptors: 3, learners: 1))
        #expect(file.conCount == 5)
        #expect(file.clientCount == 1)
        #expect(file.hosts.map(\.port) == [10_000, 10_001, 10_002, 10_003, 10_004, 10_005])
        #expect(file.hosts.map(\.line) == [6, 7, 8, 9, 10, 11])
        #expect(file.hosts[5].kind == .cli)
        #expect(file.place(of: 2) == "hosts.txt:8")
    }

    @Test("accepts CRLF, a byte order mark and a last line without an end")
    func spellings() throws {
        let plain = try parse(HostsFileTests.example)
        let other = try parse(
            "\u{feff}" + HostsFileTests.example.replacing("\n", with: "\r\n"))
        #expect(other.hosts == plain.hosts)
        #expect(other.cluster == plain.cluster)
    }

    @Test("takes keys in any order, and the engines and services that are for later")
    func keys() throws {
        let list = try parse("SERVICE list\nENGINE raft\na 1 con\nb 1 con\n")
        #expect(list.engine == .raft)
        #expect(list.service == .list)
        #expect(list.roles == .replicas(2))
        let keyValue = try parse("REPLICAS 1\nSERVICE kv\na 1 con\n")
        #expect(keyValue.roles == .replicas(1))
        let chat = try parse("ENGINE total-order\nSERVICE chat\na 1 con\n")
        #expect(chat.engine == .totalOrder)
        let roles = try parse(
            "SERVICE kv\nLEARNERS 1\nACCEPTORS 1\nPROPOSERS 1\na 1 con\nb 1 con\nc 1 con")
        #expect(roles.roles == .separate(proposers: 1, acceptors: 1, learners: 1))
    }

    @Test(
        "what this version does not have is refused by the drivers, with 65",
        arguments: [
            ("ENGINE raft\nSERVICE list\na 1 con\n", "ENGINE raft"),
            ("ENGINE total-order\nSERVICE chat\na 1 con\n", "ENGINE total-order"),
            ("SERVICE kv\na 1 con\n", "SERVICE kv"),
        ])
    func later(text: String, named: String) throws {
        let file = try parse(text)
        let error = try #require(throws: ExitError.self) { try file.separateRoles() }
        #expect(error.status == ExitStatus.hostsFile)
        #expect(error.sentence.contains("this version does not have \(named) yet"))
    }

    @Test("64 con nodes are allowed, and any number of clients")
    func limits() throws {
        var text = "PROPOSERS 5\nACCEPTORS 49\nLEARNERS 10\n"
        for port in 1...64 { text += "h \(port) con\n" }
        for port in 101...300 { text += "h \(port) cli\n" }
        let file = try parse(text)
        #expect(file.conCount == 64)
        #expect(file.clientCount == 200)
        #expect(file.conNodes.count == 64)
    }

    // MARK: Cluster ID

    @Test("the cluster's ID does not depend on comments, spacing, order of keys or file name")
    func clusterStays() throws {
        let one = try HostsFile(
            parsing: Array(
                "PROPOSERS 1\nACCEPTORS 1\nLEARNERS 1\nA 1 con\nb 2 con\nc 3 con\n".utf8),
            path: "x")
        let two = try parse(
            "LEARNERS 1 # one\n\nACCEPTORS 1\nPROPOSERS 1\nENGINE paxos\na  1 con\nb 2\tcon\nc 3 con"
        )
        #expect(one.cluster == two.cluster)
        // The same on every machine and in every version: a changed number is another cluster.
        #expect(one.cluster == 13_588_890_664_108_933_529)
    }

    @Test(
        "the cluster's ID depends on roles, hosts, ports and clients",
        arguments: [
            "PROPOSERS 1\nACCEPTORS 2\nLEARNERS 1\na 1 con\nb 2 con\nc 3 con\nd 4 con",
            "PROPOSERS 2\nACCEPTORS 1\nLEARNERS 1\na 1 con\nb 2 con\nc 3 con\nd 4 con",
            "PROPOSERS 1\nACCEPTORS 1\nLEARNERS 1\na 1 con\nb 2 con\nc 3 con\nd 4 cli",
            "PROPOSERS 1\nACCEPTORS 1\nLEARNERS 1\na 1 con\nb 2 con\nc 4 con",
            "PROPOSERS 1\nACCEPTORS 1\nLEARNERS 1\na 1 con\nb 2 con\nd 3 con",
        ])
    func clusterDiffers(text: String) throws {
        let base = try parse("PROPOSERS 1\nACCEPTORS 1\nLEARNERS 1\na 1 con\nb 2 con\nc 3 con")
        #expect(try parse(text).cluster != base.cluster)
    }

    // MARK: IDs and addresses

    @Test("finds a host by its ID and kind")
    func identifiers() throws {
        let file = try parse(HostsFileTests.example)
        #expect(try file.host("4", kind: .con) == 4)
        #expect(try file.host("5", kind: .cli) == 5)
    }

    @Test(
        "an ID out of range or of the wrong kind is wrong usage, and the sentence says which there are",
        arguments: [
            ("5", HostsFile.Kind.con, "from 0 to 4"), ("6", .con, "from 0 to 4"),
            ("x", .con, "from 0 to 4"), ("-1", .con, "from 0 to 4"), ("", .con, "from 0 to 4"),
            ("99999999999999999999", .con, "from 0 to 4"),
            ("4", .cli, "only 5"), ("6", .cli, "only 5"),
        ])
    func wrongIdentifiers(text: String, kind: HostsFile.Kind, range: String) throws {
        let file = try parse(HostsFileTests.example)
        let error = try #require(throws: ExitError.self) { try file.host(text, kind: kind) }
        #expect(error.status == ExitStatus.usage)
        #expect(error.sentence.contains("hosts.txt"))
        #expect(error.sentence.contains(range))
    }

    @Test("takes IPv4 where all have it, IPv6 where all have that")
    func families() throws {
        let roles = "PROPOSERS 1\nACCEPTORS 1\nLEARNERS 1\n"
        let four = try parse(roles + "localhost 1 con\n127.0.0.1 2 con\n127.0.0.2 3 con\n")
        #expect(
            try four.addresses() == [
                .loopbackIPv4(port: 1), .loopbackIPv4(port: 2),
                SocketAddress(ipv4: 0x7f00_0002, port: 3),
            ])
        let six = try parse(roles + "::1 1 con\n::1 2 con\nfe80::1:2 3 con\n")
        #expect(
            try six.addresses() == [
                .loopbackIPv6(port: 1), .loopbackIPv6(port: 2),
                SocketAddress(ipv6High: 0xfe80 << 48, low: 0x1_0002, port: 3),
            ])
    }
}
