/// Which datagrams of a batch are looked at, and in which order.
///
/// When a batch comes back full, or with very many bytes, more waits in the socket, and the nodes'
/// datagrams share its buffer with those of anybody. So the nodes' come first then, the guests' after
/// them, a few of each address and a bounded number in all, and those without a cookie last; the rest is
/// shed without another look.
struct ReceiveOrder {
    /// How many bytes a batch has at most that is no sign of too many.
    static let calm = 1 << 20
    /// The most datagrams of one guest that are looked at in such a batch, and about the most bytes.
    static let eachGuest = (count: 8, bytes: 128 << 10)
    /// The most of all guests together.
    static let allGuests = (count: 40, bytes: 512 << 10)
    /// The most that are answered with a challenge.
    static let challenges = 16

    /// A datagram of a batch, before it is looked at more closely.
    struct Arrival {
        /// What is to become of it on its own merits.
        var screening: Screening
        var source: SocketAddress?
        var size: Int
    }

    private struct Share {
        var source: SocketAddress
        var count: Int
        var bytes: Int
    }

    /// Empty while datagrams are taken as they came.
    private var order: [Int] = []
    private var screenings: [Screening] = []
    /// How many datagrams of each guest are taken from the batch.
    private var shares: [Share] = []
    private var sum = (count: 0, bytes: 0)

    /// Looks at a batch of so many datagrams.
    ///
    /// - Parameter size: how many bytes it has in all.
    mutating func arrange(_ count: Int, size: Int, _ look: (Int) -> Arrival) {
        order.removeAll(keepingCapacity: true)
        screenings.removeAll(keepingCapacity: true)
        guard count >= System.batchLimit || size > ReceiveOrder.calm else { return }
        shares.removeAll(keepingCapacity: true)
        sum = (0, 0)
        var last: [Int] = []
        var guests: [Int] = []
        var challenged: [Int] = []
        for index in 0..<count {
            let arrival = look(index)
            screenings.append(arrival.screening)
            switch arrival.screening {
            case .peer, .challenge: order.append(index)
            case .guest:
                if takes(arrival) {
                    guests.append(index)
                } else {
                    screenings[index] = .refused(.shed)
                    last.append(index)
                }
            case .challenged:
                if challenged.count < ReceiveOrder.challenges {
                    challenged.append(index)
                } else {
                    screenings[index] = .refused(.shed)
                    last.append(index)
                }
            case .refused: last.append(index)
            }
        }
        order += guests + challenged + last
    }

    /// Whether one more of a guest is looked at; its first always is, while there is room for any.
    private mutating func takes(_ arrival: Arrival) -> Bool {
        guard let source = arrival.source, sum.count < ReceiveOrder.allGuests.count,
            sum.bytes < ReceiveOrder.allGuests.bytes
        else { return false }
        let place = shares.firstIndex { $0.source == source } ?? shares.count
        if place == shares.count { shares.append(Share(source: source, count: 0, bytes: 0)) }
        let share = shares[place]
        guard
            share.count == 0
                || share.count < ReceiveOrder.eachGuest.count
                    && share.bytes + arrival.size <= ReceiveOrder.eachGuest.bytes
        else { return false }
        shares[place].count += 1
        shares[place].bytes += arrival.size
        sum = (sum.count + 1, sum.bytes + arrival.size)
        return true
    }

    func index(ofTurn turn: Int) -> Int { order.isEmpty ? turn : order[turn] }

    /// What was found of a datagram when the batch was looked at; nil if it was not.
    func screening(at index: Int) -> Screening? { screenings.isEmpty ? nil : screenings[index] }
}
