import ConsensusCore

/// The bytes that libFuzzer has drawn, as a source of decisions.
///
/// What is asked for after the end is zeros, so every input means something and a short one is a prefix
/// of longer ones.
struct Input {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isEmpty: Bool { offset >= bytes.count }

    mutating func byte() -> UInt8 {
        guard offset < bytes.count else { return 0 }
        offset += 1
        return bytes[offset - 1]
    }

    /// A number from 0 to one below the bound, which is from 1 to 256.
    mutating func below(_ bound: Int) -> Int { Int(byte()) % bound }

    /// A number of two bytes.
    mutating func short() -> Int { Int(byte()) | Int(byte()) << 8 }

    mutating func take(_ count: Int) -> [UInt8] {
        let end = min(bytes.count, offset + count)
        defer { offset = end }
        return Array(bytes[offset..<end])
    }

    mutating func rest() -> [UInt8] { take(bytes.count - offset) }

    /// Reads a value as a datagram or a file would have it; nil, and nothing consumed, if there is none.
    mutating func value<Value: WireCodable>(_: Value.Type) -> Value? {
        var reader = bytes.span.extracting(droppingFirst: offset)
        guard let value = try? Value(from: &reader) else { return nil }
        offset = bytes.count - reader.count
        return value
    }
}

func encoded(_ value: some WireCodable) -> [UInt8] {
    var writer = ByteWriter()
    value.encode(into: &writer)
    return writer.bytes
}

/// Reads a value that takes up all of the bytes; nil if there is none.
func decoded<Value: WireCodable>(_: Value.Type, _ bytes: [UInt8]) -> Value? {
    var reader = bytes.span
    guard let value = try? Value(from: &reader), reader.isEmpty else { return nil }
    return value
}

/// What can be read from the front of some bytes is written as the very bytes that were read.
func expectCanonical<Value: WireCodable>(_: Value.Type, _ bytes: [UInt8]) {
    var reader = bytes.span
    guard let value = try? Value(from: &reader) else { return }
    let count = bytes.count - reader.count
    expect(
        encoded(value) == Array(bytes.prefix(count)),
        "\(value) is written as other bytes than it was read from")
}
