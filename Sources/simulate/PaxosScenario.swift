import ConsensusCore
import PaxosNode
import Simulation

/// Which runs of basic Paxos are asked for; one seed of it is one run.
struct PaxosScenario: Scenario {
    typealias Observer = PaxosOracle
    typealias Summary = PaxosSummary

    let settings: ScenarioSettings

    init(_ settings: ScenarioSettings) {
        self.settings = settings
    }

    static let bugs: [PlantedBug] = [
        .countDatagrams, .forgetAccepted, .promiseAtOldBallot, .acceptDoesNotPromise,
        .valueOfHighestPromise, .mixedBallots, .ballotReuse, .answerBeforeDurable, .amnesia,
    ]

    /// The largest drawn cluster.
    static let largest = (proposers: 3, acceptors: 5, learners: 3, clients: 4)

    /// How long the healthy have to print a value once they are healed.
    static let livenessBound = Interval.seconds(60)

    /// Everything that happens in the run of a seed.
    func plan(_ seed: UInt64) -> Plan {
        var random = RandomSource(seed: seed)
        let largest = PaxosScenario.largest
        let hasRivals = random.below(2) == 0
        var shape =
            settings.nodes
            ?? (hasRivals
                ? [random.number(in: 2...largest.proposers), random.number(in: 3...4), 1]
                : [
                    random.number(in: 1...largest.proposers),
                    random.number(in: 1...largest.acceptors),
                    random.number(in: 1...largest.learners),
                ])
        shape.append(settings.clients ?? random.number(in: (hasRivals ? 2 : 1)...largest.clients))
        var limits = Plan.Limits(faults: settings.faults)
        limits.safetyTime =
            [.milliseconds(300), .seconds(1), .seconds(3)][random.number(in: 0...2)]
        limits.livenessBound = PaxosScenario.livenessBound
        limits.permanentCrashes = 3
        limits.amnesiacs = 2
        limits.storing = Cluster(shape: shape).nodes
        var plan = Plan(drawing: seed, shape: shape, within: limits)
        if hasRivals { addRivals(to: &plan, &random) }
        plan.scheduled = PaxosScenario.survivable(plan.scheduled, shape: shape)
        return plan
    }

    /// Spreads the clients over the run, and has acceptors and proposers come and go meanwhile, so that
    /// proposers meet what earlier ballots have left behind.
    private func addRivals(to plan: inout Plan, _ random: inout RandomSource) {
        let cluster = Cluster(shape: plan.shape)
        let end = plan.safetyTime
        func moment() -> Instant {
            Instant(nanoseconds: random.interval(in: .zero...end).nanoseconds)
        }
        func length() -> Interval { random.interval(in: .milliseconds(1)...end / 2) }
        if plan.mix.kinds.contains(.lateStarts) {
            for node in cluster.peers(of: NodeID(index: cluster.nodeCount)).dropFirst() {
                plan.scheduled.append(.lateStart(node, at: moment()))
            }
        }
        let isRolling = random.below(2) == 0
        if isRolling { plan.addRollingOutage(of: cluster.acceptors, using: &random) }
        for node in cluster.acceptors where !isRolling && random.below(2) == 0 {
            if plan.mix.kinds.contains(.partitions) {
                plan.scheduled.append(
                    .partition(.split([node]), at: moment(), length: length()))
            }
            if plan.mix.kinds.contains(.amnesia) {
                plan.scheduled.append(
                    .crash(node, at: moment(), tail: .kept, comeback: .withoutDisk(after: length()))
                )
            }
        }
        for node in cluster.proposers
        where plan.mix.kinds.contains(.restarts) && random.below(2) == 0 {
            plan.scheduled.append(
                .crash(
                    node, at: moment(), tail: .kept, comeback: .withDisk(after: .milliseconds(20))))
        }
    }

    /// The faults without those crashes that would leave no majority, no proposer, no learner or no
    /// client that remembers.
    private static func survivable(_ faults: [ScheduledFault], shape: [Int]) -> [ScheduledFault] {
        let cluster = Cluster(shape: shape)
        var lost = NodeSet()
        return faults.filter { fault in
            guard let node = fault.losesForGood else { return true }
            if cluster.role(of: node) != .acceptor, fault.kind == .amnesia { return true }
            let after = lost.union([node])
            let allowed =
                switch cluster.role(of: node) {
                case .acceptor: cluster.acceptors.count - cluster.majority.size
                case .proposer: cluster.proposers.count - 1
                case .learner: cluster.learners.count - 1
                case nil: cluster.clientCount - 1
                }
            guard after.intersection(cluster.peers(of: node)).count <= allowed else { return false }
            lost = after
            return true
        }
    }

