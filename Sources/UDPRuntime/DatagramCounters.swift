public import ConsensusCore

/// Why a datagram that arrived was not handed to the automaton.
public enum DropReason: UInt8, CaseIterable, Hashable, Sendable {
    /// It does not begin as our datagrams do.
    case notOurs
    /// Another version of the datagram format.
    case otherVersion
    /// It ends before its checksum does.
    case truncated
    /// The checksum does not match the bytes.
    case damaged
    /// It belongs to a cluster with another hosts file.
    case foreignCluster
    /// Undamaged, yet not a message of this protocol.
    case malformed
    /// The sender's ID has no line in the hosts file, and clients without one are not answered here.
    case unknownSender
    /// It bears this node's own ID.
    case ownID
    /// It did not come from the address of the sender's line.
    case wrongAddress
    /// A guest's without the cookie of its address: it was sent that cookie and nothing else.
    case withoutCookie
    /// A challenge that brings no new cookie or answers nothing that was sent of late.
    case idleChallenge
    /// A guest's, not looked at because too many had come.
    case shed

    @usableFromInline
    init(_ error: WireError) {
        self =
            switch error {
            case .notOurs: .notOurs
            case .unsupportedVersion: .otherVersion
            case .truncated: .truncated
            case .damaged: .damaged
            case .foreignCluster: .foreignCluster
            case .unknownTag, .invalidField, .trailingBytes: .malformed
            }
    }
}

/// What a loop has counted since it began.
///
/// Nothing that arrives and nothing the network refuses ends a loop; it is counted here instead.
public struct DatagramCounters: Hashable, Sendable {
    /// Datagrams handed to the automaton.
    public internal(set) var received: UInt64 = 0
    /// Datagrams the system took, each recipient counted.
    public internal(set) var sent: UInt64 = 0
    /// Datagrams the system did not take: their network or host was unreachable, a buffer was full.
    public internal(set) var sendErrors: UInt64 = 0
    /// The last reason it gave, as in `Network is unreachable`.
    public internal(set) var lastSendError: String?
    /// Datagrams that were not sent because the guest they were for had been forgotten.
    public internal(set) var forgottenGuests: UInt64 = 0
    /// Challenges whose cookie was taken.
    public internal(set) var challenges: UInt64 = 0
    /// Errors the system reported instead of a datagram.
    public internal(set) var receiveErrors: UInt64 = 0
    /// Copies dropped, added and delayed by injected faults.
    public internal(set) var injectedDrops: UInt64 = 0
    public internal(set) var injectedDuplicates: UInt64 = 0
    public internal(set) var injectedDelays: UInt64 = 0
    /// One count a ``DropReason``.
    private var drops = [UInt64](repeating: 0, count: DropReason.allCases.count)

    /// How many datagrams were dropped for one reason.
    public func dropped(_ reason: DropReason) -> UInt64 { drops[Int(reason.rawValue)] }

    /// How many datagrams were dropped for any reason.
    public var dropped: UInt64 { drops.reduce(0, +) }

    mutating func countDrop(_ reason: DropReason) { drops[Int(reason.rawValue)] += 1 }
}

extension DatagramCounters: CustomStringConvertible {
    /// As in `12 received, 14 sent, 3 dropped (damaged 2, notOurs 1)`.
    public var description: String {
        var result = "\(received) received, \(sent) sent, \(dropped) dropped"
        let reasons = DropReason.allCases.filter { dropped($0) > 0 }
        if !reasons.isEmpty {
            let list = reasons.map { "\($0) \(dropped($0))" }.joined(separator: ", ")
            result += " (\(list))"
        }
        if sendErrors > 0 {
            result += ", \(sendErrors) not taken by the system (\(lastSendError ?? ""))"
        }
        if forgottenGuests > 0 { result += ", \(forgottenGuests) for clients since forgotten" }
        return result
    }
}
