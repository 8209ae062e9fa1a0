public import ConsensusCore

/// One fault of a run that has a place of its own in the plan, so that a shrinker can take it out.
public enum ScheduledFault: Hashable, Sendable {
    /// The host does not start before this.
    case lateStart(NodeID, at: Instant)
    /// The host stops at once; what it had not made durable meets `tail`.
    case crash(NodeID, at: Instant, tail: TailFate, comeback: Comeback)
    /// The host stops at its `point`-th write, from 1, counted over all its lives: after the write
    /// and before anything that depends on it is sent. A checkpoint is a write too; if the tail is kept,
    /// it is done, else the old records are still there.
    case crashAtPersist(NodeID, point: Int, tail: TailFate, comeback: Comeback)
    /// The host stands still; what arrives waits.
    case pause(NodeID, at: Instant, length: Interval)
    /// The host's clock runs so much faster, or slower, all along.
    case clockRate(NodeID, perMillion: Int)
    case clockJump(NodeID, at: Instant, by: Interval)
    /// The host's writes take `delay` to become durable.
    case slowDisk(NodeID, at: Instant, length: Interval, delay: Interval)
    /// The host's disk takes `room` bytes more and, for `length`, no others: a host whose write does not
    /// fit ends, before anything that depends on it is sent, and leaves behind what did fit.
    case fullDisk(NodeID, at: Instant, length: Interval, room: Int, comeback: Comeback)
    /// Each write that the host begins within `length` takes up to `longest`, or for ever if that is nil,
    /// and the host stands still meanwhile: of what arrives `buffer` datagrams wait, the rest is lost.
    case hungDisk(NodeID, at: Instant, length: Interval, longest: Interval?, buffer: Int)
    /// The host stops, and what it has stored is damaged before it comes back, or while it is down
    /// already. It refuses to start with that; what then counts as coming back is doing so without it.
    case bitRot(NodeID, at: Instant, damage: DiskDamage, comeback: Comeback)
    /// What is sent over the link while it is clogged arrives after it.
    case clog(from: NodeID, to: NodeID, at: Instant, length: Interval)
    case partition(Partition, at: Instant, length: Interval)

    /// The kind a command line names, that a shrinker removes as a whole.
    public var kind: FaultSet {
        switch self {
        case .lateStart: .lateStarts
        case .crash(_, _, _, let comeback):
            switch comeback {
            case .never: .crashes
            case .withDisk: .restarts
            case .withoutDisk: .amnesia
            }
        case .crashAtPersist(_, _, _, let comeback):
            if case .withoutDisk = comeback { .amnesia } else { .persistCrashes }
        case .pause: .pauses
        case .clockRate: .skew
        case .clockJump: .jumps
        case .slowDisk: .slowDisks
        case .fullDisk: .fullDisks
        case .hungDisk: .hungDisks
        case .bitRot: .bitRot
        case .clog: .clogs
        case .partition: .partitions
        }
    }
}

extension ScheduledFault {
    /// The host that never again is what it was, if there is one: it is gone, or has lost its disk.
    public var losesForGood: NodeID? {
        switch self {
        case .crash(let node, _, _, .never), .crash(let node, _, _, .withoutDisk),
            .crashAtPersist(let node, _, _, .never), .crashAtPersist(let node, _, _, .withoutDisk),
            .fullDisk(let node, _, _, _, .never), .fullDisk(let node, _, _, _, .withoutDisk),
            .hungDisk(let node, _, _, nil, _), .bitRot(let node, _, _, _):
            node
        default: nil
        }
    }
}

/// What becomes of writes that were not yet durable when their host crashed.
public enum TailFate: Hashable, Sendable {
    /// They reached the disk after all.
    case kept
    case lost
    /// So many thousandths of their bytes reached the disk.
    case torn(perThousand: Int)
}

/// Whether and how a crashed host comes back.
public enum Comeback: Hashable, Sendable {
    case never
    case withDisk(after: Interval)
    case withoutDisk(after: Interval)
}

/// What becomes of stored bytes while nobody looks at them.
public struct DiskDamage: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// The bit of this number, from 0 to 7, is the other.
        case flippedBit(Int)
        /// So many bytes read as zeros.
        case lostBlock(Int)
    }

    public var kind: Kind
    /// How far into what is stored it begins, in millionths of all.
    public var place: Int

    public init(_ kind: Kind, place: Int) {
        self.kind = kind
        self.place = place
    }

    /// Where it begins in so many bytes; from 0 on, and less than their count unless that is 0.
    public func offset(in count: Int) -> Int { count * min(max(place, 0), 999_999) / 1_000_000 }

    /// Damages stored bytes from an index of theirs on, and nothing beyond their end.
    public func apply(to bytes: inout ArraySlice<UInt8>, at start: Int) {
        switch kind {
        case .flippedBit(let bit): bytes[start] ^= 1 << UInt8(bit & 7)
        case .lostBlock(let length):
            for index in start..<min(start + max(length, 0), bytes.endIndex) { bytes[index] = 0 }
        }
    }
}

