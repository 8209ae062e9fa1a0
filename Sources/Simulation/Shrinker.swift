import ConsensusCore

/// Makes a failing plan small: the same failure with fewer hosts, faults and deliveries.
///
/// Delta debugging (Zeller and Hildebrandt, *Simplifying and Isolating Failure-Inducing Input*, 2002)
/// on each part of the plan in turn, until none gives way or the runs are used up. It draws nothing:
/// the same plan and the same failure shrink to the same plan.
public struct Shrinker {
    /// What became of one attempt at a smaller plan.
    public struct Attempt: Sendable {
        /// Whether the run fails in the same way.
        public var verdict: SeedVerdict
        /// The deliveries of the run, as ``RunOptions/logsDeliveries`` keeps them.
        public var deliveries: [DeliveryRecord]

        public init(verdict: SeedVerdict, deliveries: [DeliveryRecord]) {
            self.verdict = verdict
            self.deliveries = deliveries
        }
    }

    /// What was reached.
    public struct Result: Sendable {
        public var plan: Plan
        /// How many runs it took.
        public var runs: Int
        /// Whether it stopped because the runs were used up, and could perhaps be smaller.
        public var isExhausted: Bool
    }

    /// The most runs a shrink may take.
    public let runLimit: Int
    private let canDrop: (DeliveryRecord) -> Bool
    private let omissible: (Plan) -> [UInt64]
    private let reductions: (Plan) -> [Plan]
    private let attempt: (Plan) -> Attempt
    private var runs = 0
    private var plan: Plan
    private var deliveries: [DeliveryRecord] = []

    private init(
        _ plan: Plan, runLimit: Int, canDrop: @escaping (DeliveryRecord) -> Bool,
        omissible: @escaping (Plan) -> [UInt64],
        reductions: @escaping (Plan) -> [Plan], attempt: @escaping (Plan) -> Attempt
    ) {
        self.canDrop = canDrop
        self.omissible = omissible
        self.plan = plan
        self.runLimit = runLimit
        self.reductions = reductions
        self.attempt = attempt
    }

    /// Shrinks a plan that fails; returns it unchanged if it does not.
    ///
    /// - Parameters:
    ///   - canDrop: which deliveries may be dropped to make the run smaller.
    ///   - omissible: what hosts can leave out, ascending; see ``Plan/omitted``.
    ///   - reductions: plans with fewer hosts or clients, the boldest first; see
    ///     ``Plan/removingHost(_:)``.
    ///   - attempt: runs a plan and says whether it fails in the same way.
    public static func shrink(
        _ plan: Plan, runLimit: Int = 5_000,
        canDrop: @escaping (DeliveryRecord) -> Bool = { _ in true },
        omissible: @escaping (Plan) -> [UInt64] = { _ in [] },
        reductions: @escaping (Plan) -> [Plan] = { _ in [] },
        attempt: @escaping (Plan) -> Attempt
    ) -> Result {
        var shrinker = Shrinker(
            plan, runLimit: runLimit, canDrop: canDrop, omissible: omissible,
            reductions: reductions, attempt: attempt)
        if shrinker.accept(plan) { shrinker.shrinkAll() }
        return Result(
            plan: shrinker.plan, runs: shrinker.runs,
            isExhausted: shrinker.runs >= shrinker.runLimit)
    }

    /// Tries a plan and keeps it if it still fails, and is no longer than `limit`.
    private mutating func accept(_ candidate: Plan, within limit: Int = .max) -> Bool {
        guard runs < runLimit else { return false }
        runs += 1
        let result = attempt(candidate)
        guard result.verdict == .failed,
            limit == .max || Shrinker.length(of: result.deliveries) <= limit
        else { return false }
        plan = candidate
        deliveries = result.deliveries
        return true
    }

    private mutating func shrinkAll() {
        var before: Plan
        repeat {
            before = plan
            shrinkStructure()
            shrinkFaultKinds()
            shrinkSchedule()
            shrinkTime()
            omitWork()
            spareDeliveries()
            dropDeliveries()
        } while plan != before && runs < runLimit
        forgetDeliveries()
    }

