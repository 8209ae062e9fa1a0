import ConsensusCore
import Testing

@testable import PaxosNode

private typealias Packet = Datagram<Message>

private let cluster: UInt64 = 0x1122_3344_5566_7788

private func packet(_ message: Message) -> Packet {
    Packet(
        header: DatagramHeader(
            cluster: cluster,
            origin: Origin(node: 3, stamp: Stamp(epoch: 77, incarnation: 5)), sequence: 9,
            lamportTime: 12),
        message: message)
}

private func bytes(of packet: Packet) -> [UInt8] {
    var writer = ByteWriter()
    packet.encode(into: &writer)
    return writer.bytes
}

private func read(_ bytes: [UInt8], cluster other: UInt64 = cluster) throws(WireError) -> Packet {
    try Packet(decoding: bytes.span, cluster: other)
}

/// Writes the checksum that the bytes should have.
private func seal(_ bytes: inout [UInt8]) {
    let checksum = Checksum.crc32c(
        bytes.span.extracting(droppingFirst: DatagramFormat.checkedOffset))
    for index in 0..<4 {
        bytes[DatagramFormat.checksumOffset + index] = UInt8(
            truncatingIfNeeded: checksum >> UInt32(8 * index))
    }
}

@Suite("Datagrams")
struct DatagramTests {
    @Test("every sample comes back as it was sent, with its header")
    func roundTrip() throws {
        for message in Samples.smallest + Samples.ordinary + Samples.largest {
            let sent = packet(message)
            #expect(try read(bytes(of: sent)) == sent)
        }
        var extreme = packet(.probe)
        extreme.header.origin = Origin(
            node: NodeID(.max), stamp: Stamp(epoch: .max, incarnation: .max))
        extreme.header.sequence = .max
        extreme.header.lamportTime = .max
        extreme.header.cookie = .max
        #expect(try read(bytes(of: extreme)) == extreme)
    }

    @Test("the header is laid out as documented")
    func layout() {
        var sent = packet(.probe)
        sent.header.cookie = 0x0102_0304_0506_0708
        let probe = bytes(of: sent)
        #expect(probe.count == DatagramFormat.headerSize + 1)
        #expect(Array(probe[0..<5]) == Array("SYND".utf8) + [DatagramFormat.version])
        let fields: [UInt8] =
            [0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11] + [0] + [77, 0, 0, 0, 0, 0, 0, 0]
            + [3, 0, 0, 0] + [5, 0, 0, 0, 0, 0, 0, 0] + [9, 0, 0, 0, 0, 0, 0, 0]
            + [12, 0, 0, 0, 0, 0, 0, 0] + [8, 7, 6, 5, 4, 3, 2, 1] + [4]
        #expect(Array(probe[DatagramFormat.checkedOffset...]) == fields)
    }

    @Test("the largest of each kind fits a UDP datagram, and a quiet one fits one Ethernet frame")
    func sizes() {
        let sizes = Samples.largest.map { bytes(of: packet($0)).count }
        #expect(sizes.allSatisfy { $0 <= DatagramFormat.maximumSize })
        #expect(sizes.max() == DatagramFormat.headerSize + 1 + 14 + 8 + 516 + 32_772 + 8)
        let quiet = Samples.largest.filter {
            !["heartbeat", "confirm", "done"].contains($0.kind)
        }
        #expect(quiet.allSatisfy { bytes(of: packet($0)).count <= 1_472 })
    }

    @Test("every proper prefix is refused")
    func prefixes() {
        for message in Samples.ordinary {
            let whole = bytes(of: packet(message))
            for count in 0..<whole.count {
                let isShort = count < DatagramFormat.headerSize
                let error: WireError = isShort ? .truncated : .damaged
                #expect(throws: error) { try read(Array(whole[..<count])) }
            }
        }
    }

    @Test("any single flipped bit is refused")
    func flippedBits() {
        var messages = Samples.ordinary
        messages.append(.chosen(Chosen(value: Value(repeating: 0x5a, count: maximumValueSize))))
        var survivors = 0
        for message in messages {
            var flipped = bytes(of: packet(message))
            for bit in 0..<8 * flipped.count {
                flipped[bit / 8] ^= 1 << UInt8(bit % 8)
                if (try? read(flipped)) != nil { survivors += 1 }
                flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            }
            #expect((try? read(flipped)) != nil)
        }
        #expect(survivors == 0)
    }

    @Test("what is not ours, of another version, or of another cluster is refused as such")
    func strangers() {
        let ours = bytes(of: packet(.probe))
        #expect(throws: WireError.foreignCluster) { try read(ours, cluster: cluster &+ 1) }
        var other = ours
        other[0] = 0
        #expect(throws: WireError.notOurs) { try read(other) }
        other = ours
        other[4] = 1
        #expect(throws: WireError.unsupportedVersion(1)) { try read(other) }
        other = ours
        other[8] ^= 1
        #expect(throws: WireError.damaged) { try read(other) }
        #expect(throws: WireError.truncated) { try read([]) }
        other = ours
        other[17] = 2
        #expect(throws: WireError.invalidField) { try read(other) }
    }

