import ConsensusCore
import PaxosNode
import Simulation

/// Which runs of the log are asked for; one seed of it is one run.
struct LogScenario: Scenario {
    typealias Observer = LogOracle
    typealias Summary = LogSummary

    let settings: ScenarioSettings

    init(_ settings: ScenarioSettings) {
        self.settings = settings
    }

    static let bugs: [PlantedBug] = [
        .countDatagrams, .forgetAccepted, .promiseAtOldBallot, .acceptDoesNotPromise,
        .valueOfHighestPromise, .mixedBallots, .ballotReuse, .answerBeforeDurable, .amnesia,
        .tornTail, .doubleApply, .staleRead, .guessableSession, .leftover, .oldDisk,
        .firstPageOnly, .queryQuorum, .supersededLeader,
        .checkpointDropsLearned, .checkpointDropsBallot, .answeredTooHigh,
    ]

    /// How long the healthy have to answer and to catch up once they are healed: with pages of one entry
    /// and pieces of 20 bytes a network of 100 ms takes its time.
    static let livenessBound = Interval.seconds(180)

    func plan(_ seed: UInt64) -> Plan {
        var random = RandomSource(seed: Dice.mix(seed ^ 0x4c4f_4753))
        var shape = settings.nodes ?? LogScenario.drawnNodes(&random)
        shape.append(settings.clients ?? random.number(in: 1...4))
        var limits = Plan.Limits(faults: settings.faults)
        limits.safetyTime = [.seconds(1), .seconds(2), .seconds(4)][random.number(in: 0...2)]
        // A planted bug that stops everything is told of sooner.
        limits.livenessBound = settings.bug == nil ? LogScenario.livenessBound : .seconds(60)
        limits.permanentCrashes = 2
        limits.amnesiacs = 2
        limits.storing = LogCluster(shape: shape).nodes
        var plan = Plan(drawing: seed, shape: shape, within: limits)
        if plan.hasSolos {
            plan.addSolos(LogCluster(shape: shape))
        } else {
            plan.addOutages(LogCluster(shape: shape), using: &random)
        }
        plan.scheduled = LogScenario.survivable(plan.scheduled, shape: shape)
        return plan
    }

    private static func drawnNodes(_ random: inout RandomSource) -> [Int] {
        // Three and five are what clusters usually have, and where most can happen.
        let voters = [1, 2, 3, 3, 3, 4, 5, 5][random.number(in: 0...7)]
        if random.below(2) == 0 { return [voters] }
        return [random.number(in: 1...3), voters, random.number(in: 1...3)]
    }

    /// The faults without those crashes that would leave too few of a role.
    private static func survivable(_ faults: [ScheduledFault], shape: [Int]) -> [ScheduledFault] {
        let cluster = LogCluster(shape: shape)
        let clients = NodeSet(cluster.nodeCount..<shape.reduce(0, +))
        var lost = NodeSet()
        return faults.filter { fault in
            guard let node = fault.losesForGood else { return true }
            if clients.contains(node) && fault.kind == .amnesia { return true }
            let (peers, spare) =
                clients.contains(node) ? (clients, clients.count - 1) : cluster.spare(of: node)
            let after = lost.union([node])
            guard after.intersection(peers).count <= spare else { return false }
            lost = after
            return true
        }
    }

    func makeWorld() -> World<LogOracle> {
        let settings = settings
        var world = World<LogOracle>(
            makeAutomaton: { plan, node, life, seed in
                let cluster = LogCluster(shape: plan.shape)
                let tuning = LogTuning(plan)
                guard cluster.nodes.contains(node) else {
                    let client = LogClient(
                        cluster: cluster, seed: seed,
                        preferredProposer: node.index - cluster.nodeCount,
                        sizes: tuning.options.sizes)
                    let isForger =
                        node.index == plan.hostCount - 1
                        && (tuning.hasForger || settings.bug == .guessableSession)
                    return LogHost(
                        LogWorker(
                            client, service: settings.service, plan: plan, node: node,
                            life: life, seed: ~seed),
                        forger: isForger
                            ? LogForger(
                                settings.service, proposers: cluster.proposers, seed: seed ^ 0x466f)
                            : nil)
                }
                // The bug: the life without a disk takes the dead one's place.
                let isAmnesiac = settings.bug == .amnesia && cluster.acceptors.contains(node)
                let seed = isAmnesiac ? plan.seed &* 64 &+ UInt64(node.rawValue) : seed
                return LogHost(
                    LogNode(
                        cluster: cluster, node: node,
                        state: tuning.state(of: settings.service, bug: settings.bug), seed: seed,
                        options: tuning.options), bug: settings.bug)
            },
            makeObserver: { plan in
                LogOracle(
                    shape: plan.shape,
                    state: LogTuning(plan).state(
                        of: settings.service, bug: settings.bug), sessions: LogTuning(plan).sessions
                )
            },
            chooseHealthy: { plan, conditions, random in
                LogScenario.healthy(plan, conditions, &random)
            },
            makeInputs: { plan in
                let nodeCount = LogCluster(shape: plan.shape).nodeCount
                let time = Instant(nanoseconds: plan.safetyTime.nanoseconds + 1)
                return (nodeCount..<max(nodeCount, plan.hostCount)).map {
                    ScheduledInput(time: time, node: NodeID(index: $0), input: .conclude)
                }
            })
        world.readDamaged = DamagedStorage.read
        world.chooseGuests = { plan in
            let nodeCount = LogCluster(shape: plan.shape).nodeCount
            return NodeSet(nodeCount..<max(nodeCount, plan.hostCount))
        }
        if let bug = settings.bug { world.flaws = bug.hostFlaws }
        return world
    }

