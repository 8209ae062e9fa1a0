/// What a guest keeps for the gates of the nodes it writes to: by node, the cookie it was given.
///
/// A node without a cookie here will answer with a challenge (``GuestGate``). So the last few datagrams
/// sent to it are held, and sent again, once, when the challenge brings the cookie. A challenge counts only
/// if it names a datagram that was sent to that node of late, and is acted on only if it brings another
/// cookie than the one that is here.
public struct CookieJar: Sendable {
    private struct Held: Sendable {
        var sequence: UInt64
        var bytes: [UInt8]
    }

    private struct Shelf: Sendable {
        var cookie: UInt64 = 0
        var held: [Held] = []
        var heldBytes = 0
        /// The sequence of the latest datagram sent; nil before the first.
        var latest: UInt64?

        mutating func hold(_ datagram: Held) {
            held.append(datagram)
            heldBytes += datagram.bytes.count
            while held.count > CookieJar.limit.count
                || (heldBytes > CookieJar.limit.size && held.count > 1)
            {
                heldBytes -= held.removeFirst().bytes.count
            }
        }
    }

    private var shelves: [Shelf]

    /// The most datagrams held for a node, and about the most bytes.
    static let limit = (count: 8, size: 160_000)
    /// How many datagrams ago one must have been sent at most for a challenge to it to count.
    static let recall: UInt64 = 4_096

    /// - Parameter nodeCount: how many nodes there are, from ID 0.
    public init(nodeCount: Int) {
        shelves = Array(repeating: Shelf(), count: nodeCount)
    }

    /// What to write into the header of a datagram for a node; 0 if nothing is known.
    public func cookie(for node: NodeID) -> UInt64 {
        node.index < shelves.count ? shelves[node.index].cookie : 0
    }

    /// A datagram is on its way to a node.
    public mutating func didSend(_ bytes: [UInt8], sequence: UInt64, to node: NodeID) {
        guard node.index < shelves.count else { return }
        shelves[node.index].latest = sequence
        guard shelves[node.index].cookie == 0 else { return }
        shelves[node.index].hold(Held(sequence: sequence, bytes: bytes))
    }

    /// Takes the header of a challenge that came from the node's own address.
    ///
    /// - Returns: what is to be sent to that node again, now; nil if the challenge changes nothing.
    public mutating func take(_ challenge: DatagramHeader) -> [[UInt8]]? {
        let node = challenge.origin.node
        guard challenge.kind == .challenge, challenge.cookie != 0, node.index < shelves.count,
            let latest = shelves[node.index].latest, challenge.sequence <= latest,
            latest - challenge.sequence < CookieJar.recall,
            challenge.cookie != shelves[node.index].cookie
        else { return nil }
        var again = shelves[node.index].held.map(\.bytes)
        shelves[node.index].cookie = challenge.cookie
        shelves[node.index].held = []
        shelves[node.index].heldBytes = 0
        for index in again.indices {
            DatagramFormat.write(cookie: challenge.cookie, into: &again[index])
        }
        return again
    }
}
