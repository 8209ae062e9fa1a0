import ConsensusCore
import PaxosNode
import Simulation

/// A failing run, shrunk and told: what matters of it, in order, one numbered line each.
struct Story {
    let violation: Violation
    let plan: Plan
    let lines: [String]
    /// How many runs the shrinking took.
    let runs: Int

    /// Shrinks the run of a failing seed and tells what is left of it.
    ///
    /// - Returns: nil if the seed does not fail.
    init?(seed: UInt64, of scenario: PaxosScenario, runLimit: Int = 10_000) {
        let first = scenario.plan(seed)
        var world = scenario.makeWorld()
        world.options = [.logsDeliveries]
        guard let failure = world.run(first).failure else { return nil }
        let box = WorldBox(scenario)
        let isStuck = failure.property == Story.liveness
        let shrunken = Shrinker.shrink(
            first, runLimit: isStuck ? 300 : runLimit,
            // A run in which enough is dropped gets stuck anyway; what is not told need not be dropped.
            canDrop: { !isStuck && Message.plot.contains($0.kind) },
            reductions: PaxosScenario.smaller
        ) { plan in
            let report = box.world.run(plan)
            let fails = report.failure?.property == failure.property
            return Shrinker.Attempt(
                verdict: fails ? .failed : .held, deliveries: box.world.deliveries)
        }
        world.options = [.traces]
        guard let violation = world.run(shrunken.plan).failure else { return nil }
        self.violation = violation
        plan = shrunken.plan
        runs = shrunken.runs
        lines = Story.tell(world.trace, of: Cluster(shape: plan.shape))
    }

    /// A story of fewer lines than this is short.
    static let shortLength = 40

    /// The property that a stuck run does not keep.
    static let liveness = "liveness"

    /// The story, headed by who is who.
    func text(seed: UInt64, replay: String) -> String {
        let cluster = Cluster(shape: plan.shape)
        var result = "VIOLATION of \(violation.property): \(violation.explanation)\n"
        result += "Seed \(seed), shrunk in \(grouped(runs)) runs to "
        result += "proposers \(cluster.proposers), acceptors \(cluster.acceptors), "
        result += "learners \(cluster.learners), "
        result += "clients \(cluster.peers(of: NodeID(index: cluster.nodeCount))):\n"
        for (number, line) in lines.enumerated() {
            result += padded(number + 1, to: 4) + ". \(line)\n"
        }
        return result + "Replay: \(replay)\n"
    }

    /// One line of a story before it is put into words: what one host did, or several of a role.
    private struct Line {
        let time: Instant
        var hosts: NodeSet
        let role: String
        let action: TraceEvent.Action
        let phrase: String
        var repeats = 0

        /// What is told, without the time and how many times it happened.
        var sentence: String {
            guard let first = hosts.first else { return phrase }
            return hosts.count == 1
                ? "\(role) \(first) \(phrase)"
                : "\(role)s \(hosts) receive\(phrase.dropFirst("receives".count))"
        }

        /// Whether both are the receipt of one message by hosts of one role.
        func isSameReceipt(as other: Line) -> Bool {
            action == .receives && other.action == .receives && role == other.role
                && phrase == other.phrase
        }
    }

    /// Leaves out of a trace what does not carry the plot: elections, assignments, wakes; says once
    /// what a host does again and again, and in one line that several receive the same.
    static func tell(_ trace: [TraceEvent], of cluster: Cluster) -> [String] {
        var told: [Line] = []
        for event in trace where isTold(event, of: cluster) {
            let line = Line(
                time: event.time, hosts: event.node.map { [$0] } ?? [],
                role: event.node.map(cluster.roleName) ?? "", action: event.action,
                phrase: event.phrase(naming: { cluster.name(of: $0) }))
            let earlier = told.lastIndex {
                $0.role == line.role && $0.phrase == line.phrase
                    && line.hosts.subtracting($0.hosts).isEmpty
            }
            if let earlier {
                told[earlier].repeats += 1
            } else if let last = told.indices.last, told[last].isSameReceipt(as: line) {
                told[last].hosts = told[last].hosts.union(line.hosts)
            } else {
                told.append(line)
            }
        }
        return told.map { line in
            let microseconds = line.time.nanoseconds / 1_000
            let time =
                padded(Int(microseconds / 1_000), to: 6) + "."
                + String(String(1_000 + microseconds % 1_000).dropFirst())
            let again =
                switch line.repeats {
                case 0: ""
                case 1: " (and once more)"
                default: " (and \(line.repeats) times more)"
                }
            return "\(time) ms  \(line.sentence)\(again)"
        }
    }

    private static func isTold(_ event: TraceEvent, of cluster: Cluster) -> Bool {
        switch event.action {
        case .receives:
            let kind = event.text.prefix { $0 != " " && $0 != "," }
            // A request to a learner is a client's question, which changes nothing.
            if kind == "request", event.node.flatMap(cluster.role) == .learner { return false }
            return Message.plotKinds.contains { $0 == kind }
        case .reports:
            return event.text.hasPrefix("that \"") || event.text.hasPrefix("the chosen")
                || event.text.hasPrefix("that its votes")
        case .crashes, .crashesAtPersist, .restarts, .restartsWithoutDisk, .losesTail, .violates,
            .partitionBegins, .partitionEnds, .heals, .ends:
            return true
        default: return false
        }
    }
}

extension Message {
    /// The messages that stories tell of.
    static let plotKinds = [
        "request", "prepare", "promise", "accept", "accepted", "nack", "chosen",
    ]

    /// How the wire codec's tags of ``plotKinds`` begin.
    static let plot: ClosedRange<UInt8> = 11...18
}

/// Lets the shrinker's closure own a world.
private final class WorldBox {
    var world: World<PaxosOracle>

    init(_ scenario: PaxosScenario) {
        world = scenario.makeWorld()
        world.options = [.logsDeliveries]
    }
}

extension RunReport {
    /// What the run did not keep, if anything; not coming to an end counts too.
    var failure: Violation? {
        switch outcome {
        case .violated(let violation): violation
        case .stuck:
            Violation(
                property: Story.liveness,
                explanation: "the healthy hosts \(healthy) print no value within "
                    + "\(PaxosScenario.livenessBound.nanoseconds / 1_000_000_000) s")
        case .completed, .beyondHealing: nil
        }
    }
}

extension Cluster {
    /// A host's role and ID, as in `acceptor 3`.
    func name(of node: NodeID) -> String {
        "\(roleName(of: node)) \(node)"
    }

    /// A host's role, as in `acceptor`.
    func roleName(of node: NodeID) -> String {
        role(of: node).map { "\($0)".lowercased() } ?? "client"
    }
}

/// A number in a field of so many places.
func padded(_ number: Int, to width: Int) -> String {
    let digits = String(number)
    return String(repeating: " ", count: max(0, width - digits.count)) + digits
}