    /// Enough of every role to make progress, and every client that lives.
    ///
    /// Hosts that are gone, and acceptors that have lost their disks, cannot be healed.
    ///
    /// Where a page is one entry, phase 1 lasts long, and one that is left broken and leads in turn with
    /// another would have it begin again for ever: there all that live are healed.
    private static func healthy(
        _ plan: Plan, _ conditions: [HostCondition], _ random: inout RandomSource
    ) -> NodeSet? {
        let cluster = LogCluster(shape: plan.shape)
        let areSlow = LogTuning(plan).options.sizes.entries == 1
        var living = NodeSet()
        for index in conditions.indices where !conditions[index].isGone {
            let node = NodeID(index: index)
            let isProposer = cluster.proposers.contains(node) && cluster.form == .roles
            if cluster.nodes.contains(node), !isProposer,
                conditions[index].isAmnesiac || conditions[index].hadOldDisk
            {
                continue
            }
            living.insert(node)
        }
        var result = living.subtracting(cluster.nodes)
        let roles: [NodeSet] =
            cluster.form == .replicas
            ? [cluster.acceptors] : [cluster.proposers, cluster.acceptors, cluster.learners]
        for role in roles {
            guard let first = role.first else { return nil }
            let present = living.intersection(role)
            let least = role.count - cluster.spare(of: first).count
            guard
                let some = random.some(
                    of: present, least: areSlow ? max(least, present.count) : least)
            else {
                return nil
            }
            result = result.union(some)
        }
        return result.subtracting(cluster.nodes).isEmpty ? nil : result
    }

    static func run(_ plan: Plan, in world: inout World<LogOracle>) -> RunReport {
        world.judge(plan)
    }

    // MARK: - Stories

    static let plot: ClosedRange<UInt8> = 7...18

    /// The messages of ``plot`` that are told.
    private static let plotKinds = [
        "prepare", "promise", "accept", "accepted", "nack", "chosen", "votes", "snapshotPart",
        "request", "reply", "read",
    ]

    static func omissible(of plan: Plan) -> [UInt64] { LogWorker.omissible(of: plan) }

    static func cast(of shape: [Int]) -> Cast {
        let cluster = LogCluster(shape: shape)
        let clients = NodeSet(cluster.nodeCount..<max(cluster.nodeCount, shape.reduce(0, +)))
        let nodes =
            cluster.form == .replicas
            ? "replicas \(cluster.nodes)"
            : "proposers \(cluster.proposers), acceptors \(cluster.acceptors), "
                + "learners \(cluster.learners)"
        return Cast(
            introduction: "\(nodes), clients \(clients)",
            roles: cluster.nodes.map { cluster.roleName(of: $0).lowercased() }
                + clients.map { _ in "client" })
    }

    /// Getting acquainted, signs of life and wakes do not carry the plot.
    static func isTold(_ event: TraceEvent, of cast: Cast) -> Bool {
        switch event.action {
        case .receives:
            let kind = event.text.prefix { $0 != " " && $0 != "," && $0 != ":" }
            // A client reports the answers that it gets.
            if kind == "reply", let node = event.node, cast.role(of: node) == "client" {
                return event.text.contains("session") || event.text.contains("expired")
            }
            return plotKinds.contains { $0 == kind }
        case .reports: return true
        default: return event.isIncident
        }
    }
}