    /// A world that runs this scenario's plans.
    func makeWorld() -> World<PaxosOracle> {
        let bug = settings.bug
        var world = World<PaxosOracle>(
            makeAutomaton: { plan, node, life, seed in
                let cluster = Cluster(shape: plan.shape)
                if cluster.isClient(node) {
                    let position = node.index - cluster.nodeCount
                    return PaxosHost(
                        ClientNode(
                            cluster: cluster, client: node,
                            value: PaxosOracle.value(ofClient: position),
                            preferredProposer: position, timeout: .seconds(100_000), seed: seed))
                }
                // The bug: the life without a disk takes the dead one's place.
                let isAmnesiac = bug == .amnesia && cluster.role(of: node) == .acceptor
                let seed = isAmnesiac ? plan.seed &* 64 &+ UInt64(node.rawValue) : seed
                return PaxosHost(ConsensusNode(cluster: cluster, node: node, seed: seed), bug: bug)
            },
            makeObserver: { plan in
                PaxosOracle(
                    cluster: Cluster(shape: plan.shape.isEmpty ? [1, 1, 1, 1] : plan.shape))
            },
            chooseHealthy: { plan, conditions, random in
                PaxosScenario.healthy(Cluster(shape: plan.shape), conditions, &random)
            })
        world.readDamaged = DamagedStorage.read
        if let bug { world.flaws = bug.hostFlaws }
        return world
    }

    /// A majority of the acceptors, at least one proposer and one learner, and every client that lives.
    ///
    /// Hosts that are gone, and acceptors that have lost their disks, cannot be healed.
    private static func healthy(
        _ cluster: Cluster, _ conditions: [HostCondition], _ random: inout RandomSource
    ) -> NodeSet? {
        var living = NodeSet()
        for index in conditions.indices where !conditions[index].isGone {
            let node = NodeID(index: index)
            let hasForgotten = conditions[index].isAmnesiac || conditions[index].hadOldDisk
            if cluster.acceptors.contains(node) && hasForgotten { continue }
            living.insert(node)
        }
        var result = living.subtracting(cluster.nodes)
        for (role, least) in [
            (cluster.proposers, 1), (cluster.acceptors, cluster.majority.size),
            (cluster.learners, 1),
        ] {
            guard let some = random.some(of: living.intersection(role), least: least) else {
                return nil
            }
            result = result.union(some)
        }
        return result.subtracting(cluster.nodes).isEmpty ? nil : result
    }

    static func run(_ plan: Plan, in world: inout World<PaxosOracle>) -> RunReport {
        world.judge(plan)
    }

    // MARK: - Stories

    static let plot: ClosedRange<UInt8> = 11...18

    /// The messages of ``plot``.
    private static let plotKinds = [
        "request", "prepare", "promise", "accept", "accepted", "nack", "chosen",
    ]

    static func omissible(of plan: Plan) -> [UInt64] { [] }

    static func cast(of shape: [Int]) -> Cast {
        let cluster = Cluster(shape: shape)
        let clients = NodeSet(cluster.nodeCount..<cluster.nodeCount + cluster.clientCount)
        return Cast(
            introduction: "proposers \(cluster.proposers), acceptors \(cluster.acceptors), "
                + "learners \(cluster.learners), clients \(clients)",
            roles: cluster.nodes.union(clients).map { node in
                cluster.role(of: node).map { "\($0)".lowercased() } ?? "client"
            })
    }

    /// Elections, assignments and wakes do not carry the plot.
    static func isTold(_ event: TraceEvent, of cast: Cast) -> Bool {
        switch event.action {
        case .receives:
            let kind = event.text.prefix { $0 != " " && $0 != "," }
            // A request to a learner is a client's question, which changes nothing.
            if kind == "request", event.node.map(cast.role) == "learner" { return false }
            return plotKinds.contains { $0 == kind }
        case .reports:
            return event.text.hasPrefix("that \"") || event.text.hasPrefix("the chosen")
                || event.text.hasPrefix("that its votes")
        default: return event.isIncident
        }
    }
}

extension Cluster {
    /// - Parameter shape: how many proposers, acceptors, learners and clients.
    init(shape: [Int]) {
        self.init(
            proposers: shape[0], acceptors: shape[1], learners: shape[2], clients: shape[3])
    }

    /// The hosts with the same role, itself included; the clients for a client.
    func peers(of node: NodeID) -> NodeSet {
        switch role(of: node) {
        case .proposer: proposers
        case .acceptor: acceptors
        case .learner: learners
        case nil: NodeSet(nodeCount..<nodeCount + clientCount)
        }
    }
}
