public import ConsensusCore

/// A cluster in one thread: hosts, their disks and clocks, and a network, all of them seeded.
///
/// Every host runs an automaton, unchanged; every message passes through its wire codec; no real
/// time passes. ``run(_:)`` is a pure function of the plan and of what the world was made with, so a
/// seed is a test case. One world runs plan after plan and keeps its memory, so a run costs what its
/// events cost.
public struct World<Observer: WorldObserver>: ~Copyable {
    public typealias Subject = Observer.Subject

    /// Makes the automaton of a host for its `life`-th life, from 0, with a seed of its own.
    public typealias MakeAutomaton = (
        _ plan: Plan, _ node: NodeID, _ life: Int, _ seed: UInt64
    ) -> Subject
    /// Chooses the hosts to be healed, such as a majority; nil when progress cannot be asked.
    public typealias ChooseHealthy = (
        _ plan: Plan, _ hosts: [HostCondition], _ random: inout RandomSource
    ) -> NodeSet?
    /// Opens the storage of a host that holds these records, damaged so, as the real program would.
    public typealias ReadDamaged = (
        _ node: NodeID, _ records: [Subject.Record], _ damage: DiskDamage
    ) -> DamagedRead
    /// Makes up a message that a guest sends who has recorded these datagrams; nil for none.
    public typealias Forge = (
        _ random: inout RandomSource, _ recorded: [[UInt8]]
    ) -> Subject.Message?
    public typealias MakeInputs = (_ plan: Plan) -> [ScheduledInput<Subject.Input>]

    @usableFromInline let makeAutomaton: MakeAutomaton
    @usableFromInline let makeObserver: (Plan) -> Observer
    @usableFromInline let chooseHealthy: ChooseHealthy
    @usableFromInline let makeInputs: MakeInputs

    public var options: RunOptions = [.checksInvariants]
    public var flaws: HostFlaws = []
    /// What becomes of damaged storage; without a format to put to the test, it is refused.
    public var readDamaged: ReadDamaged = { _, _, _ in .refused("it is damaged") }

    /// The hosts that are guests: clients without a line, which the others know by their addresses only.
    public var chooseGuests: (_ plan: Plan) -> NodeSet = { _ in [] }

    /// What a guest with bad intentions sends besides what it has recorded, changed or not.
    public var forge: Forge?

    /// The oracle of the last run.
    public var observer: Observer
    /// What happened in the last run, if ``RunOptions/traces``.
    public var trace: [TraceEvent] = []
    /// The deliveries of the last run, if ``RunOptions/logsDeliveries``, in order of sending.
    public var deliveries: [DeliveryRecord] = []

    @usableFromInline var plan: Plan
    @usableFromInline var now = Instant(nanoseconds: 0)
    @usableFromInline var cluster: UInt64 = 0
    @usableFromInline var queue = EventQueue<WorldEvent>()
    @usableFromInline var pool = DatagramPool()
    @usableFromInline var hosts: [HostState] = []
    @usableFromInline var automata: [Subject] = []
    @usableFromInline var disks: [SimulatedDisk] = []
    @usableFromInline var held: [[HeldEffects<Subject>]] = []
    @usableFromInline var backlogs: [[WorldEvent]] = []
    @usableFromInline var door = GuestDoor()
    @usableFromInline var copies: [DiskCopy] = []
    @usableFromInline var twins: [Twin<Subject>] = []
    @usableFromInline var recording = Recording()
    @usableFromInline var inputs: [ScheduledInput<Subject.Input>] = []
    /// How many partitions block each link; sender times host count plus recipient.
    @usableFromInline var blocked: [UInt16] = []
    /// Until when each link is clogged.
    @usableFromInline var cloggedUntil: [Instant] = []
    @usableFromInline var hasClogs = false
    /// The kind of the message that is being sent, for ``DeliveryRecord``.
    @usableFromInline var sendingKind: UInt8 = 0
    /// What each link loses, per million.
    @usableFromInline var linkLoss: [Int] = []
    @usableFromInline var effects = Subject.Lanes()
    @usableFromInline var statistics = RunStatistics()
    @usableFromInline var digest = Digest()
    @usableFromInline var isHealed = false
    @usableFromInline var healthy = NodeSet()
    /// What went wrong in the world itself, such as a record that cannot be read back.
    @usableFromInline var fault: Violation?

