import ConsensusCore
import Testing

@testable import StateMachines

@Suite("Ordered bytes")
struct OrderedBytesTests {
    private func key(_ number: Int) -> [UInt8] { [UInt8(number / 256), UInt8(number % 256)] }

    private func filled(_ count: Int) -> OrderedBytes {
        var entries = OrderedBytes()
        for number in 0..<count { entries.append(key(number), key(number)) }
        return entries
    }

    private func remove(_ number: Int, from entries: inout OrderedBytes) {
        let key = key(number)
        let (position, isFound) = entries.search(key.span)
        #expect(isFound)
        entries.remove(at: position)
    }

    @Test("a chunk that has become small is not joined with a full one")
    func fullNeighbour() {
        let half = OrderedBytes.largestChunk / 2
        var entries = filled(3 * half)
        #expect(entries.chunks.map(\.keys.count) == [half, 2 * half])
        for number in 0..<(half - 1) { remove(number, from: &entries) }
        entries.checkInvariants()
        #expect(entries.chunks.map(\.keys.count) == [1, 2 * half])
        remove(half - 1, from: &entries)
        entries.checkInvariants()
        #expect(entries.chunks.map(\.keys.count) == [2 * half])
    }

    @Test("removing most keys leaves few chunks, whichever way they go", arguments: [false, true])
    func joining(isBackward: Bool) {
        var entries = filled(20_000)
        #expect(entries.chunks.count > 100)
        let numbers = (0..<20_000).filter { $0 % 100 != 0 }
        for number in isBackward ? numbers.reversed() : numbers { remove(number, from: &entries) }
        entries.checkInvariants()
        #expect(entries.count == 200 && entries.chunks.count <= 6)
        let left = (0..<20_000).filter { number in
            let key = key(number)
            return entries.value(of: key.span) == key
        }
        #expect(left == Array(stride(from: 0, to: 20_000, by: 100)))
    }
}
