/// Datagrams that wait for the next `sendmmsg`.
///
/// The bytes of a broadcast are held once and shared by the slots of all its recipients.
struct SendQueue {
    private var arena: [UInt8] = []
    private var slots: [DatagramSlot] = []

    /// How much memory is kept from one time to the next: a burst must not be paid for ever.
    static let kept = (bytes: 4 << 20, slots: 4_096)

    var count: Int { slots.count }
    /// How many bytes wait.
    var size: Int { arena.count }
    /// For how many bytes there is memory.
    var capacity: Int { arena.capacity }

    /// Takes in the bytes of a datagram; returns where they begin.
    mutating func store(_ bytes: [UInt8]) -> Int {
        let offset = arena.count
        arena.append(contentsOf: bytes)
        return offset
    }

    /// The bytes of a stored datagram.
    func bytes(at offset: Int, length: Int) -> [UInt8] { Array(arena[offset..<offset + length]) }

    /// Addresses a stored datagram to one recipient more.
    mutating func add(offset: Int, length: Int, to destination: SocketAddress) {
        slots.append(DatagramSlot(address: destination, offset: offset, length: length))
    }

    /// Sends everything and forgets it; what the system does not take is counted and lost.
    mutating func flush(to descriptor: Int32, counters: inout DatagramCounters) {
        var sent = 0
        while sent < slots.count {
            do throws(SystemError) {
                let count = try unsafe arena.withUnsafeBufferPointer { arena throws(SystemError) in
                    try unsafe slots.withUnsafeBufferPointer { slots throws(SystemError) in
                        try unsafe System.sendmmsg(
                            descriptor, from: arena.baseAddress!,
                            slots: UnsafeBufferPointer(rebasing: slots[sent...]))
                    }
                }
                sent += count
                counters.sent += UInt64(count)
            } catch {
                // The first of the rest was refused; those behind it may go elsewhere.
                sent += 1
                counters.sendErrors += 1
                counters.lastSendError = error.reason
            }
        }
        arena.removeAll(keepingCapacity: arena.capacity <= SendQueue.kept.bytes)
        slots.removeAll(keepingCapacity: slots.capacity <= SendQueue.kept.slots)
    }
}
