import ConsensusCore
import Simulation
import UDPRuntime

/// The program `simulate`: the cluster of condriver and clidriver on a seeded network, clock and disk.
enum SimulateCommand {
    /// The names of faults in lines of a few, those of the default first.
    private static let faultNames: String = {
        let defaults = FaultSet.named.filter { ScenarioSettings.defaultFaults.contains($0.kind) }
        let others = FaultSet.named.filter { !ScenarioSettings.defaultFaults.contains($0.kind) }
        let names = (defaults + others).map(\.name)
        return stride(from: 0, to: names.count, by: 6).map { first in
            String(repeating: " ", count: 20) + names[first...].prefix(6).joined(separator: " ")
        }.joined(separator: "\n")
    }()

    private static let lastDefaultFault =
        FaultSet.named.last { ScenarioSettings.defaultFaults.contains($0.kind) }?.name ?? "none"

    static let help =
        """
        usage: simulate --seeds A..B [options]     run every seed; stop at the first that fails
               simulate --seed N [--trace FILE]    run one seed again; '-' traces to standard output
               simulate --bug NAME [--seeds A..B]  the same with a planted bug
               simulate --bugs                     look for every planted bug
               simulate --exhaustive [--nodes P/A/L] [--ballots K] [--bug NAME]
                                                   every interleaving of the bare roles

          --service NAME    variable: basic Paxos, the default; list or kv: a log of commands
          --nodes P/A/L     proposers, acceptors and learners, or for a log the number of replicas;
                            drawn from the seed unless given
          --clients N       how many clients; drawn from the seed unless given
          --ballots K       ballots each proposer may begin, from 1 to 4; 1, or with a bug 2
          --faults LIST     default, all, none, or names separated by commas, of which default
                            stands for those up to \(lastDefaultFault):
        \(faultNames)

        Planted bugs:
        \(PlantedBug.allCases.map { "  \($0.rawValue): \($0.explanation)" }.joined(separator: "\n"))

        Exit status: 0 all held, 1 a violation was found, 2 could not say, 64 wrong usage.

        """

    /// Runs the program; returns its exit status.
    static func run(_ arguments: [String]) async throws -> Int32 {
        let parsed = try ParsedArguments(
            arguments, options: SimulateOptions.specifications, program: "simulate")
        if try Program.answersQuestion(in: parsed, help: help) { return ExitStatus.done }
        let options = try SimulateOptions(parsed)
        let settings = options.settings
        switch (options.task, settings.service) {
        case (.exhaust(let nodes, let ballots), _):
            return exhaust(nodes: nodes, ballots: ballots, bug: settings.bug)
        case (let task, .variable): return try await run(task, PaxosScenario(settings))
        case (let task, .list), (let task, .kv): return try await run(task, LogScenario(settings))
        }
    }

    private static func run(
        _ task: SimulateOptions.Task, _ scenario: some Scenario
    ) async throws -> Int32 {
        switch task {
        case .campaign(let seeds): return try await campaign(seeds, scenario)
        case .replay(let seed, let trace): return try replay(seed, scenario, trace: trace)
        case .findBugs: return try await findBugs(scenario)
        case .exhaust: return 2
        }
    }

    // MARK: - One seed

    private static func replay<Kind: Scenario>(
        _ seed: UInt64, _ scenario: Kind, trace: String?
    ) throws -> Int32 {
        var world = scenario.makeWorld()
        world.options = trace == nil ? [.checksInvariants] : [.checksInvariants, .traces]
        let report = Kind.run(scenario.plan(seed), in: &world)
        if let trace { try Console.write(world.trace.render(), toFile: trace) }
        let digest = String(report.digest, radix: 16)
        let length = report.time.nanoseconds / 1_000_000
        let head =
            "Seed \(seed): \(report.statistics.steps) steps, \(length) ms, digest \(digest): "
        guard report.failure != nil else {
            if world.observer.isUndecided {
                try Console.print(head + "its history was too hard to judge.\n")
                return 2
            }
            let isOpen = report.outcome == .beyondHealing
            try Console.print(head + (isOpen ? "nothing was left to heal.\n" : "all held.\n"))
            return isOpen ? 2 : 0
        }
        try Console.print(head + "a violation.\n")
        try tell(seed, scenario, isWhole: true)
        return 1
    }

    /// Prints the story of a failing seed.
    private static func tell(
        _ seed: UInt64, _ scenario: some Scenario, isWhole: Bool
    ) throws {
        guard let story = Story(seed: seed, of: scenario) else { return }
        let replay = "simulate --seed \(seed)" + SimulateOptions.options(of: scenario.settings)
        try Console.print(story.text(seed: seed, replay: replay, isWhole: isWhole))
    }

