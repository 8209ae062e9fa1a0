public import ConsensusCore

/// Everything one run depends on: the same plan and the same automata give the same run.
public struct Plan: Hashable, Sendable {
    /// The most hosts of one run, con nodes and clients together.
    public static let maximumHosts = 64
    /// The longest run, safety and liveness together: some 2.7 virtual hours.
    public static let maximumTime: Interval = .seconds(10_000)

    public var seed: UInt64
    /// How many hosts of each role there are, in the order of their IDs.
    ///
    /// What the roles are is the caller's to say.
    public private(set) var shape: [Int]
    /// The ID of each host in the plan as it was drawn, before others were taken out.
    ///
    /// Random decisions are about these, so that those about the hosts that are left stay the same.
    public private(set) var originals: [UInt8]
    public var mix: FaultMix
    public var scheduled: [ScheduledFault]
    /// Deliveries that are lost whatever was drawn, ascending.
    public var drops: [DeliveryKey]
    /// Deliveries that no random fault befalls and that take the base delay, ascending.
    public var spared: [DeliveryKey]
    /// What hosts leave out of what they would do by themselves, ascending; which number is what is theirs
    /// to say.
    public var omitted: [UInt64]
    /// When faults end among the healthy.
    public var safetyTime: Interval
    /// How long the healthy then have to be done; zero for a run of the safety phase alone.
    public var livenessBound: Interval
    /// How many events a run may take; what takes more is ``Outcome/stuck``.
    public var stepLimit: Int

    /// A run without faults; set what is to differ.
    ///
    /// - Precondition: the shape has at most 256 hosts; to be run, 1 to ``maximumHosts``.
    public init(
        seed: UInt64, shape: [Int], safetyTime: Interval = .seconds(5),
        livenessBound: Interval = .seconds(60)
    ) {
        self.seed = seed
        self.shape = shape
        self.originals = (0..<shape.reduce(0, +)).map { UInt8($0) }
        self.mix = .calm
        self.scheduled = []
        self.drops = []
        self.spared = []
        self.omitted = []
        self.safetyTime = safetyTime
        self.livenessBound = livenessBound
        self.stepLimit = 1_000_000
    }

    public var hostCount: Int { originals.count }

    /// The plan without one host: it is gone from its role, the IDs after it move down by one, and so
    /// do the faults that name them; those about the host itself are gone.
    ///
    /// - Precondition: there is such a host.
    public func removingHost(_ node: NodeID) -> Plan {
        precondition(node.index < hostCount)
        var result = self
        var first = 0
        for role in shape.indices {
            if node.index < first + shape[role] {
                result.shape[role] -= 1
                break
            }
            first += shape[role]
        }
        let original = result.originals.remove(at: node.index)
        result.scheduled = scheduled.compactMap { $0.renumbered(without: node) }
        result.drops.removeAll { $0.sender == original || $0.recipient == original }
        result.spared.removeAll { $0.sender == original || $0.recipient == original }
        return result
    }

    /// The plan without some kinds of faults, scheduled ones included.
    public func removing(_ kinds: FaultSet) -> Plan {
        var result = self
        result.mix = mix.removing(kinds)
        result.scheduled.removeAll { kinds.contains($0.kind) }
        for index in result.scheduled.indices {
            result.scheduled[index].keepTail(kinds)
        }
        return result
    }
}

extension Array where Element: Comparable {
    /// Whether an element is in this ascending array; O(log n).
    @inlinable
    public func containsAscending(_ key: Element) -> Bool {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] == key { return true }
            if self[middle] < key { low = middle + 1 } else { high = middle }
        }
        return false
    }
}
