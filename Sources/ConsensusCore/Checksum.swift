/// CRC-32C (Castagnoli), the checksum of datagrams and records.
///
/// UDP's own checksum is not computed on loopback and is left to network cards elsewhere, so it proves
/// little about what a process is handed. CRC-32C finds every burst of up to 32 flipped bits and, in
/// records as short as ours, any three flipped bits (Koopman, *32-Bit Cyclic Redundancy Codes for
/// Internet Applications*, 2002).
public enum Checksum {
    /// Eight tables of 256, for eight bytes a turn (Kounavis and Berry, *Slicing-by-8*).
    @usableFromInline
    static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var remainder = UInt32(byte)
            for _ in 0..<8 {
                remainder = remainder & 1 == 1 ? remainder >> 1 ^ 0x82f6_3b78 : remainder >> 1
            }
            tables[byte] = remainder
        }
        for slice in 1..<8 {
            for byte in 0..<256 {
                let previous = tables[(slice - 1) * 256 + byte]
                tables[slice * 256 + byte] = previous >> 8 ^ tables[Int(previous & 0xff)]
            }
        }
        return tables
    }()

    /// The checksum of a run of bytes, continuing `previous`, the checksum of what came before.
    @inlinable
    public static func crc32c(_ bytes: Span<UInt8>, continuing previous: UInt32 = 0) -> UInt32 {
        let table = tables.span
        var remainder = ~previous
        var index = 0
        while index + 8 <= bytes.count {
            let low =
                remainder
                ^ (UInt32(bytes[index]) | UInt32(bytes[index + 1]) << 8
                    | UInt32(bytes[index + 2]) << 16 | UInt32(bytes[index + 3]) << 24)
            remainder =
                table[7 * 256 + Int(low & 0xff)] ^ table[6 * 256 + Int(low >> 8 & 0xff)]
                ^ table[5 * 256 + Int(low >> 16 & 0xff)] ^ table[4 * 256 + Int(low >> 24)]
                ^ table[3 * 256 + Int(bytes[index + 4])] ^ table[2 * 256 + Int(bytes[index + 5])]
                ^ table[1 * 256 + Int(bytes[index + 6])] ^ table[Int(bytes[index + 7])]
            index += 8
        }
        while index < bytes.count {
            remainder = remainder >> 8 ^ table[Int((remainder ^ UInt32(bytes[index])) & 0xff)]
            index += 1
        }
        return ~remainder
    }
}
