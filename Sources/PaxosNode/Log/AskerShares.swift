import ConsensusCore

/// How much of something each asker has taken, so that no guest takes all of it.
///
/// It counts by the last 16 bits of an ID, which tell apart the guests that a node knows at a time, so
/// nothing is looked up; those that share them share their part.
struct AskerShares: Sendable {
    private struct Share: Sendable {
        var amount = 0
        var era: UInt32 = 0
    }

    private var shares: [Share] = []
    /// What was taken in earlier eras is forgotten.
    private var era: UInt32 = 0
    private let limit: Int
    /// Who takes for many others, without a limit.
    private let exempt: NodeSet

    init(limit: Int, exempt: NodeSet) {
        self.limit = limit
        self.exempt = exempt
    }

    private static func place(of asker: NodeID) -> Int { Int(asker.rawValue & 0xffff) }

    /// Whether an asker may take so much more; the first is always allowed.
    func allows(_ amount: Int, to asker: NodeID) -> Bool {
        let place = AskerShares.place(of: asker)
        guard place < shares.count, shares[place].era == era else { return true }
        let taken = shares[place].amount
        return taken == 0 || taken + amount <= limit || exempt.contains(asker)
    }

    mutating func take(_ amount: Int, for asker: NodeID) {
        guard !exempt.contains(asker) else { return }
        let place = AskerShares.place(of: asker)
        if place >= shares.count {
            shares.append(contentsOf: repeatElement(Share(), count: place + 1 - shares.count))
        }
        if shares[place].era != era { shares[place] = Share(amount: 0, era: era) }
        shares[place].amount += amount
    }

    mutating func give(_ amount: Int, of asker: NodeID) {
        let place = AskerShares.place(of: asker)
        guard !exempt.contains(asker), place < shares.count, shares[place].era == era else {
            return
        }
        shares[place].amount = max(0, shares[place].amount - amount)
    }

    /// Forgets what anybody has taken; O(1).
    mutating func reset() {
        guard era < .max else {
            shares = []
            era = 0
            return
        }
        era += 1
    }
}
