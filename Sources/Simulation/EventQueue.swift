public import ConsensusCore

/// What is to happen, earliest first; what is due at the same time, in the order it was pushed.
///
/// A heap with four children a node: its entries are plain memory and its depth for the hundred or
/// so events of a run is three or four. Push and pop are O(log n).
@frozen
public struct EventQueue<Payload: BitwiseCopyable> {
    /// One event with its time.
    @frozen
    public struct Entry: BitwiseCopyable {
        public let time: Instant
        @usableFromInline let sequence: UInt64
        public let payload: Payload

        @inlinable
        init(time: Instant, sequence: UInt64, payload: Payload) {
            self.time = time
            self.sequence = sequence
            self.payload = payload
        }

        @inlinable
        func precedes(_ other: Entry) -> Bool {
            time.nanoseconds < other.time.nanoseconds
                || (time.nanoseconds == other.time.nanoseconds && sequence < other.sequence)
        }
    }

    @usableFromInline var entries: [Entry] = []
    @usableFromInline var pushed: UInt64 = 0

    @inlinable
    public init() {}

    @inlinable
    public var count: Int { entries.count }

    /// When the next event is due, or nil when there is none.
    @inlinable
    public var nextTime: Instant? { entries.isEmpty ? nil : entries[0].time }

    /// Forgets all events and keeps the memory.
    @inlinable
    public mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
        pushed = 0
    }

    @inlinable
    public mutating func push(_ payload: Payload, at time: Instant) {
        let entry = Entry(time: time, sequence: pushed, payload: payload)
        pushed &+= 1
        entries.append(entry)
        var hole = entries.count - 1
        var heap = entries.mutableSpan
        while hole > 0 {
            let parent = (hole - 1) >> 2
            guard entry.precedes(heap[parent]) else { break }
            heap[hole] = heap[parent]
            hole = parent
        }
        heap[hole] = entry
    }

    /// Removes and returns the next event.
    @inlinable
    public mutating func pop() -> Entry? {
        guard let last = entries.popLast() else { return nil }
        let count = entries.count
        guard count > 0 else { return last }
        var heap = entries.mutableSpan
        let first = heap[0]
        var hole = 0
        while true {
            let firstChild = hole << 2 + 1
            guard firstChild < count else { break }
            var least = firstChild
            var child = firstChild + 1
            let end = min(firstChild + 4, count)
            while child < end {
                if heap[child].precedes(heap[least]) { least = child }
                child += 1
            }
            guard heap[least].precedes(last) else { break }
            heap[hole] = heap[least]
            hole = least
        }
        heap[hole] = last
        return first
    }
}
