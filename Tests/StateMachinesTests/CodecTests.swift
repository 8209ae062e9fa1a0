import ConsensusCore
import StateMachines
import Testing

@Suite("Commands and replies as bytes")
struct CodecTests {
    private typealias Value = WireCodable & Equatable

    /// What was written comes back, no part of it does, and other bytes are one value's or none's.
    private func check<Coded: Value>(_ values: [Coded]) throws {
        var random = RandomSource(seed: UInt64(values.count))
        for value in values {
            let bytes = value.encoded()
            #expect(try Coded(reading: bytes.span) == value)
            for count in bytes.indices {
                let part = Array(bytes.prefix(count))
                #expect(throws: WireError.truncated) { try Coded(reading: part.span) }
            }
            let longer = bytes + [0]
            #expect(throws: WireError.trailingBytes) { try Coded(reading: longer.span) }
            for _ in 0..<300 {
                let other = bytes.flipping(bit: random.number(in: 0...(bytes.count * 8 - 1)))
                guard let read = try? Coded(reading: other.span) else { continue }
                #expect(read.encoded() == other && read != value)
            }
        }
    }

    @Test("come back as they were written, and no part of them does")
    func roundTrips() throws {
        try check(
            [
                .put(key: [1], value: []), .put(key: [1, 2], value: [3, 4]), .delete(key: [5]),
                .compareAndSet(key: [1], old: nil, new: [2]),
                .compareAndSet(key: [1], old: [], new: [2]),
                .compareAndSet(key: [1], old: [3, 4], new: []),
            ] as [KeyValueCommand])
        try check(
            [
                .get(key: [1]), .keys(prefix: [], after: [], limit: 0),
                .keys(prefix: [1], after: [1, 2], limit: .max),
            ] as [KeyValueQuery])
        try check(
            [
                .done, .value([]), .value([1, 2]), .missing, .mismatch([3]), .full,
                .page(keys: [], hasMore: true), .page(keys: [[1], [2, 3]], hasMore: false),
                .refused(.malformed),
            ] as [KeyValueReply])
        try check([.append([]), .append([1, 2])] as [ListCommand])
        try check([.page(from: 0, limit: 0), .page(from: .max, limit: .max)] as [ListQuery])
        try check(
            [
                .appended(position: .max), .page(items: [], total: 9),
                .page(items: [[], [1, 2]], total: 2), .full, .refused(.size),
            ] as [ListReply])
    }

    @Test("a page that claims more items than its bytes hold is truncated")
    func counts() {
        for count in [1, 1_000, 32_768] as [UInt32] {
            var writer = ByteWriter()
            writer.write(4 as UInt8)
            writer.write(false)
            writer.write(count)
            let keys = writer.bytes
            #expect(throws: WireError.truncated) { try KeyValueReply(reading: keys.span) }
            writer.removeAll()
            writer.write(1 as UInt8)
            writer.write(9 as UInt64)
            writer.write(count)
            let items = writer.bytes
            #expect(throws: WireError.truncated) { try ListReply(reading: items.span) }
        }
    }

    @Test("a refusal is read alike by the clients of every service", arguments: Refusal.allCases)
    func refusals(refusal: Refusal) throws {
        let bytes = KeyValueReply.refused(refusal).encoded()
        #expect(bytes == ListReply.refused(refusal).encoded())
        #expect(try ListReply(reading: bytes.span) == .refused(refusal))
        #expect(try KeyValueReply(reading: bytes.span) == .refused(refusal))
    }
}