    /// - Parameters:
    ///   - makeInputs: the requests of a run, which a host's automaton takes with `handle`.
    public init(
        makeAutomaton: @escaping MakeAutomaton, makeObserver: @escaping (Plan) -> Observer,
        chooseHealthy: @escaping ChooseHealthy = { plan, _, _ in NodeSet(0..<plan.hostCount) },
        makeInputs: @escaping MakeInputs = { _ in [] }
    ) {
        self.makeAutomaton = makeAutomaton
        self.makeObserver = makeObserver
        self.chooseHealthy = chooseHealthy
        self.makeInputs = makeInputs
        self.plan = Plan(seed: 0, shape: [])
        self.observer = makeObserver(plan)
    }

    /// Runs a plan from its beginning to its outcome.
    ///
    /// - Precondition: the plan has 1 to ``Plan/maximumHosts`` hosts and lasts at most
    ///   ``Plan/maximumTime``.
    @inlinable
    public mutating func run(_ plan: Plan) -> RunReport {
        prepare(plan)
        var outcome = runPhases()
        checkDisks()
        if let fault, observer.violation == nil { outcome = .violated(fault) }
        statistics.runs = 1
        statistics.virtualTime = Interval(nanoseconds: now.nanoseconds)
        digest.fold(UInt64(truncatingIfNeeded: now.nanoseconds))
        digest.fold(UInt64(statistics.steps))
        if options.contains(.traces) { traceEnd(outcome) }
        return RunReport(
            outcome: outcome, time: now, healthy: healthy, statistics: statistics,
            digest: digest.value)
    }

    @inlinable
    mutating func runPhases() -> Outcome {
        let safetyEnd = Instant(nanoseconds: plan.safetyTime.nanoseconds)
        if let outcome = runEvents(until: safetyEnd) { return outcome }
        now = safetyEnd
        guard plan.livenessBound > .zero else { return .completed }
        guard heal() else { return .beyondHealing }
        if let violation = currentViolation { return .violated(violation) }
        if observer.isDone(among: healthy) { return .completed }
        let bound = safetyEnd + plan.livenessBound
        if let outcome = runEvents(until: bound) { return outcome }
        // Those that were left as they were may have changed what the healthy can do.
        return observer.canProgress(healthy) ? .stuck : .beyondHealing
    }

    /// Takes what is due by `end`; returns an outcome when the run is over before.
    @inlinable
    mutating func runEvents(until end: Instant) -> Outcome? {
        while let time = queue.nextTime, time <= end, let entry = queue.pop() {
            now = entry.time
            take(entry.payload)
            if observer.violation != nil || fault != nil {
                return currentViolation.map { .violated($0) }
            }
            if isHealed && observer.isDone(among: healthy) { return .completed }
            if statistics.steps >= plan.stepLimit { return .stuck }
        }
        return nil
    }

    @inlinable
    var currentViolation: Violation? { observer.violation ?? fault }

    /// Lays the world out for a plan.
    @inlinable
    mutating func prepare(_ plan: Plan) {
        let count = plan.hostCount
        precondition(count >= 1 && count <= Plan.maximumHosts)
        precondition(
            plan.safetyTime >= .zero && plan.livenessBound >= .zero
                && plan.safetyTime <= Plan.maximumTime
                && plan.livenessBound <= Plan.maximumTime)
        self.plan = plan
        observer = makeObserver(plan)
        trace.removeAll(keepingCapacity: true)
        deliveries.removeAll(keepingCapacity: true)
        now = Instant(nanoseconds: 0)
        cluster = Dice(seed: plan.seed, about: 0).roll(.cluster)
        queue.removeAll()
        pool.removeAll()
        effects.removeAll()
        statistics = RunStatistics()
        digest = Digest()
        isHealed = false
        healthy = NodeSet()
        fault = nil
        copies.removeAll()
        twins.removeAll()
        recording = Recording()
        prepareHosts(count)
        prepareFaults()
        inputs = makeInputs(plan)
        for index in inputs.indices where inputs[index].node.index < count {
            queue.push(
                WorldEvent(.input, host: inputs[index].node.index, index: index),
                at: inputs[index].time)
        }
    }

