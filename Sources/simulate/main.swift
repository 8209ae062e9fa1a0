import Simulation
import ConsensusCore
let scenario = PaxosScenario(
    faults: CommandLine.arguments.count > 3
        ? try FaultSet(parsing: CommandLine.arguments[3]) : .all,
    bug: CommandLine.arguments.count > 4 ? PlantedBug(rawValue: CommandLine.arguments[4]) : nil)
let clock = ContinuousClock()
let begin = clock.now
if CommandLine.arguments[1] == "t" {
    var world = scenario.makeWorld()
    if let story = Story(seed: UInt64(CommandLine.arguments[2])!, of: scenario) {
        world.options = [.traces]
        _ = world.run(story.plan)
        print(story.plan.shape)
        print(world.trace.render())
    }
} else {
    let report = await Campaign.run(
        seeds: UInt64(CommandLine.arguments[1])!...UInt64(CommandLine.arguments[2])!, threads: 2,
        makeRunner: { CampaignRunner(scenario) }, progress: { _ in })
    let d = begin.duration(to: clock.now)
    print(report.runs, d, report.failingSeed ?? 0)
    print(report.summary.paragraph)
    if let seed = report.failingSeed, let story = Story(seed: seed, of: scenario) {
        print(story.text(seed: seed, replay: "simulate --seed \(seed)"))
    }
}
