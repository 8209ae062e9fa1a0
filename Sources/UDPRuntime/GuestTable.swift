internal import ConsensusCore

/// The addresses of clients without a line in the hosts file, each under an ID that this node gave it.
///
/// It holds a bounded number of them; one more takes the place of the one not heard for longest. IDs are
/// given anew only after a place has changed hands 32,767 times, so that what is meant for a client that
/// was forgotten is lost rather than sent to another. All operations are O(1).
struct GuestTable {
    /// The most addresses there is an ID for.
    static let maximumLimit = 65_536
    /// How many IDs a place gives one after the other before the first comes again.
    private static let generationCount: UInt32 = 0x7fff

    private struct Place {
        var address: SocketAddress
        /// How many others had the place before.
        var generation: UInt32
        /// The places heard next after and next before it; -1 for none.
        var newer: Int
        var older: Int
    }

    /// The most addresses held.
    let limit: Int
    private var places: [Place] = []
    private var indices: [SocketAddress: Int] = [:]
    private var newest = -1
    private var oldest = -1

    /// - Precondition: `limit` is from 1 to ``maximumLimit``.
    init(limit: Int) {
        precondition((1...GuestTable.maximumLimit).contains(limit))
        self.limit = limit
    }

    /// The ID of the client at an address that has just been heard.
    mutating func identify(_ address: SocketAddress) -> NodeID {
        if let index = indices[address] {
            if index != newest {
                unlink(index)
                linkAsNewest(index)
            }
            return identifier(of: index)
        }
        let index: Int
        if places.count < limit {
            index = places.count
            places.append(Place(address: address, generation: 0, newer: -1, older: -1))
        } else {
            index = oldest
            unlink(index)
            indices[places[index].address] = nil
            places[index].address = address
            places[index].generation =
                (places[index].generation + 1) % GuestTable.generationCount
        }
        indices[address] = index
        linkAsNewest(index)
        return identifier(of: index)
    }

    /// The address of a client; nil if it has been forgotten, or never had that ID.
    func address(of node: NodeID) -> SocketAddress? {
        guard node.isGuest else { return nil }
        let number = node.rawValue - NodeID.firstGuest.rawValue
        let index = Int(number & 0xffff)
        guard index < places.count, places[index].generation == number >> 16 else { return nil }
        return places[index].address
    }

    private func identifier(of index: Int) -> NodeID {
        NodeID(NodeID.firstGuest.rawValue | places[index].generation << 16 | UInt32(index))
    }

    private mutating func unlink(_ index: Int) {
        let place = places[index]
        if place.newer < 0 { newest = place.older } else { places[place.newer].older = place.older }
        if place.older < 0 { oldest = place.newer } else { places[place.older].newer = place.newer }
    }

    private mutating func linkAsNewest(_ index: Int) {
        places[index].newer = -1
        places[index].older = newest
        if newest < 0 { oldest = index } else { places[newest].newer = index }
        newest = index
    }
}
