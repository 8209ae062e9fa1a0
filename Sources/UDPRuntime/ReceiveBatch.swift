/// Room for what one `recvmmsg` brings.
///
/// The memory of a slot is touched only as far as datagrams reach into it.
@safe
struct ReceiveBatch: ~Copyable {
    /// How many bytes a slot has room for: more than any UDP datagram has, so that none is cut.
    private static let room = 65_536
    /// How far slots are apart; the odd rest keeps their beginnings from sharing one cache set.
    private static let stride = room + 192

    private let arena: UnsafeMutablePointer<UInt8>
    private let slots: UnsafeMutableBufferPointer<DatagramSlot>

    init() {
        unsafe arena = .allocate(capacity: System.batchLimit * ReceiveBatch.stride)
        unsafe slots = .allocate(capacity: System.batchLimit)
        let nowhere = SocketAddress(ipv4: 0, port: 0)
        unsafe slots.initialize(repeating: DatagramSlot(address: nowhere, offset: 0, length: 0))
    }

    deinit {
        unsafe arena.deallocate()
        unsafe slots.deallocate()
    }

    /// Receives without waiting what has come, at most a batch; returns how many.
    mutating func receive(from descriptor: Int32) throws(SystemError) -> Int {
        let nowhere = SocketAddress(ipv4: 0, port: 0)
        for index in 0..<System.batchLimit {
            unsafe slots[index] = DatagramSlot(
                address: nowhere, offset: index * ReceiveBatch.stride, length: ReceiveBatch.room)
        }
        return try unsafe System.recvmmsg(descriptor, into: arena, slots: slots)
    }

    /// The bytes of one datagram, until the next batch is received.
    ///
    /// - Precondition: `index` is below what ``receive(from:)`` returned.
    func bytes(at index: Int) -> UnsafeBufferPointer<UInt8> {
        precondition(index >= 0 && index < System.batchLimit)
        let range = unsafe slots[index].byteRange
        return unsafe UnsafeBufferPointer(
            start: arena + range.lowerBound, count: min(range.count, ReceiveBatch.room))
    }

    /// Where one datagram came from; nil if the system did not say.
    func source(at index: Int) -> SocketAddress? {
        precondition(index >= 0 && index < System.batchLimit)
        return unsafe slots[index].source
    }
}
