import ConsensusCore
import Testing

@Suite("CRC-32C")
struct ChecksumTests {
    @Test("gives the check value of its definition for 123456789")
    func checkValue() {
        #expect(Checksum.crc32c(Array("123456789".utf8).span) == 0xe306_9283)
    }

    @Test("gives RFC 3720's values for 32 zeros, 32 ones, and rising bytes")
    func rfc3720() {
        #expect(Checksum.crc32c([UInt8](repeating: 0, count: 32).span) == 0x8a91_36aa)
        #expect(Checksum.crc32c([UInt8](repeating: 0xff, count: 32).span) == 0x62a8_ab43)
        #expect(Checksum.crc32c([UInt8](0..<32).span) == 0x46dd_794e)
    }

    @Test("can be computed piece by piece", arguments: 0...20)
    func continues(split: Int) {
        let bytes = [UInt8](0..<20)
        let first = Checksum.crc32c(bytes.span.extracting(first: split))
        let whole = Checksum.crc32c(
            bytes.span.extracting(droppingFirst: split), continuing: first)
        #expect(whole == Checksum.crc32c(bytes.span))
    }
}
