import Testing

@testable import ConsensusCore

@Suite("The gate for guests")
struct GuestGateTests {
    private let gate = GuestGate(key: SipHash.Key(low: 1, high: 2))
    private let address = GuestAddress(high: 3, low: 4, place: 5)

    private func cookie(_ gate: GuestGate, _ address: GuestAddress) -> UInt64? {
        guard case .challenge(let cookie) = gate.judge(cookie: 0, from: address) else { return nil }
        return cookie
    }

    @Test("admits an address with its cookie alone, and each address has another")
    func judgement() throws {
        let right = try #require(cookie(gate, address))
        #expect(right != 0)
        #expect(gate.judge(cookie: right, from: address) == .admitted)
        #expect(gate.judge(cookie: right ^ 1, from: address) == .challenge(cookie: right))
        for other in [
            GuestAddress(high: 2, low: 4, place: 5), GuestAddress(high: 3, low: 5, place: 5),
            GuestAddress(high: 3, low: 4, place: 6), GuestAddress(high: 4, low: 3, place: 5),
        ] {
            let theirs = try #require(cookie(gate, other))
            #expect(theirs != right)
            #expect(gate.judge(cookie: right, from: other) == .challenge(cookie: theirs))
        }
    }

    @Test("the cookie follows from key and address: same key, same cookie; another key, another")
    func keys() throws {
        let right = cookie(gate, address)
        #expect(cookie(GuestGate(key: SipHash.Key(low: 1, high: 2)), address) == right)
        #expect(cookie(GuestGate(key: SipHash.Key(low: 1, high: 3)), address) != right)
        #expect(cookie(GuestGate(key: SipHash.Key(low: 2, high: 2)), address) != right)
        var bytes: [UInt8] = []
        for word in [3, 4, 5] as [UInt8] { bytes += [word] + [UInt8](repeating: 0, count: 7) }
        #expect(right == SipHash.hash(bytes.span, key: SipHash.Key(low: 1, high: 2)))
    }
}

@Suite("A guest's cookies")
struct CookieJarTests {
    private let cluster: UInt64 = 7

    private func question(_ sequence: UInt64, size: Int = 0) -> [UInt8] {
        var writer = ByteWriter()
        DatagramHeader(
            cluster: cluster,
            origin: Origin(node: .anonymous, stamp: Stamp(epoch: 0, incarnation: 1)),
            sequence: sequence, lamportTime: 0
        ).encodeBare(into: &writer)
        writer.bytes += [UInt8](repeating: 9, count: size)
        DatagramFormat.seal(&writer.bytes)
        return writer.bytes
    }

    private func challenge(
        _ cookie: UInt64, to sequence: UInt64, by node: NodeID = 1
    ) -> DatagramHeader {
        DatagramHeader(
            cluster: cluster, origin: Origin(node: node, stamp: Stamp(epoch: 0, incarnation: 2)),
            sequence: sequence, lamportTime: 0, cookie: cookie, kind: .challenge)
    }

    private func take(_ challenge: DatagramHeader, by jar: inout CookieJar) -> [[UInt8]]? {
        jar.take(challenge)
    }

    private func header(_ bytes: [UInt8]) throws -> DatagramHeader {
        let isUndamaged = DatagramFormat.isUndamaged(bytes.span)
        #expect(isUndamaged)
        return try DatagramHeader(reading: bytes.span, cluster: cluster)
    }

    @Test("a challenge is no larger than any question, whatever that holds")
    func size() throws {
        var writer = ByteWriter()
        challenge(.max, to: .max).encodeBare(into: &writer)
        #expect(writer.bytes.count == DatagramFormat.headerSize)
        #expect(try header(writer.bytes) == challenge(.max, to: .max))
        // Whoever is shorter by a byte has no header that could be judged.
        let short = Array(question(1).dropLast())
        #expect(throws: WireError.truncated) {
            try DatagramHeader(reading: short.span, cluster: cluster)
        }
    }

    @Test("what was sent without a cookie is sent again with it, in order, once")
    func again() throws {
        var jar = CookieJar(nodeCount: 2)
        #expect(jar.cookie(for: 1) == 0)
        for sequence in [3, 4] as [UInt64] {
            jar.didSend(question(sequence, size: 20), sequence: sequence, to: 1)
        }
        let againTaken = jar.take(challenge(55, to: 3))
        let again = try #require(againTaken)
        #expect(try again.map { try header($0).sequence } == [3, 4])
        #expect(try again.allSatisfy { try header($0).cookie == 55 })
        #expect(again.allSatisfy { $0.count == DatagramFormat.headerSize + 20 })
        #expect(jar.cookie(for: 1) == 55)
        #expect(jar.cookie(for: 0) == 0)
        // The challenge to the second brings nothing new.
        #expect(take(challenge(55, to: 4), by: &jar) == nil)
        // With a cookie nothing is held; a node that began anew wants another.
        jar.didSend(question(5), sequence: 5, to: 1)
        #expect(take(challenge(66, to: 5), by: &jar) == [])
        #expect(jar.cookie(for: 1) == 66)
    }

    @Test("a challenge that answers nothing of late, to that node, is not believed")
    func unasked() {
        var jar = CookieJar(nodeCount: 2)
        #expect(take(challenge(5, to: 0), by: &jar) == nil)
        jar.didSend(question(10_000), sequence: 10_000, to: 1)
        #expect(take(challenge(5, to: 10_001), by: &jar) == nil)
        #expect(take(challenge(5, to: 10_000 - CookieJar.recall), by: &jar) == nil)
        #expect(take(challenge(5, to: 10_000, by: 0), by: &jar) == nil)
        #expect(take(challenge(5, to: 10_000, by: 2), by: &jar) == nil)
        #expect(take(challenge(5, to: 10_000, by: .anonymous), by: &jar) == nil)
        #expect(take(challenge(0, to: 10_000), by: &jar) == nil)
        var message = challenge(5, to: 10_000)
        message.kind = .message
        #expect(take(message, by: &jar) == nil)
        #expect(jar.cookie(for: 1) == 0)
        #expect(take(challenge(5, to: 10_001 - CookieJar.recall), by: &jar)?.count == 1)
    }

    @Test("the latest few are held, bounded in number and bytes")
    func bounds() throws {
        var jar = CookieJar(nodeCount: 1)
        for sequence in 0..<20 as Range<UInt64> {
            jar.didSend(question(sequence), sequence: sequence, to: 0)
        }
        let fewTaken = jar.take(challenge(5, to: 19, by: 0))
        let few = try #require(fewTaken)
        #expect(try few.map { try header($0).sequence } == Array(12...19))
        jar = CookieJar(nodeCount: 1)
        for sequence in 0..<4 as Range<UInt64> {
            jar.didSend(question(sequence, size: 60_000), sequence: sequence, to: 0)
        }
        let largeTaken = jar.take(challenge(5, to: 3, by: 0))
        let large = try #require(largeTaken)
        #expect(try large.map { try header($0).sequence } == [2, 3])
    }
}