    private mutating func shrinkStructure() {
        var progress = true
        while progress && runs < runLimit {
            progress = false
            for candidate in reductions(plan) where accept(candidate) {
                progress = true
                break
            }
        }
    }

    private mutating func shrinkFaultKinds() {
        for (kind, _) in FaultSet.named {
            let candidate = plan.removing(kind)
            if candidate != plan { _ = accept(candidate) }
        }
    }

    private mutating func shrinkSchedule() {
        let faults = plan.scheduled
        minimize(faults) { plan, kept in plan.scheduled = kept }
    }

    /// Does without the liveness phase, and with as little of the safety phase as will do.
    private mutating func shrinkTime() {
        if plan.livenessBound > .zero {
            var candidate = plan
            candidate.livenessBound = .zero
            _ = accept(candidate)
        }
        for (kept, of) in [(1, 2), (3, 4), (7, 8), (15, 16)] as [(Int64, Int64)] {
            while plan.safetyTime > .milliseconds(1) {
                var candidate = plan
                candidate.safetyTime = plan.safetyTime / of * kept
                guard accept(candidate) else { break }
            }
        }
    }

    /// Has hosts do less.
    private mutating func omitWork() {
        let omitted = plan.omitted
        let work = omissible(plan).filter { !omitted.containsAscending($0) }
        minimize(work) { plan, kept in
            plan.omitted = (omitted + work.filter { !kept.containsAscending($0) }).sorted()
        }
    }

    /// Takes back random faults, one delivery at a time or many.
    private mutating func spareDeliveries() {
        let spared = plan.spared
        let faulty = deliveries.filter { !$0.faults.isEmpty }.map(\.key).sorted()
        minimize(faulty) { plan, kept in
            plan.spared = Shrinker.union(spared, faulty.filter { !kept.containsAscending($0) })
        }
    }

    /// Loses deliveries that the failure does not need.
    private mutating func dropDeliveries() {
        let dropped = plan.drops
        let carried = deliveries.filter { !$0.faults.contains(.loss) && canDrop($0) }
            .map(\.key).sorted()
        minimize(carried) { plan, kept in
            plan.drops = Shrinker.union(dropped, carried.filter { !kept.containsAscending($0) })
        }
    }

    /// Cleans the plan of drops and spares without which the run is no longer.
    private mutating func forgetDeliveries() {
        let limit = Shrinker.length(of: deliveries)
        let drops = plan.drops
        minimize(drops, within: limit) { plan, kept in plan.drops = kept }
        let spared = plan.spared
        minimize(spared, within: limit) { plan, kept in plan.spared = kept }
    }

    /// How much there is to tell of a run: its deliveries, those with faults twice.
    private static func length(of deliveries: [DeliveryRecord]) -> Int {
        deliveries.reduce(0) { $0 + ($1.faults.isEmpty ? 1 : 2) }
    }

    /// Finds a small part of `items`, in their order, with which the plan still fails: tries without
    /// halves, then quarters, down to single items.
    private mutating func minimize<Item>(
        _ items: [Item], within limit: Int = .max, _ assign: (inout Plan, [Item]) -> Void
    ) {
        guard !items.isEmpty else { return }
        var kept = items
        var empty = plan
        assign(&empty, [])
        if empty != plan && accept(empty, within: limit) { return }
        var length = (kept.count + 1) / 2
        while length >= 1 && runs < runLimit {
            var end = kept.count
            var progress = false
            while end > 0 && runs < runLimit {
                let start = max(0, end - length)
                var fewer = kept
                fewer.removeSubrange(start..<end)
                var candidate = plan
                assign(&candidate, fewer)
                if candidate != plan && accept(candidate, within: limit) {
                    kept = fewer
                    progress = true
                }
                end = start
            }
            if length == 1 && !progress { return }
            length = length == 1 ? 1 : (length + 1) / 2
        }
    }

    private static func union(_ left: [DeliveryKey], _ right: [DeliveryKey]) -> [DeliveryKey] {
        var result: [DeliveryKey] = []
        for key in (left + right).sorted() where key != result.last { result.append(key) }
        return result
    }
}