    // MARK: - Many seeds

    private static func campaign<Kind: Scenario>(
        _ seeds: ClosedRange<UInt64>, _ scenario: Kind
    ) async throws -> Int32 {
        let progress = ProgressLine()
        let report = await search(seeds, scenario) { progress.show($0) }
        let rate = progress.rate(of: report.runs)
        try Console.print(
            "\(grouped(Int(report.runs))) runs, seeds \(seeds.lowerBound)..\(seeds.upperBound), "
                + "\(grouped(rate)) runs/s.\n\(report.summary.paragraph)\n")
        guard let seed = report.failingSeed else {
            let undecided = report.summary.undecided
            guard !undecided.isEmpty else {
                try Console.print("All held.\n")
                return 0
            }
            let seeds = undecided.map(String.init).joined(separator: ", ")
            try Console.print(
                "All held but for what was too hard to judge: seed "
                    + "\(seeds).\n")
            return 2
        }
        // At once: the story takes its time.
        var world = scenario.makeWorld()
        let property = Kind.run(scenario.plan(seed), in: &world).failure?.property
        try Console.print("Seed \(seed) fails: \(property ?? "it ends otherwise here").\n")
        try tell(seed, scenario, isWhole: false)
        return 1
    }

    /// Runs seeds on both cores until one fails.
    private static func search<Kind: Scenario>(
        _ seeds: ClosedRange<UInt64>, _ scenario: Kind,
        progress: @escaping @Sendable (CampaignReport<Kind.Summary>) -> Void = { _ in }
    ) async -> CampaignReport<Kind.Summary> {
        await Campaign.run(
            seeds: seeds, threads: 2, makeRunner: { CampaignRunner(scenario) }, progress: progress)
    }

    /// Plants every bug in turn and prints where it was found.
    private static func findBugs<Kind: Scenario>(_ scenario: Kind) async throws -> Int32 {
        var status: Int32 = 0
        try Console.print(row("bug", "seed", "runs", "story", "property"))
        for bug in Kind.bugs {
            var settings = scenario.settings
            settings.bug = bug
            let scenario = Kind(settings)
            let report = await search(SimulateOptions.bugSeeds, scenario)
            guard let seed = report.failingSeed,
                let (storySeed, story) = await shortStory(from: seed, scenario)
            else {
                try Console.print(row(bug.rawValue, "-", "\(report.runs)", "-", "NOT FOUND"))
                status = 1
                continue
            }
            let length =
                "\(story.lines.count) lines" + (storySeed == seed ? "" : " (seed \(storySeed))")
            try Console.print(
                row(
                    bug.rawValue, "\(seed)", "\(report.runs)", length, story.violation.property))
        }
        return status
    }

    /// The story of a failing seed; or, if that is long, the first short one of the next that fail, the
    /// smallest clusters first.
    private static func shortStory<Kind: Scenario>(
        from first: UInt64, _ scenario: Kind
    ) async -> (seed: UInt64, story: Story)? {
        guard var best = Story(seed: first, of: scenario).map({ (seed: first, story: $0) }) else {
            return nil
        }
        guard best.story.lines.count >= Story.shortLength else { return best }
        var others: [(seed: UInt64, hosts: Int, steps: UInt64)] = []
        var world = scenario.makeWorld()
        var last = first
        while others.count < 40, last < SimulateOptions.bugSeeds.upperBound,
            let seed = await search(last + 1...SimulateOptions.bugSeeds.upperBound, scenario)
                .failingSeed
        {
            let plan = scenario.plan(seed)
            let report = Kind.run(plan, in: &world)
            others.append((seed, plan.hostCount, UInt64(report.statistics.steps)))
            last = seed
        }
        others.sort { ($0.hosts, $0.steps, $0.seed) < ($1.hosts, $1.steps, $1.seed) }
        for (seed, _, _) in others.prefix(10) {
            guard best.story.lines.count >= Story.shortLength else { break }
            guard let story = Story(seed: seed, of: scenario) else { continue }
            if story.lines.count < best.story.lines.count { best = (seed, story) }
        }
        return best
    }

    private static func row(
        _ bug: String, _ seed: String, _ runs: String, _ story: String, _ property: String
    ) -> String {
        func cell(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(1, width - text.count))
        }
        return cell(bug, 26) + cell(seed, 8) + cell(runs, 8) + cell(story, 22) + property + "\n"
    }

    // MARK: - Every interleaving

    private static func exhaust(nodes: [Int], ballots: Int, bug: PlantedBug?) -> Int32 {
        ExhaustiveCommand.run(
            nodes: nodes, ballots: ballots, bug: bug, print: { try? Console.print($0 + "\n") },
            progress: { Console.complain($0) })
    }
}
