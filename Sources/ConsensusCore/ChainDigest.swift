/// A running digest of an order: of all commands and replies up to a position, each position's folded into
/// that of the one before.
///
/// Two replicas with equal digests at one position have applied the same and answered the same, but for a
/// chance of about 2⁻⁶⁴. It finds histories that have come apart; it is no protection from forgers. Folding
/// costs a multiplication for each eight bytes.
public struct ChainDigest: Hashable, Sendable {
    public private(set) var value: UInt64

    /// The digest of nothing, or one that was reached before.
    public init(_ value: UInt64 = 0) {
        self.value = value
    }

    /// Takes in a number.
    public mutating func fold(_ number: UInt64) {
        let product = (value ^ 0xa076_1d64_78bd_642f)
            .multipliedFullWidth(by: number ^ 0xe703_7ed1_a0b4_28db)
        value = product.high ^ product.low &+ value.byteSwapped
    }

    /// Takes in bytes, and how many they are.
    public mutating func fold(_ bytes: Span<UInt8>) {
        fold(UInt64(bytes.count))
        var index = 0
        while index + 8 <= bytes.count {
            fold(unsafe bytes.bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self))
            index += 8
        }
        guard index < bytes.count else { return }
        var rest: UInt64 = 0
        while index < bytes.count {
            rest = rest << 8 | UInt64(bytes[index])
            index += 1
        }
        fold(rest)
    }

    /// Takes in a reply.
    public mutating func fold(_ reply: Reply) {
        switch reply {
        case .done(let bytes): fold(bytes.span)
        case .opened(let session): fold(session)
        default:
            var writer = ByteWriter()
            reply.encode(into: &writer)
            fold(writer.bytes.span)
        }
    }
}
