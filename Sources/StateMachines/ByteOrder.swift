/// The order of keys: byte by byte, as numbers, and what begins another comes before it.
extension Span where Element == UInt8 {
    func precedes(_ other: Span<UInt8>) -> Bool {
        let shared = Swift.min(count, other.count)
        for index in 0..<shared where self[index] != other[index] {
            return self[index] < other[index]
        }
        return count < other.count
    }

    func equals(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count where self[index] != other[index] { return false }
        return true
    }

    func begins(with prefix: Span<UInt8>) -> Bool {
        count >= prefix.count && extracting(first: prefix.count).equals(prefix)
    }
}
