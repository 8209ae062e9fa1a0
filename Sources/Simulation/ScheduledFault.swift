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
        case .clog: .clogs
        case .partition: .partitions
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