    @inlinable
    mutating func prepareHosts(_ count: Int) {
        hosts.removeAll(keepingCapacity: true)
        automata.removeAll(keepingCapacity: true)
        while disks.count < count { disks.append(SimulatedDisk()) }
        while held.count < count { held.append([]) }
        while backlogs.count < count { backlogs.append([]) }
        for index in 0..<count {
            let dice = Dice(seed: plan.seed, about: UInt64(plan.originals[index]))
            let base = dice.below(1_000_000_000_000, .clockBase)
            hosts.append(HostState(clock: VirtualClock(offset: Int64(base))))
            automata.append(automaton(index, life: 0))
            disks[index].removeAll()
            held[index].removeAll(keepingCapacity: true)
            backlogs[index].removeAll(keepingCapacity: true)
        }
        blocked.removeAll(keepingCapacity: true)
        blocked.append(contentsOf: repeatElement(0, count: count * count))
        cloggedUntil.removeAll(keepingCapacity: true)
        cloggedUntil.append(
            contentsOf: repeatElement(Instant(nanoseconds: 0), count: count * count))
        hasClogs = false
        prepareLinks(count)
        prepareGuests()
    }

    /// Draws which links are bad.
    @usableFromInline
    mutating func prepareLinks(_ count: Int) {
        let loss = plan.mix.lossPerMillion
        linkLoss.removeAll(keepingCapacity: true)
        linkLoss.append(contentsOf: repeatElement(loss, count: count * count))
        guard plan.mix.badLinkLossPerMillion > loss else { return }
        for from in 0..<count {
            for to in 0..<count {
                let sender = UInt64(plan.originals[from])
                let recipient = UInt64(plan.originals[to])
                let dice = Dice(seed: plan.seed, about: sender << 8 | recipient)
                guard dice.below(4, .badLink) == 0 else { continue }
                linkLoss[from * count + to] = plan.mix.badLinkLossPerMillion
            }
        }
    }

    @inlinable
    func automaton(_ host: Int, life: Int) -> Subject {
        let dice = Dice(seed: plan.seed, about: UInt64(life) << 8 | UInt64(plan.originals[host]))
        return makeAutomaton(plan, NodeID(index: host), life, dice.roll(.automatonSeed))
    }

    /// Puts what happened into the digest.
    @inlinable
    mutating func note(_ action: TraceEvent.Action, _ host: Int, _ detail: UInt64 = 0) {
        digest.fold(
            UInt64(truncatingIfNeeded: now.nanoseconds) << 16 ^ UInt64(action.rawValue) << 8
                ^ UInt64(host))
        digest.fold(detail)
    }

    /// Puts what happened into the trace, if one is kept; the text is made only then.
    @usableFromInline
    mutating func line(
        _ action: TraceEvent.Action, _ host: Int?, peer: NodeID? = nil,
        delivery: DeliveryKey? = nil, text: String = ""
    ) {
        guard options.contains(.traces) else { return }
        trace.append(
            TraceEvent(
                time: now, node: host.map { NodeID(index: $0) }, action: action, peer: peer,
                delivery: delivery, text: text))
    }

    @usableFromInline
    mutating func traceEnd(_ outcome: Outcome) {
        switch outcome {
        case .violated(let violation):
            line(
                .violates, nil, text: "of \(violation.property): \(violation.explanation)")
        case .completed: line(.ends, nil, text: "all held")
        case .stuck: line(.ends, nil, text: "the healthy hosts did not finish in time")
        case .beyondHealing: line(.ends, nil, text: "no healthy set was left")
        }
    }
}