/// Who cannot hear whom.
public enum Partition: Hashable, Sendable {
    /// These and all others cannot hear each other.
    case split(NodeSet)
    /// What these send reaches none of the others, who are heard.
    case oneWay(from: NodeSet)
    /// These and all others cannot hear each other, but one host hears and is heard by all.
    case bridge(NodeSet, over: NodeID)

    /// Whether a datagram of this link is lost.
    public func blocks(from sender: NodeID, to recipient: NodeID) -> Bool {
        switch self {
        case .split(let side): side.contains(sender) != side.contains(recipient)
        case .oneWay(let side): side.contains(sender) && !side.contains(recipient)
        case .bridge(let side, let bridge):
            sender != bridge && recipient != bridge
                && side.contains(sender) != side.contains(recipient)
        }
    }
}

extension NodeID {
    /// This host's number once another is gone: one less if it came after; nil if it is the one.
    func renumbered(without removed: NodeID) -> NodeID? {
        if self == removed { return nil }
        return self > removed ? NodeID(rawValue - 1) : self
    }
}

extension NodeSet {
    func renumbered(without removed: NodeID) -> NodeSet {
        var result = NodeSet()
        for node in self {
            if let moved = node.renumbered(without: removed) { result.insert(moved) }
        }
        return result
    }
}

extension ScheduledFault {
    /// The fault in a run without one host; nil if it was about that host.
    func renumbered(without removed: NodeID) -> ScheduledFault? {
        func moved(_ node: NodeID) -> NodeID? { node.renumbered(without: removed) }
        switch self {
        case .lateStart(let node, let at):
            return moved(node).map { .lateStart($0, at: at) }
        case .crash(let node, let at, let tail, let comeback):
            return moved(node).map { .crash($0, at: at, tail: tail, comeback: comeback) }
        case .crashAtPersist(let node, let point, let tail, let comeback):
            return moved(node).map {
                .crashAtPersist($0, point: point, tail: tail, comeback: comeback)
            }
        case .pause(let node, let at, let length):
            return moved(node).map { .pause($0, at: at, length: length) }
        case .clockRate(let node, let rate):
            return moved(node).map { .clockRate($0, perMillion: rate) }
        case .clockJump(let node, let at, let jump):
            return moved(node).map { .clockJump($0, at: at, by: jump) }
        case .slowDisk(let node, let at, let length, let delay):
            return moved(node).map { .slowDisk($0, at: at, length: length, delay: delay) }
        case .fullDisk(let node, let at, let length, let room, let comeback):
            return moved(node).map {
                .fullDisk($0, at: at, length: length, room: room, comeback: comeback)
            }
        case .hungDisk(let node, let at, let length, let longest, let buffer):
            return moved(node).map {
                .hungDisk($0, at: at, length: length, longest: longest, buffer: buffer)
            }
        case .bitRot(let node, let at, let damage, let comeback):
            return moved(node).map {
                .bitRot($0, at: at, damage: damage, comeback: comeback)
            }
        case .clog(let from, let to, let at, let length):
            guard let from = moved(from), let to = moved(to) else { return nil }
            return .clog(from: from, to: to, at: at, length: length)
        case .partition(.split(let side), let at, let length):
            return .partition(
                .split(side.renumbered(without: removed)), at: at, length: length)
        case .partition(.oneWay(let side), let at, let length):
            return .partition(
                .oneWay(from: side.renumbered(without: removed)), at: at, length: length)
        case .partition(.bridge(let side, let bridge), let at, let length):
            let side = side.renumbered(without: removed)
            guard let bridge = moved(bridge) else {
                return .partition(.split(side), at: at, length: length)
            }
            return .partition(.bridge(side, over: bridge), at: at, length: length)
        }
    }
}

extension ScheduledFault {
    /// Lets unsynced writes reach the disk if what becomes of them is one of these kinds.
    mutating func keepTail(_ kinds: FaultSet) {
        func kept(_ tail: TailFate) -> TailFate {
            switch tail {
            case .torn where kinds.contains(.tornWrites): .kept
            case .lost where kinds.contains(.lostWrites): .kept
            default: tail
            }
        }
        switch self {
        case .crash(let node, let at, let tail, let comeback):
            self = .crash(node, at: at, tail: kept(tail), comeback: comeback)
        case .crashAtPersist(let node, let point, let tail, let comeback):
            self = .crashAtPersist(node, point: point, tail: kept(tail), comeback: comeback)
        default:
            break
        }
    }
}
