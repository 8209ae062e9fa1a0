import Foundation
import Testing

/// A cluster of one proposer, three acceptors and one learner that keep their records on disk.
final class StoringCluster {
    let folder: Folder
    private(set) var nodes: [DriverProcess] = []

    init(clients: Int) throws {
        folder = try Folder()
        try folder.writeHosts(proposers: 1, acceptors: 3, learners: 1, clients: clients)
        for node in 0..<5 { nodes.append(try start(node)) }
    }

    deinit {
        for node in nodes { node.kill() }
    }

    private func start(_ node: Int) throws -> DriverProcess {
        try DriverProcess("condriver", ["\(node)", "--storage", "node\(node)"], in: folder)
    }

    /// Kills nodes, all before the first is waited for; returns what they had said on stderr.
    func kill(_ victims: [Int]) async -> [DriverResult] {
        for node in victims { nodes[node].kill() }
        var results: [DriverResult] = []
        for node in victims { results.append(await nodes[node].result) }
        return results
    }

    func restart(_ victims: [Int]) throws {
        for node in victims { nodes[node] = try start(node) }
    }

    func client(_ position: Int, _ value: String) throws -> DriverProcess {
        try DriverProcess(
            "clidriver", ["\(5 + position)", value, "0", "--timeout", "40"], in: folder)
    }
}

@Suite("Drivers with storage", .timeLimit(.minutes(2)))
struct StorageProcessTests {
    private func line(_ value: String) -> String {
        "Final message received by client from learner: \(value)\n"
    }

    @Test(
        "the value stands when nodes are killed and come back, and then all end by themselves",
        arguments: [[1], [2, 3], [1, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3, 4]])
    func valueStands(victims: [Int]) async throws {
        let cluster = try StoringCluster(clients: 3)
        let first = await (try cluster.client(0, "first")).result
        #expect(first.output == line("first"))
        for (position, value) in [(1, "second"), (2, "third")] {
            for killed in await cluster.kill(victims) {
                #expect(killed.status == SIGKILL)
                #expect(killed.complaints == "")
            }
            try cluster.restart(victims)
            let late = await (try cluster.client(position, value)).result
            #expect(late.output == line("first"), "\(late.complaints)")
        }
        for node in cluster.nodes {
            let result = await node.result
            #expect(result.status == 0)
            #expect(result.complaints == "")
        }
    }

    @Test(
        "killed at any time of a run, all clients print one value",
        arguments: [0, 10, 30, 60, 100, 200], [[2], [1, 2, 3], [0, 1, 2, 3, 4]])
    func killedInTheMiddle(milliseconds: Int, victims: [Int]) async throws {
        let cluster = try StoringCluster(clients: 3)
        let early = [try cluster.client(0, "a"), try cluster.client(1, "b")]
        try await Task.sleep(for: .milliseconds(milliseconds))
        _ = await cluster.kill(victims)
        try cluster.restart(victims)
        var outputs: Set<String> = []
        for client in early {
            let result = await client.result
            #expect(result.status == 0, "\(result.complaints)")
            outputs.insert(result.output)
        }
        let late = await (try cluster.client(2, "c")).result
        #expect(late.status == 0, "\(late.complaints)")
        outputs.insert(late.output)
        #expect(outputs.count == 1, "\(outputs)")
        #expect(outputs.isSubset(of: [line("a"), line("b")]))
    }

    @Test("a directory of another node, another cluster or another process is refused")
    func refusals() async throws {
        let folder = try Folder()
        try folder.writeHosts(proposers: 1, acceptors: 1, learners: 1, clients: 1)
        let first = try DriverProcess(
            "condriver", ["0", "--storage", "here", "--debug"], in: folder)
        #expect(await first.complaints.contains("starts"))
        let second = try await folder.run("condriver", "1", "--storage", "here")
        #expect(second.status == 71)
        #expect(second.complaints.contains("condriver: Storage 'here' is in use"))
        first.kill()
        _ = await first.result
        let other = try await folder.run("condriver", "1", "--storage", "here")
        #expect(other.status == 74)
        #expect(other.complaints.contains("belongs to node 0, not to node 1"))
        try folder.writeHosts(proposers: 1, acceptors: 1, learners: 1, clients: 2)
        let stranger = try await folder.run("condriver", "0", "--storage", "here")
        #expect(stranger.status == 74)
        #expect(stranger.complaints.contains("belongs to another cluster"))
        let orphan = try await folder.run("condriver", "0", "--storage", "not/here")
        #expect(orphan.status == 74)
        #expect(orphan.complaints.contains("Make the directory above it first"))
    }

    @Test("a damaged log ends the node with 74, file and offset")
    func damage() async throws {
        let folder = try Folder()
        try folder.writeHosts(proposers: 1, acceptors: 1, learners: 1, clients: 0)
        // Each start writes a record of its own.
        for _ in 0..<3 {
            let node = try DriverProcess(
                "condriver", ["0", "--storage", "here", "--debug"], in: folder)
            #expect(await node.complaints.contains("sends"))
            node.terminate()
            #expect(await node.result.status == 0)
        }
        let segment = folder.url.appendingPathComponent("here/0000000000000001.log")
        var bytes = try Data(contentsOf: segment)
        bytes[70] ^= 1
        try bytes.write(to: segment)
        let node = try await folder.run("condriver", "0", "--storage", "here")
        #expect(node.status == 74)
        #expect(node.complaints.contains("'0000000000000001.log' is damaged at byte 64"))
        #expect(try Data(contentsOf: segment) == bytes)
    }

    @Test(
        "a node whose directory is taken away under it says so and ends with 74; the others go on",
        arguments: [true, false])
    func displaced(isRemoved: Bool) async throws {
        let cluster = try ServiceCluster(replicas: 3)
        #expect(try await cluster.run("put", "a", "1").status == 0)
        let directory = cluster.folder.url.appendingPathComponent("node1")
        if isRemoved {
            try FileManager.default.removeItem(at: directory)
        } else {
            let away = directory.appendingPathExtension("old")
            try FileManager.default.moveItem(at: directory, to: away)
        }
        // All three record what this writes.
        #expect(try await cluster.run("put", "a", "2").status == 0)
        let ended = await cluster.nodes[1].result
        #expect(ended.status == 74)
        #expect(ended.complaints.contains("condriver: Storage 'node1': the directory is gone"))
        #expect(try await cluster.run("put", "a", "3").status == 0)
        #expect(try await cluster.run("get", "a").output == "3\n")
    }
}
