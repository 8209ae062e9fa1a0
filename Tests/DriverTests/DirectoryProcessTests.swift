import Foundation
import Testing

@Suite("Directories that are left over or put back, in real processes", .timeLimit(.minutes(3)))
struct DirectoryProcessTests {
    /// Where a cluster keeps the directory of a node.
    private func directory(_ node: Int, of cluster: ServiceCluster) -> URL {
        cluster.folder.url.appending(path: "node\(node)")
    }

    /// Waits until the status of the nodes is as it should be; returns it.
    private func status(
        of cluster: ServiceCluster, until condition: ([String]) -> Bool
    ) async throws -> [String] {
        while true {
            let lines = try await cluster.run("status").output.split(separator: "\n")
            let status = lines.map(String.init)
            if status.count == cluster.nodes.count, condition(status) { return status }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    @Test("a node of an earlier cluster takes no part in the next, and all concerned say so")
    func leftover() async throws {
        let cluster = try ServiceCluster(replicas: 3)
        for number in 1...4 {
            #expect(try await cluster.run("put", "colour", "old-\(number)").status == 0)
        }
        await cluster.kill([0, 1, 2])
        for node in [0, 1] {
            try FileManager.default.removeItem(at: directory(node, of: cluster))
        }
        try cluster.restart([0, 1])
        #expect(try await cluster.run("put", "colour", "new").status == 0)
        #expect(try await cluster.run("put", "only-new", "yes").status == 0)
        try cluster.restart([2])
        let lines = try await status(of: cluster) { $0[2].contains(" up ") }
        #expect(lines[2].hasSuffix("OF ANOTHER BIRTH"), "\(lines)")
        // Whoever leads, the new cluster's data is there.
        for victim in [0, 1, 0] {
            await cluster.kill([victim])
            try cluster.restart([victim])
            #expect(try await cluster.run("get", "colour").output == "new\n")
            #expect(try await cluster.run("get", "only-new").output == "yes\n")
        }
        let ended = await cluster.kill([0, 1, 2])
        for (node, other) in [(0, 2), (1, 2), (2, 0), (2, 1)] {
            let found = "node \(other) belongs to another beginning of this cluster"
            let complaints = ended[node].complaints
            #expect(complaints.contains(found), "node \(node): \(complaints)")
        }
    }

    @Test("a directory that is put back from an older copy has no vote, and its node says why")
    func olderCopy() async throws {
        let cluster = try ServiceCluster(replicas: 3)
        #expect(try await cluster.run("put", "a", "1").status == 0)
        let copy = cluster.folder.url.appending(path: "copy")
        await cluster.kill([1])
        try FileManager.default.copyItem(at: directory(1, of: cluster), to: copy)
        try cluster.restart([1])
        _ = try await status(of: cluster) { lines in
            lines.allSatisfy { $0.contains(" lag 0 ") }
        }
        for number in 1...10 {
            #expect(try await cluster.run("put", "a", "later-\(number)").status == 0)
        }
        await cluster.kill([1])
        try FileManager.default.removeItem(at: directory(1, of: cluster))
        try FileManager.default.moveItem(at: copy, to: directory(1, of: cluster))
        try cluster.restart([1])
        // It learns what it has missed, and serves; it does not vote.
        let lines = try await status(of: cluster) {
            $0[1].contains("without vote") && $0[1].contains(" lag 0 ")
        }
        #expect(!lines[0].contains("without vote") && !lines[2].contains("without vote"))
        #expect(try await cluster.run("get", "a").output == "later-10\n")
        await cluster.kill([2])
        let refused = try await cluster.run(["put", "a", "never"], timeout: "2")
        #expect(refused.status == 69 && refused.complaints.contains("without a vote: node 1"))
        let complaints = await cluster.kill([1])[0].complaints
        #expect(complaints.contains("put back from a copy"), "\(complaints)")
    }

    @Test("where nobody could know, two histories are not kept silent, and the lesser one ends")
    func twoHistories() async throws {
        let cluster = try ServiceCluster(replicas: 3)
        #expect(try await cluster.run("put", "a", "1").status == 0)
        let copy = cluster.folder.url.appending(path: "copy")
        await cluster.kill([2])
        await cluster.kill([1])
        try FileManager.default.copyItem(at: directory(1, of: cluster), to: copy)
        try cluster.restart([1])
        for number in 1...5 {
            #expect(try await cluster.run("put", "a", "lost-\(number)").status == 0)
        }
        await cluster.kill([0, 1])
        try FileManager.default.removeItem(at: directory(1, of: cluster))
        try FileManager.default.moveItem(at: copy, to: directory(1, of: cluster))
        // Node 1 has forgotten, and node 2 never knew.
        try cluster.restart([1, 2])
        for number in 1...10 {
            #expect(try await cluster.run("put", "a", "other-\(number)").status == 0)
        }
        try cluster.restart([0])
        let ended = await cluster.nodes[0].result
        #expect(ended.status == 74 && ended.complaints.contains("contradicts what a majority"))
        let lines = try await status(of: cluster) { lines in
            lines[1...].allSatisfy { $0.contains("CONTRADICTED AT") }
        }
        #expect(lines[0].hasSuffix("silent"))
        for result in await cluster.kill([1, 2]) {
            #expect(result.complaints.contains("has another history"), "\(result.complaints)")
        }
    }
}