    @Test("a challenge is not taken for a message, whatever follows it")
    func challenges() {
        var challenge = packet(.probe)
        challenge.header.kind = .challenge
        #expect(throws: WireError.invalidField) { try read(bytes(of: challenge)) }
        var writer = ByteWriter()
        challenge.header.encodeBare(into: &writer)
        #expect(throws: WireError.invalidField) { try read(writer.bytes) }
    }

    @Test("a sealed datagram must still be one whole message of a sender with a life")
    func sealed() {
        var trailing = bytes(of: packet(.probe)) + [0]
        seal(&trailing)
        #expect(throws: WireError.trailingBytes) { try read(trailing) }
        var short = Array(bytes(of: packet(.probe)).dropLast())
        seal(&short)
        #expect(throws: WireError.truncated) { try read(short) }
        var unknown = bytes(of: packet(.probe))
        unknown[DatagramFormat.headerSize] = 23
        seal(&unknown)
        #expect(throws: WireError.unknownTag(23)) { try read(unknown) }
        var lifeless = packet(.probe)
        lifeless.header.origin.stamp.incarnation = 0
        #expect(throws: WireError.invalidField) { try read(bytes(of: lifeless)) }
    }
}

/// A million inputs in all: each of ten seeds gives a hundred thousand, of four sorts.
///
/// Whatever is accepted must be what its sender would have written, byte for byte.
@Suite("Random inputs")
struct RandomInputTests {
    static let seeds = 0..<10 as Range<UInt64>

    private func noise(_ count: Int, _ random: inout RandomSource) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 7)
        while bytes.count < count {
            let word = random.next()
            for shift in 0..<8 {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * shift)))
            }
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    @Test("bytes at random are no datagram", arguments: seeds)
    func noise(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var accepted = 0
        for round in 0..<40_000 {
            var input = noise(random.number(in: 0...80), &random)
            // Every other one begins as ours do.
            if round % 2 == 0, input.count >= 5 {
                input.replaceSubrange(0..<5, with: [0x53, 0x59, 0x4e, 0x44, 2])
            }
            if (try? read(input)) != nil { accepted += 1 }
        }
        #expect(accepted == 0)
    }

    @Test("any message that bytes at random decode to encodes to those bytes", arguments: seeds)
    func payloads(seed: UInt64) {
        var random = RandomSource(seed: 100 + seed)
        var accepted = 0
        var different = 0
        for _ in 0..<30_000 {
            var input = noise(random.number(in: 0...60), &random)
            if !input.isEmpty { input[0] = UInt8(random.below(25)) }
            if input.count > 5, random.below(2) == 0 { input[5] &= 63 }
            guard let message = try? decoded(Message.self, input) else { continue }
            accepted += 1
            if encoded(message) != input { different += 1 }
        }
        #expect(different == 0 && accepted > 0)
    }

    @Test("nor does a right header with a right checksum make them trap", arguments: seeds)
    func sealedPayloads(seed: UInt64) {
        var random = RandomSource(seed: 200 + seed)
        let header = Array(bytes(of: packet(.probe))[..<DatagramFormat.headerSize])
        var accepted = 0
        var different = 0
        for _ in 0..<15_000 {
            var input = header
            input.append(UInt8(random.below(24)))
            input += noise(random.number(in: 0...30), &random)
            seal(&input)
            guard let datagram = try? read(input) else { continue }
            accepted += 1
            if bytes(of: datagram) != input { different += 1 }
        }
        #expect(different == 0 && accepted > 0)
    }

    @Test("nor do sealed datagrams of ours that were changed", arguments: seeds)
    func mutations(seed: UInt64) {
        var random = RandomSource(seed: 300 + seed)
        var accepted = 0
        var different = 0
        for round in 0..<15_000 {
            var input = bytes(of: packet(Samples.message(tag: 1 + round % 22, &random)))
            if input.count > 400 { input.removeLast(input.count - 400) }
            for _ in 0..<random.number(in: 1...3) {
                let place = random.number(in: DatagramFormat.checkedOffset...input.count - 1)
                switch random.below(4) {
                case 0: input[place] = UInt8(random.below(256))
                case 1: input[place] ^= 1 << UInt8(random.below(8))
                case 2 where input.count > 20: input.remove(at: place)
                default: input.insert(UInt8(random.below(256)), at: place)
                }
            }
            seal(&input)
            guard let datagram = try? read(input) else { continue }
            accepted += 1
            if bytes(of: datagram) != input { different += 1 }
        }
        #expect(different == 0 && accepted > 0)
    }
}
