import ConsensusCore
import Simulation

/// A failing run, shrunk and told: what matters of it, in order, one numbered line each.
struct Story {
    let violation: Violation
    let plan: Plan
    let cast: Cast
    let lines: [String]
    /// How many runs the shrinking took.
    let runs: Int

    init(violation: Violation, plan: Plan, cast: Cast, lines: [String], runs: Int) {
        self.violation = violation
        self.plan = plan
        self.cast = cast
        self.lines = lines
        self.runs = runs
    }

    /// Shrinks the run of a failing seed and tells what is left of it.
    ///
    /// - Returns: nil if the seed does not fail.
    init?<Kind: Scenario>(seed: UInt64, of scenario: Kind, runLimit: Int = 10_000) {
        let first = scenario.plan(seed)
        var world = scenario.makeWorld()
        world.options = [.logsDeliveries]
        guard let failure = Kind.run(first, in: &world).failure else { return nil }
        let box = WorldBox(scenario)
        let isStuck = failure.property == Story.liveness
        let shrunken = Shrinker.shrink(
            first, runLimit: isStuck ? 300 : runLimit,
            // A run in which enough is dropped gets stuck anyway; what is not told need not be dropped.
            canDrop: { !isStuck && Kind.plot.contains($0.kind) },
            omissible: Kind.omissible, reductions: \.smaller
        ) { plan in
            let report = Kind.run(plan, in: &box.world)
            let fails = report.failure?.property == failure.property
            return Shrinker.Attempt(
                verdict: fails ? .failed : .held, deliveries: box.world.deliveries)
        }
        world.options = [.traces]
        guard let violation = Kind.run(shrunken.plan, in: &world).failure else { return nil }
        self.violation = violation
        plan = shrunken.plan
        runs = shrunken.runs
        cast = Kind.cast(of: plan.shape)
        // That all held but for the violation goes without saying.
        lines = Story.tell(
            world.trace.filter { [cast] in $0.action != .ends && Kind.isTold($0, of: cast) }
                + world.trace.filter { isStuck && $0.action == .ends }, of: cast)
    }

    /// A story of fewer lines than this is short.
    static let shortLength = 40

    /// The property that a stuck run does not keep.
    static let liveness = "liveness"

    /// The story, headed by who is who.
    ///
    /// - Parameters:
    ///   - replay: the command that runs the seed again and tells the whole story.
    ///   - isWhole: whether the middle of a long story is told.
    func text(seed: UInt64, replay: String, isWhole: Bool = true) -> String {
        var result = "VIOLATION of \(violation.property): \(violation.explanation)\n"
        result += "Seed \(seed), shrunk in \(grouped(runs)) runs to \(cast.introduction):\n"
        let end = Story.shortLength / 2 - 1
        let middle = end..<max(end, lines.count - end)
        let leavesOut = !isWhole && lines.count >= Story.shortLength
        for (number, line) in lines.enumerated() where !leavesOut || !middle.contains(number) {
            if leavesOut && number == middle.upperBound {
                result += "      … \(middle.count) lines that the replay tells\n"
            }
            result += padded(number + 1, to: 4) + ". \(line)\n"
        }
        return result + "Replay: \(replay)\n"
    }

    /// One line of a story before it is put into words: what one host did, or several of a role, or what
    /// one received from several.
    private struct Line {
        let time: Instant
        var hosts: NodeSet
        var peers: NodeSet
        let action: TraceEvent.Action
        let text: String
        let cast: Cast
        var repeats = 0

        init(_ event: TraceEvent, _ cast: Cast) {
            time = event.time
            hosts = event.node.map { [$0] } ?? []
            action = event.action
            self.cast = cast
            // Whom a message comes from is said last.
            let sender = action == .receives ? event.peer : nil
            peers = sender.map { [$0] } ?? []
            text = event.phrase { $0 == sender ? "" : cast.name(of: $0) }
        }

        /// What is told, without the time and how many times it happened.
        var sentence: String {
            guard !hosts.isEmpty else { return text }
            var phrase = text
            if hosts.count > 1 {
                let verb = phrase.prefix { $0 != " " }
                phrase = String(verb.dropLast()) + phrase.dropFirst(verb.count)
            }
            return cast.name(of: hosts) + " " + phrase + cast.name(of: peers)
        }

        /// Whether both happen to hosts and are told in the same words.
        func isAlike(_ other: Line) -> Bool {
            action == other.action && text == other.text && !hosts.isEmpty && !other.hosts.isEmpty
        }

        /// Adds what the same host heard from another a little later.
        mutating func mergePeers(of later: Line) -> Bool {
            guard action == .receives, isAlike(later), hosts == later.hosts else { return false }
            peers = peers.union(later.peers)
            return true
        }

        /// Adds what happened to others a little later, in the same words.
        mutating func mergeHosts(of later: Line) -> Bool {
            guard action == .receives || action == .reports, isAlike(later),
                peers == later.peers, repeats == later.repeats
            else { return false }
            hosts = hosts.union(later.hosts)
            return true
        }
    }

    /// How many lines back one may be told at once with a later one.
    private static let mergeReach = 6

    /// Puts events into words: says once what a host does again and again, and in one line that several do
    /// the same at about the same time, or that one hears the same from several.
    static func tell(_ events: [TraceEvent], of cast: Cast) -> [String] {
        var told: [Line] = []
        for event in events {
            let line = Line(event, cast)
            let earlier = told.lastIndex {
                $0.isAlike(line) && line.hosts.subtracting($0.hosts).isEmpty
                    && line.peers.subtracting($0.peers).isEmpty
            }
            if let earlier {
                told[earlier].repeats += 1
                continue
            }
            let near = told.indices.suffix(mergeReach).reversed()
            if near.contains(where: { told[$0].mergePeers(of: line) }) { continue }
            told.append(line)
        }
        told = told.reduce(into: []) { result, line in
            let near = result.indices.suffix(mergeReach).reversed()
            if near.contains(where: { result[$0].mergeHosts(of: line) }) { return }
            result.append(line)
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
}

/// Lets the shrinker's closure own a world.
private final class WorldBox<Kind: Scenario> {
    var world: World<Kind.Observer>

    init(_ scenario: Kind) {
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
                explanation: "the healthy hosts \(healthy) do not come to an end in time")
        case .completed, .beyondHealing: nil
        }
    }
}

extension TraceEvent {
    /// Whether something happened to a host or to the whole world, which every story tells.
    var isIncident: Bool {
        switch action {
        case .crashes, .crashesAtPersist, .restarts, .restartsWithoutDisk, .losesTail, .violates,
            .partitionBegins, .partitionEnds, .heals, .ends, .outOfRoom, .hangsDisk, .rots,
            .refusesToStart, .findsOldDisk, .beginsAnew, .losesPower, .failsToSync, .twinBegins,
            .twinEnds, .computes, .forges:
            true
        default: false
        }
    }
}

extension Plan {
    /// The plans with one host less, but never without a role.
    var smaller: [Plan] {
        var result: [Plan] = []
        var first = 0
        for count in shape {
            if count > 1 {
                for index in first..<first + count {
                    result.append(removingHost(NodeID(index: index)))
                }
            }
            first += count
        }
        return result
    }
}

/// A number in a field of so many places.
func padded(_ number: Int, to width: Int) -> String {
    let digits = String(number)
    return String(repeating: " ", count: max(0, width - digits.count)) + digits
}
