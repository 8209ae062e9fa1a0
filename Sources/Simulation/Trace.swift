public import ConsensusCore

/// One line of a trace.
public struct TraceEvent: Hashable, Sendable {
    /// What happened.
    @frozen
    public enum Action: UInt8, Hashable, Sendable {
        case starts = 1
        case restarts, restartsWithoutDisk
        case sends, receives, wakes, takesInput
        /// What became of a datagram on its way.
        case loses, drops, partitions, duplicates, delays, clogs, corrupts, rejects
        /// It arrived, and its host was down.
        case findsHostDown
        case records, reports
        case crashes, crashesAtPersist, losesTail
        case pauses, resumes, jumps, slowsDisk, skews
        case clogBegins, clogEnds, partitionBegins, partitionEnds
        case heals, violates, ends
        case checkpoints
        case fillsDisk, outOfRoom, hangsDisk, waitsForDisk, overflows, rots, refusesToStart
        case challenges, resends
        case copiesDisk, findsOldDisk, beginsAnew, losesPower, failsToSync
        case twinBegins, turns, twinEnds, computes, forges
    }

    /// The true time, since the run began.
    public var time: Instant
    /// The host it happened on; for datagrams under way, the sender; nil for the whole world.
    public var node: NodeID?
    public var action: Action
    /// The other end, if there is one.
    public var peer: NodeID?
    /// The delivery, if it is about one.
    public var delivery: DeliveryKey?
    /// The message, record, output or circumstance in words.
    public var text: String

    public init(
        time: Instant, node: NodeID?, action: Action, peer: NodeID? = nil,
        delivery: DeliveryKey? = nil, text: String = ""
    ) {
        self.time = time
        self.node = node
        self.action = action
        self.peer = peer
        self.delivery = delivery
        self.text = text
    }
}

extension TraceEvent: CustomStringConvertible {
    /// One line: milliseconds, host, and what happened, as in `12.000345 ms  3  sends prepare to 4`.
    public var description: String {
        var line = "\(time.inMilliseconds) ms  "
        if let node { line += "\(node)  " }
        return line + phrase { "\($0)" }
    }

    /// What happened, without time and host, as in `receives prepare from 4`.
    ///
    /// - Parameter name: what to call a host.
    public func phrase(naming name: (NodeID) -> String) -> String {
        let other = peer.map(name) ?? ""
        let subject = text.isEmpty ? "" : " \(text)"
        switch action {
        case .starts: return "starts"
        case .restarts: return "restarts\(subject)"
        case .restartsWithoutDisk: return "restarts without its disk\(subject)"
        case .sends: return "sends\(subject)"
        case .receives: return "receives\(subject) from \(other)"
        case .wakes: return "wakes"
        case .takesInput: return "takes a request"
        case .loses: return "to \(other): lost\(subject)"
        case .drops: return "to \(other): dropped\(subject)"
        case .partitions: return "to \(other): lost in the partition\(subject)"
        case .duplicates: return "to \(other): duplicated\(subject)"
        case .delays: return "to \(other): delayed\(subject)"
        case .clogs: return "to \(other): held back\(subject)"
        case .corrupts: return "to \(other): arrives\(subject)"
        case .rejects: return "refuses a datagram:\(subject)"
        case .findsHostDown: return "is down when a datagram arrives"
        case .records: return "records\(subject)"
        case .checkpoints: return "replaces its records\(subject)"
        case .reports: return "reports\(subject)"
        case .crashes: return "crashes\(subject)"
        case .crashesAtPersist: return "crashes between writing and sending\(subject)"
        case .losesTail: return "loses writes that were not synced\(subject)"
        case .pauses: return "pauses"
        case .resumes: return "resumes"
        case .jumps: return "clock jumps\(subject)"
        case .slowsDisk: return "disk is slow\(subject)"
        case .fillsDisk: return "disk has room\(subject)"
        case .outOfRoom: return "ends, its disk being full\(subject)"
        case .hangsDisk: return "disk hangs,\(subject)"
        case .waitsForDisk: return "waits for its disk\(subject)"
        case .overflows: return "has no room for a datagram"
        case .rots: return "is down, and its disk is damaged:\(subject)"
        case .refusesToStart: return "refuses to start:\(subject)"
        case .challenges: return "asks \(other) for its cookie"
        case .resends: return "sends again to \(other), with its cookie"
        case .copiesDisk: return "disk is copied\(subject)"
        case .findsOldDisk: return "is down, and an older copy takes its disk's place\(subject)"
        case .beginsAnew: return "a new beginning:\(subject)"
        case .losesPower: return "loses power\(subject)"
        case .failsToSync: return "ends, its disk having failed\(subject)"
        case .twinBegins: return "has a twin\(subject)"
        case .turns: return "it is the turn of\(subject)"
        case .twinEnds: return "has a twin no more"
        case .computes: return "computes\(subject)"
        case .forges: return "a guest forges\(subject)"
        case .skews: return "clock runs\(subject)"
        case .clogBegins: return "link to \(other) clogs"
        case .clogEnds: return "link to \(other) clears"
        case .partitionBegins: return "partition:\(subject)"
        case .partitionEnds: return "partition heals:\(subject)"
        case .heals: return "healed:\(subject)"
        case .violates: return "VIOLATION\(subject)"
        case .ends: return "end:\(subject)"
        }
    }
}

extension Instant {
    /// Milliseconds with six decimals, as in `1250.000007`.
    public var inMilliseconds: String {
        let magnitude = nanoseconds.magnitude
        let fraction = String(magnitude % 1_000_000)
        let padding = String(repeating: "0", count: 6 - fraction.count)
        return "\(nanoseconds < 0 ? "-" : "")\(magnitude / 1_000_000).\(padding)\(fraction)"
    }
}

extension Partition: CustomStringConvertible {
    public var description: String {
        switch self {
        case .split(let side): "{\(side)} and the others cannot hear each other"
        case .oneWay(let side): "nobody else hears {\(side)}"
        case .bridge(let side, let bridge):
            "{\(side)} and the others hear each other only through \(bridge)"
        }
    }
}

extension [TraceEvent] {
    /// The trace as text, one line an event.
    public func render() -> String {
        var text = ""
        for event in self { text += "\(event)\n" }
        return text
    }
}
