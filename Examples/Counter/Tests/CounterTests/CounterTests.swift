import Counter
import Synod
import Testing

@Suite("A replicated counter") struct CounterTests {
    private func sum(_ bytes: [UInt8]) -> Int? { Int(String(decoding: bytes, as: UTF8.self)) }

    @Test("adds what it is told, and starts again from its snapshot")
    func machine() throws {
        var counter = Counter()
        _ = counter.apply([200].span)
        #expect(sum(counter.apply([100].span)) == 300)
        var other = Counter()
        try other.restore(counter.snapshot().span)
        #expect(other.value == 300)
        #expect(throws: WireError.self) { try other.restore([0x78].span) }
        #expect(other.value == 300)
    }

    @Test("counts every command of many tasks once, although a node is stopped meanwhile")
    func cluster() async throws {
        let hosts = try HostsFile(
            replicas: ["localhost:21910", "localhost:21911", "localhost:21912"])
        let replicas = try (0..<3).map {
            try Replica($0, of: hosts, storage: nil, service: Counter())
        }
        let client = try Client(of: hosts)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<10 {
                group.addTask {
                    for _ in 0..<20 { _ = try await client.perform([1], timeout: .seconds(30)) }
                    if task == 0 { replicas[0].stop() }
                }
            }
            try await group.waitForAll()
        }
        let other = try Client(of: hosts)
        #expect(sum(try await other.query([], timeout: .seconds(30))) == 200)
        for replica in replicas { replica.stop() }
        for replica in replicas { try await replica.ended() }
    }

    @Test("a call can be cancelled, and runs out of time when nobody answers")
    func failures() async throws {
        let hosts = try HostsFile(replicas: ["localhost:21920"])
        let client = try Client(of: hosts)
        await #expect(throws: ClientError.self) {
            try await client.perform([1], timeout: .milliseconds(100))
        }
        let call = Task { try await client.perform([1], timeout: .seconds(600)) }
        call.cancel()
        await #expect(throws: ClientError.cancelled) { try await call.value }
        client.close()
        await #expect(throws: ClientError.closed) { try await client.perform([1]) }
    }
}
