/// CRC-32C (Castagnoli), the checksum of datagrams and records.
///
/// UDP's own checksum is not computed on loopback and is left to network cards elsewhere, so it proves
/// little about what a process is handed. CRC-32C finds every burst of up to 32 flipped bits and, in
/// records as short as ours, any three flipped bits (Koopman, *32-Bit Cyclic Redundancy Codes for
/// Internet Applications*, 2002).
public enum Checksum {
    /// How many bytes are taken a turn.
    @usableFromInline static let stride = 16

    /// Sixteen tables of 256, for as many bytes a turn (after Kounavis and Berry, *Slicing-by-8*).
    @usableFromInline
    static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: stride * 256)
        for byte in 0..<256 {
            var remainder = UInt32(byte)
            for _ in 0..<8 {
                remainder = remainder & 1 == 1 ? remainder >> 1 ^ 0x82f6_3b78 : remainder >> 1
            }
            tables[byte] = remainder
        }
        for slice in 1..<stride {
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
        while index + stride <= bytes.count {
            // The first four bytes are folded into what is left of those before. There are four sums, so
            // that none has to wait for another; every index is within the stride and the tables.
            var sums: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
            for offset in 0..<4 {
                let left = Int(remainder &>> UInt32(8 * offset) & 0xff)
                let first = unsafe Int(bytes[unchecked: index + offset]) ^ left
                let second = unsafe Int(bytes[unchecked: index + 4 + offset])
                let third = unsafe Int(bytes[unchecked: index + 8 + offset])
                let fourth = unsafe Int(bytes[unchecked: index + 12 + offset])
                sums.0 ^= unsafe table[unchecked: (15 - offset) * 256 + first]
                sums.1 ^= unsafe table[unchecked: (11 - offset) * 256 + second]
                sums.2 ^= unsafe table[unchecked: (7 - offset) * 256 + third]
                sums.3 ^= unsafe table[unchecked: (3 - offset) * 256 + fourth]
            }
            remainder = sums.0 ^ sums.1 ^ sums.2 ^ sums.3
            index += stride
        }
        while index < bytes.count {
            remainder = remainder >> 8 ^ table[Int((remainder ^ UInt32(bytes[index])) & 0xff)]
            index += 1
        }
        return ~remainder
    }
}
