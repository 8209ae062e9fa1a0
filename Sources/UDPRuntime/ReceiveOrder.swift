/// Which datagrams of a batch are looked at, and in which order.
///
/// When a batch comes back full, more waits in the socket, and the nodes' datagrams share its buffer with
/// those of anybody. So the nodes' come first then, the guests' after them, a few of each address and a
/// bounded number in all, and those without a cookie last; the rest is shed without another look.
struct ReceiveOrder {
    /// The most datagrams of one guest that are looked at in a full batch.
    static let eachGuest = 8
    /// The most of all guests together.
    static let allGuests = 40
    /// The most that are answered with a challenge.
    static let challenges = 16

    /// Empty while datagrams are taken as they came.
    private var order: [Int] = []
    private var screenings: [Screening] = []
    /// How many datagrams of each guest are taken from the batch.
    private var shares: [(source: SocketAddress, count: Int)] = []

    /// Looks at a batch of so many datagrams.
    ///
    /// - Parameter screen: what is to become of a datagram on its own merits, and where it came from.
    mutating func arrange(_ count: Int, _ screen: (Int) -> (Screening, SocketAddress?)) {
        order.removeAll(keepingCapacity: true)
        screenings.removeAll(keepingCapacity: true)
        guard count >= System.batchLimit else { return }
        shares.removeAll(keepingCapacity: true)
        var last: [Int] = []
        var guests: [Int] = []
        var challenged: [Int] = []
        for index in 0..<count {
            let (screening, source) = screen(index)
            screenings.append(screening)
            switch screening {
            case .peer, .challenge: order.append(index)
            case .guest:
                if guests.count < ReceiveOrder.allGuests, takesOneMore(of: source) {
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

    private mutating func takesOneMore(of source: SocketAddress?) -> Bool {
        guard let source else { return false }
        guard let place = shares.firstIndex(where: { $0.source == source }) else {
            shares.append((source, 1))
            return true
        }
        guard shares[place].count < ReceiveOrder.eachGuest else { return false }
        shares[place].count += 1
        return true
    }

    func index(ofTurn turn: Int) -> Int { order.isEmpty ? turn : order[turn] }

    /// What was found of a datagram when the batch was looked at; nil if it was not.
    func screening(at index: Int) -> Screening? { screenings.isEmpty ? nil : screenings[index] }
}
