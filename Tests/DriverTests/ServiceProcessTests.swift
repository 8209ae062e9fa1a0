import Foundation
import Testing

/// A cluster of a log service in processes of its own, with storage.
final class ServiceCluster {
    let folder: Folder
    private(set) var nodes: [DriverProcess] = []

    /// - Parameter roles: the role lines, or the line of replicas.
    init(_ roles: String, count: Int, service: String = "kv", keys: String = "") throws {
        folder = try Folder()
        var text = "SERVICE \(service)\n\(roles)\n\(keys)"
        for port in try freePorts(count) { text += "127.0.0.1 \(port) con\n" }
        try folder.write(text, to: "hosts.txt")
        for node in 0..<count { nodes.append(try start(node)) }
    }

    convenience init(replicas: Int, service: String = "kv") throws {
        try self.init("REPLICAS \(replicas)", count: replicas, service: service)
    }

    deinit {
        for node in nodes { node.kill() }
    }

    private func start(_ node: Int) throws -> DriverProcess {
        try DriverProcess("condriver", ["\(node)", "--storage", "node\(node)"], in: folder)
    }

    /// Kills nodes; returns how each ended.
    @discardableResult
    func kill(_ victims: [Int]) async -> [DriverResult] {
        for node in victims { nodes[node].kill() }
        var results: [DriverResult] = []
        for node in victims { results.append(await nodes[node].result) }
        return results
    }

    func restart(_ victims: [Int]) throws {
        for node in victims { nodes[node] = try start(node) }
    }

    /// Carries out a command of clidriver.
    func run(_ words: String...) async throws -> DriverResult {
        try await run(words, timeout: "40")
    }

    func run(_ words: [String], timeout: String) async throws -> DriverResult {
        await (try DriverProcess("clidriver", words + ["--timeout", timeout], in: folder)).result
    }
}

@Suite("Log services in real processes", .timeLimit(.minutes(3)))
struct ServiceProcessTests {
    static let shapes = [
        ("REPLICAS 1", 1), ("REPLICAS 2", 2), ("REPLICAS 3", 3), ("REPLICAS 4", 4),
        ("PROPOSERS 2\nACCEPTORS 3\nLEARNERS 2", 7),
    ]

    @Test("the words of the key-value store do what they say", arguments: shapes)
    func keyValueStore(roles: String, count: Int) async throws {
        let cluster = try ServiceCluster(roles, count: count)
        #expect(try await cluster.run("put", "a", "one").status == 0)
        #expect(try await cluster.run("put", "b", "two words").status == 0)
        #expect(try await cluster.run("get", "a").output == "one\n")
        #expect(try await cluster.run("get", "b").output == "two words\n")
        #expect(try await cluster.run("keys").output == "a\nb\n")
        #expect(try await cluster.run("cas", "a", "one", "three").status == 0)
        let refused = try await cluster.run("cas", "a", "one", "four")
        #expect(refused.status == 1)
        #expect(refused.complaints.contains("'three'"))
        #expect(try await cluster.run("delete", "b").status == 0)
        let missing = try await cluster.run("get", "b")
        #expect(missing.status == 1)
        #expect(missing.output == "")
        #expect(missing.complaints.contains("no such key"))
        #expect(try await cluster.run("keys", "b").output == "")
    }

    @Test("a list longer than a datagram comes whole and in order")
    func list() async throws {
        let cluster = try ServiceCluster(replicas: 3, service: "list")
        var expected = ""
        for position in 1...12 {
            let text = "\(position) " + String(repeating: "x", count: 9_000)
            expected += text + "\n"
            #expect(try await cluster.run("append", text).output == "\(position)\n")
        }
        #expect(try await cluster.run("list").output == expected)
    }

    @Test(
        "what was answered is there after any nodes, or all, were killed and came back",
        arguments: [[0], [1, 2], [0, 1, 2]])
    func survives(victims: [Int]) async throws {
        let cluster = try ServiceCluster(replicas: 3)
        #expect(try await cluster.run("put", "a", "1").status == 0)
        await cluster.kill(victims)
        try cluster.restart(victims)
        #expect(try await cluster.run("get", "a").output == "1\n")
        #expect(try await cluster.run("put", "a", "2").status == 0)
        #expect(try await cluster.run("get", "a").output == "2\n")
    }

    @Test("status says who leads, who is silent and who has caught up")
    func status() async throws {
        let cluster = try ServiceCluster(replicas: 3)
        await cluster.kill([2])
        for number in 1...5 {
            #expect(try await cluster.run("put", "k", "\(number)").status == 0)
        }
        let during = try await cluster.run("status")
        #expect(during.status == 0)
        let lines = during.output.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines.count { $0.contains(" up leader ballot ") } == 1)
        #expect(lines[2].hasSuffix(" silent"))
        try cluster.restart([2])
        while true {
            let line = try await cluster.run("status").output.split(separator: "\n").last ?? ""
            if line.contains(" up ") && line.contains(" lag 0 ") && !line.contains("applied 0") {
                break
            }
        }
    }

    @Test("without a majority a call ends with 69 and names the silent nodes")
    func noMajority() async throws {
        let cluster = try ServiceCluster(replicas: 3)
        #expect(try await cluster.run("put", "a", "1").status == 0)
        await cluster.kill([1, 2])
        let result = try await cluster.run(["put", "a", "2"], timeout: "2")
        #expect(result.status == 69)
        #expect(
            result.complaints.contains(
                "1 of 3 nodes that vote answered, and a majority needs 2; silent: node 1, node 2"))
    }

    @Test("an acceptor whose disk was lost says so and votes no more, and the others go on")
    func amnesia() async throws {
        let cluster = try ServiceCluster(replicas: 3)
        #expect(try await cluster.run("put", "a", "1").status == 0)
        // Until all nodes remember each other's lives, which takes them a moment.
        #expect(try await cluster.run("put", "a", "2").status == 0)
        await cluster.kill([1])
        try FileManager.default.removeItem(
            at: cluster.folder.url.appendingPathComponent("node1"))
        try cluster.restart([1])
        #expect(await cluster.nodes[1].complaints.contains("its votes are refused"))
        #expect(try await cluster.run("put", "a", "3").status == 0)
        #expect(try await cluster.run("get", "a").output == "3\n")
        while true {
            let line = try await cluster.run("status").output.split(separator: "\n")[1]
            if line.contains(" lag 0 ") && line.contains(" without vote ") { break }
        }
    }

    @Test(
        "says what does not fit",
        arguments: [
            (["put", "a"], 64, "expected: clidriver put KEY VALUE"),
            (["get", ""], 64, "The key has 0 bytes"),
            (["put", "a", String(repeating: "x", count: 16_385)], 64, "16385 bytes"),
            (["append", "text"], 64, "needs SERVICE list, but hosts.txt says SERVICE kv"),
        ])
    func complaints(words: [String], status: Int32, sentence: String) async throws {
        let folder = try Folder()
        try folder.write("SERVICE kv\nREPLICAS 1\nlocalhost 9 con\n", to: "hosts.txt")
        let result = await (try DriverProcess("clidriver", words, in: folder)).result
        #expect(result.status == status)
        #expect(result.complaints.contains(sentence), "\(result.complaints)")
    }
}
