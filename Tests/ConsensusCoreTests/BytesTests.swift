import ConsensusCore
import Testing

@Suite("Bytes")
struct BytesTests {
    @Test("numbers are little-endian")
    func littleEndian() throws {
        var writer = ByteWriter()
        writer.write(0x01 as UInt8)
        writer.write(0x0203_0405 as UInt32)
        writer.write(0x0607_0809_0a0b_0c0d as UInt64)
        writer.write(NodeID(0x0e0f))
        #expect(
            writer.bytes == [
                0x01, 0x05, 0x04, 0x03, 0x02, 0x0d, 0x0c, 0x0b, 0x0a, 0x09, 0x08, 0x07, 0x06,
                0x0f, 0x0e, 0, 0,
            ])
        var reader = writer.bytes.span
        let byte = try reader.readUInt8()
        let word = try reader.readUInt32()
        let long = try reader.readUInt64()
        let node = try reader.readNodeID()
        #expect(byte == 0x01 && word == 0x0203_0405)
        #expect(long == 0x0607_0809_0a0b_0c0d && node == 0x0e0f)
        let left = reader.count
        #expect(left == 0)
    }

    @Test("every field comes back as it was written", arguments: 0..<50 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        let bytes = (0..<random.number(in: 0...40)).map { _ in UInt8(random.below(256)) }
        let number = random.next()
        let set = NodeSet(bits: random.next())
        let node = NodeID(UInt32(random.below(64)))
        let isSet = random.below(2) == 1
        var writer = ByteWriter(reserving: 100)
        writer.write(bytes)
        writer.write(isSet)
        writer.write(number)
        writer.write(set)
        writer.write(conNode: node)
        writer.write(optional: isSet ? Sample(number: number) : nil)
        var reader = writer.bytes.span
        let readBytes = try reader.readBytes(upTo: 40)
        let readBool = try reader.readBool()
        let readNumber = try reader.readUInt64()
        let readSet = try reader.readNodeSet()
        let readNode = try reader.readConNodeID()
        let readOptional = try reader.readOptional(Sample.self)
        let left = reader.count
        #expect(readBytes == bytes && readBool == isSet && readNumber == number)
        #expect(readSet == set && readNode == node && left == 0)
        #expect(readOptional?.number == (isSet ? number : nil))
    }

    @Test("a field that is not wholly there is truncated", arguments: 0..<8)
    func truncation(count: Int) {
        let bytes = [UInt8](repeating: 0, count: count)
        #expect(throws: WireError.truncated) { try read(bytes) { try $0.readUInt64() } }
        #expect(throws: WireError.truncated) { try read(bytes) { try $0.readNodeSet() } }
        if count < 4 {
            #expect(throws: WireError.truncated) { try read(bytes) { try $0.readUInt32() } }
            #expect(throws: WireError.truncated) { try read(bytes) { try $0.readBytes(upTo: 9) } }
        }
        if count < 1 {
            #expect(throws: WireError.truncated) { try read(bytes) { try $0.readUInt8() } }
            #expect(throws: WireError.truncated) { try read(bytes) { try $0.readBool() } }
            #expect(throws: WireError.truncated) { try read(bytes) { try $0.readConNodeID() } }
        }
    }

    @Test("a length over its limit is refused before its bytes are looked for")
    func limits() throws {
        let long: [UInt8] = [0xff, 0xff, 0xff, 0xff]
        #expect(throws: WireError.invalidField) { try read(long) { try $0.readBytes(upTo: 1_024) } }
        #expect(throws: WireError.invalidField) {
            try read(long) { try $0.readCount(upTo: 0xffff_fffe) }
        }
        #expect(try read(long) { try $0.readCount(upTo: .max) } == 0xffff_ffff)
        let three: [UInt8] = [3, 0, 0, 0, 1, 2]
        #expect(throws: WireError.truncated) { try read(three) { try $0.readBytes(upTo: 3) } }
        #expect(throws: WireError.invalidField) { try read(three) { try $0.readBytes(upTo: 2) } }
        #expect(try read(three + [9]) { try $0.readBytes(upTo: 3) } == [1, 2, 9])
    }

    @Test("a Boolean is 0 or 1, a con node below 64", arguments: 0...255 as ClosedRange<UInt8>)
    func narrowFields(byte: UInt8) throws {
        if byte < 2 {
            #expect(try read([byte]) { try $0.readBool() } == (byte == 1))
        } else {
            #expect(throws: WireError.invalidField) { try read([byte]) { try $0.readBool() } }
        }
        if byte < 64 {
            #expect(try read([byte]) { try $0.readConNodeID() } == NodeID(UInt32(byte)))
        } else {
            #expect(throws: WireError.invalidField) { try read([byte]) { try $0.readConNodeID() } }
        }
    }

    @Test("a number written earlier can be replaced, and a writer used again")
    func rewriting() {
        var writer = ByteWriter()
        writer.write(0 as UInt64)
        writer.overwrite(0xa1b2_c3d4, at: 2)
        #expect(writer.bytes == [0, 0, 0xd4, 0xc3, 0xb2, 0xa1, 0, 0])
        writer.removeAll()
        #expect(writer.bytes.isEmpty)
    }

    private func read<Value>(
        _ bytes: [UInt8], _ body: (inout ByteReader) throws -> Value
    ) throws -> Value {
        var reader = bytes.span
        return try body(&reader)
    }

    private struct Sample: WireCodable {
        var number: UInt64

        init(number: UInt64) { self.number = number }

        func encode(into writer: inout ByteWriter) { writer.write(number) }

        init(from reader: inout ByteReader) throws(WireError) {
            number = try reader.readUInt64()
        }
    }
}

@Suite("Effects")
struct EffectsTests {
    @Test("keep three lanes, each in order")
    func lanes() {
        var effects = Effects<String, Int, Bool>()
        #expect(effects.isEmpty)
        effects.report(true)
        effects.send("one", to: 70)
        effects.send("set", to: [3, 1])
        effects.send("nobody", to: [])
        effects.remember(1)
        effects.remember(2)
        #expect(effects.records == [1, 2])
        #expect(effects.envelopes.map(\.message) == ["one", "set"])
        #expect(effects.envelopes.map(\.recipients) == [.one(70), .nodes([1, 3])])
        #expect(effects.outputs == [true])
        #expect(!effects.isEmpty)
        effects.removeAll()
        #expect(effects.isEmpty)
    }

    @Test("recipients are visited in ascending order")
    func recipients() {
        var visited: [NodeID] = []
        Recipients.nodes([9, 2, 63]).forEach { visited.append($0) }
        Recipients.one(4_000).forEach { visited.append($0) }
        #expect(visited == [2, 9, 63, 4_000])
    }
}
