internal import ConsensusCore

/// Datagrams held back until their time: a binary heap, the earliest on top.
///
/// Adding and taking one are O(log n).
struct DelayedSends {
    struct Entry {
        let due: Instant
        /// Which was added first, to order those due at the same time.
        let order: UInt64
        let destination: SocketAddress
        let bytes: [UInt8]

        func precedes(_ other: Entry) -> Bool {
            due == other.due ? order < other.order : due < other.due
        }
    }

    /// The most datagrams held; one more is lost, as in a router whose queue is full.
    static let limit = 65_536

    private var heap: [Entry] = []
    private var nextOrder: UInt64 = 0

    /// When the first is due; ``Instant/never`` if there is none.
    var nextDue: Instant { heap.first?.due ?? .never }

    var count: Int { heap.count }

    /// Adds a datagram; returns false if there is no room for it.
    mutating func add(_ bytes: [UInt8], to destination: SocketAddress, due: Instant) -> Bool {
        guard heap.count < DelayedSends.limit else { return false }
        heap.append(Entry(due: due, order: nextOrder, destination: destination, bytes: bytes))
        nextOrder += 1
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].precedes(heap[parent]) else { break }
            heap.swapAt(child, parent)
            child = parent
        }
        return true
    }

    /// Takes the first datagram that is due; nil if none is.
    mutating func take(dueAt now: Instant) -> Entry? {
        guard let first = heap.first, first.due <= now else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].precedes(heap[least]) { least = child }
            }
            guard least != parent else { return first }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
