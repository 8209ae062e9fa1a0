import ConsensusCore

/// The replies of one session to the commands its client may still ask for again.
///
/// They are those from the floor up to ``ConsensusCore/ServiceLimits/maximumOutstanding`` above it.
/// The reply of number n is at place n, modulo the ring's size, which is a power of two and grows
/// with the distance from the floor; all numbers held are less than a ring apart, so no two share a
/// place. Numbers wrap around, so that a floor near the last of them needs no care: what would lie
/// beyond is never held.
struct ReplyWindow: Sendable {
    /// Commands below it are answered for good; at least 1.
    private(set) var floor: UInt64
    private var ring: [[UInt8]?] = []
    /// How many replies are held.
    private(set) var count = 0
    /// What the replies held count for in bytes.
    private(set) var cost = 0

    init(floor: UInt64 = 1) {
        self.floor = floor
    }

    /// How far above the floor the numbers end that may have a reply here.
    var reach: Int { ring.count }

    /// The reply to a command, if it is held.
    func reply(to sequence: UInt64) -> [UInt8]? {
        guard sequence &- floor < UInt64(ring.count) else { return nil }
        return ring[place(of: sequence)]
    }

    /// Forgets the replies below a new floor, if it is higher.
    mutating func raiseFloor(to newFloor: UInt64) {
        guard newFloor > floor else { return }
        if count > 0 {
            let passed = Int(min(newFloor - floor, UInt64(ring.count)))
            for offset in 0..<passed { drop(at: place(of: floor &+ UInt64(offset))) }
        }
        floor = newFloor
    }

    /// Keeps the reply to a command.
    ///
    /// - Precondition: it is within the window and has none yet.
    mutating func keep(_ reply: [UInt8], to sequence: UInt64) {
        precondition(sequence - floor < UInt64(ServiceLimits.maximumOutstanding))
        let distance = Int(sequence - floor)
        if distance >= ring.count { grow(beyond: distance) }
        let place = place(of: sequence)
        precondition(ring[place] == nil)
        ring[place] = reply
        count += 1
        cost += SessionLimits.cost(of: reply)
    }

    private mutating func drop(at place: Int) {
        guard let reply = ring[place] else { return }
        ring[place] = nil
        count -= 1
        cost -= SessionLimits.cost(of: reply)
    }

    private mutating func grow(beyond distance: Int) {
        var size = max(1, ring.count)
        while size <= distance { size *= 2 }
        var larger = [[UInt8]?](repeating: nil, count: size)
        for offset in 0..<ring.count {
            let sequence = floor &+ UInt64(offset)
            larger[Int(truncatingIfNeeded: sequence) & (size - 1)] = ring[place(of: sequence)]
        }
        ring = larger
    }

    private func place(of sequence: UInt64) -> Int {
        Int(truncatingIfNeeded: sequence) & (ring.count - 1)
    }
}
