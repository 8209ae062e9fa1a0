/// Says which guests have shown that they receive what is sent to the address they write from.
///
/// Anybody can write a sender's address of his choosing; so until a guest has shown the cookie of its
/// address it is answered with nothing but that cookie, in a challenge that is never larger than the
/// question. A cookie is a keyed hash of the address: the gate keeps nothing of any guest, and two gates of
/// one key say the same.
@frozen
public struct GuestGate: Sendable {
    /// What becomes of a guest's datagram.
    @frozen
    public enum Verdict: Hashable, Sendable {
        /// It bears the cookie of its address.
        case admitted
        /// The cookie is to be sent to its address, and nothing else is to happen.
        case challenge(cookie: UInt64)
    }

    @usableFromInline let key: SipHash.Key

    /// - Parameter key: drawn anew in every life of the node.
    @inlinable
    public init(key: SipHash.Key) {
        self.key = key
    }

    @inlinable
    public func judge(cookie: UInt64, from address: GuestAddress) -> Verdict {
        let right = self.cookie(of: address)
        return cookie == right ? .admitted : .challenge(cookie: right)
    }

    /// The cookie of an address; never 0, which says in a header that there is none.
    @inlinable
    func cookie(of address: GuestAddress) -> UInt64 {
        var hash = SipHash(key: key)
        hash.absorb(address.high)
        hash.absorb(address.low)
        hash.absorb(address.place)
        return max(hash.finish(), 1)
    }
}

/// Where a guest writes from, as numbers.
@frozen
public struct GuestAddress: Hashable, Sendable {
    /// The upper half of the host's address.
    public var high: UInt64
    /// The lower half.
    public var low: UInt64
    /// The port, and whatever else tells addresses of one host apart.
    public var place: UInt64

    @inlinable
    public init(high: UInt64, low: UInt64, place: UInt64) {
        self.high = high
        self.low = low
        self.place = place
    }
}
