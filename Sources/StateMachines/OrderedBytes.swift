/// A dictionary from bytes to bytes whose keys are in order.
///
/// The keys are held in chunks of up to 256, each sorted and all of them in order; two binary
/// searches find a key. Among n keys that takes log₂ n comparisons, and adding or removing one
/// moves at most a chunk's and, rarely, the list of chunks'. Neighbours that have become small are
/// joined. How the keys are spread over chunks depends on the past; nothing that can be observed
/// does.
struct OrderedBytes: Sendable {
    struct Chunk: Sendable {
        var keys: [[UInt8]]
        var values: [[UInt8]]
    }

    /// Where a key is, or is to be.
    struct Position: Hashable, Sendable {
        var chunk: Int
        var offset: Int
    }

    static let largestChunk = 256

    /// Never an empty one.
    private(set) var chunks: [Chunk] = []
    private(set) var count = 0

    /// The first key that is not before `key`, and whether it is that key.
    func search(_ key: Span<UInt8>) -> (position: Position, isFound: Bool) {
        let list = chunks.span
        var low = 0
        var high = list.count
        while low < high {
            let middle = (low + high) / 2
            let first = list[middle].keys[0]
            if key.precedes(first.span) { high = middle } else { low = middle + 1 }
        }
        guard low > 0 else { return (Position(chunk: 0, offset: 0), false) }
        let chunk = low - 1
        let keys = list[chunk].keys.span
        low = 0
        high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle].span.precedes(key) { low = middle + 1 } else { high = middle }
        }
        return (
            Position(chunk: chunk, offset: low),
            low < keys.count && keys[low].span.equals(key)
        )
    }

    func value(of key: Span<UInt8>) -> [UInt8]? {
        let (position, isFound) = search(key)
        return isFound ? self[position] : nil
    }

    /// The value of the key at a position.
    subscript(position: Position) -> [UInt8] {
        get { chunks[position.chunk].values[position.offset] }
        set { chunks[position.chunk].values[position.offset] = newValue }
    }

    /// The key at a position and the next position; nil at the end.
    ///
    /// A position just after a chunk's last key is that of the next chunk's first.
    func key(at position: inout Position) -> [UInt8]? {
        if position.chunk < chunks.count && position.offset >= chunks[position.chunk].keys.count {
            position = Position(chunk: position.chunk + 1, offset: 0)
        }
        guard position.chunk < chunks.count else { return nil }
        defer { position.offset += 1 }
        return chunks[position.chunk].keys[position.offset]
    }

    /// Adds a key at the position that the search for it gave.
    mutating func insert(_ key: [UInt8], _ value: [UInt8], at position: Position) {
        count += 1
        guard !chunks.isEmpty else {
            chunks.append(Chunk(keys: [key], values: [value]))
            return
        }
        let chunk = position.chunk
        chunks[chunk].keys.insert(key, at: position.offset)
        chunks[chunk].values.insert(value, at: position.offset)
        if chunks[chunk].keys.count > OrderedBytes.largestChunk { split(chunk) }
    }

    /// Adds a key that comes after all others.
    mutating func append(_ key: [UInt8], _ value: [UInt8]) {
        let last = max(0, chunks.count - 1)
        let offset = chunks.isEmpty ? 0 : chunks[last].keys.count
        insert(key, value, at: Position(chunk: last, offset: offset))
    }

    mutating func remove(at position: Position) {
        count -= 1
        let chunk = position.chunk
        chunks[chunk].keys.remove(at: position.offset)
        chunks[chunk].values.remove(at: position.offset)
        let left = chunks[chunk].keys.count
        if left == 0 {
            chunks.remove(at: chunk)
        } else if left < OrderedBytes.largestChunk / 4 {
            if !joined(chunk) && chunk > 0 { _ = joined(chunk - 1) }
        }
    }

    private mutating func split(_ chunk: Int) {
        let middle = chunks[chunk].keys.count / 2
        let upper = Chunk(
            keys: Array(chunks[chunk].keys[middle...]),
            values: Array(chunks[chunk].values[middle...]))
        chunks[chunk].keys.removeSubrange(middle...)
        chunks[chunk].values.removeSubrange(middle...)
        chunks.insert(upper, at: chunk + 1)
    }

    /// Joins a chunk with the next if together they are well below the largest; returns whether it
    /// did.
    private mutating func joined(_ chunk: Int) -> Bool {
        guard chunk + 1 < chunks.count,
            chunks[chunk].keys.count + chunks[chunk + 1].keys.count
                <= OrderedBytes.largestChunk / 2
        else { return false }
        let next = chunks.remove(at: chunk + 1)
        chunks[chunk].keys.append(contentsOf: next.keys)
        chunks[chunk].values.append(contentsOf: next.values)
        return true
    }

    func checkInvariants() {
        var total = 0
        var last: [UInt8] = []
        for chunk in chunks {
            precondition(!chunk.keys.isEmpty && chunk.keys.count == chunk.values.count)
            precondition(chunk.keys.count <= OrderedBytes.largestChunk)
            total += chunk.keys.count
            for key in chunk.keys {
                precondition(last.span.precedes(key.span))
                last = key
            }
        }
        precondition(total == count)
    }
}
