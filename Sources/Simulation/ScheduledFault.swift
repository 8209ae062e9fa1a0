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
    /// The host's disk is copied as it is at `copied`, as far as it is durable; later the host stops, or is
    /// down already, and that copy takes the disk's place before it comes back.
    case oldDisk(NodeID, copied: Instant, at: Instant, comebackAfter: Interval)
    /// All of these hosts that have started stop at once; the disks of some are emptied, the others keep
    /// theirs; each comes back within this time, in an order drawn from the plan's seed.
    case newBeginning(wiped: NodeSet, kept: NodeSet, at: Instant, within: Interval)
    /// All of these hosts lose power in the same instant. What becomes of each one's unsynced writes is
    /// drawn, of the kinds that the mix has, and when within this time it comes back.
    case powerCut(NodeSet, at: Instant, within: Interval)
    /// The first synchronization from then on fails: the host ends, and nothing that waited for it is ever
    /// sent. What was written since the last meets `tail`.
    case syncError(NodeID, at: Instant, tail: TailFate, comebackAfter: Interval)
    /// A second process with the host's ID, and a disk of its own, runs for a while. The two take turns of
    /// up to `turn`: what is sent to the host reaches the one whose turn it is, the other stands still.
    case twin(NodeID, at: Instant, length: Interval, disk: TwinDisk, turn: Interval)
    /// The host takes so many times as long as ``ComputingCost`` says for all it does; of what arrives
    /// meanwhile `buffer` datagrams wait, the rest is lost.
    case slowMachine(NodeID, times: Int, buffer: Int)
    /// A guest sends a datagram of its making to some host, again and again after an interval.
    case forgeries(at: Instant, length: Interval, every: Interval, hearing: Hearing)
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
        case .bitRot(_, _, let damage, _): damage.isLie ? .lyingDisks : .bitRot
        case .oldDisk: .oldDisks
        case .newBeginning: .leftovers
        case .powerCut: .powerCuts
        case .syncError: .syncErrors
        case .twin: .twins
        case .slowMachine: .computing
        case .forgeries: .forgeries
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
            .hungDisk(let node, _, _, nil, _), .bitRot(let node, _, _, _),
            .oldDisk(let node, _, _, _):
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

/// What the second process with an ID begins with.
public enum TwinDisk: Hashable, Sendable {
    case empty
    /// All that is durable on the first one's disk.
    case copy
}

/// What a guest with bad intentions can record.
public enum Hearing: Hashable, Sendable {
    /// What is sent to itself.
    case itself
    /// Everything that is sent.
    case everything
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
