import ConsensusCore
import PaxosNode
import Simulation
import Testing

@testable import simulate

@Suite("Campaigns of the log")
struct LogCampaignTests {
    /// Seeds at which a campaign once failed, with the plans of its day.
    static let once: [(service: Service, seed: UInt64)] = [
        (.kv, 59), (.kv, 530), (.kv, 596), (.kv, 818), (.kv, 1_076), (.kv, 1_274), (.kv, 1_299),
        (.kv, 1_420), (.kv, 30_519), (.kv, 112_878), (.kv, 442_400), (.list, 5_659),
        (.list, 246_611),
        (.list, 326_062), (.list, 452_426), (.list, 664), (.list, 8_036), (.kv, 5_433),
    ]

    private func scenario(_ service: Service, bug: PlantedBug? = nil) -> LogScenario {
        LogScenario(ScenarioSettings(service: service, bug: bug))
    }

    @Test("every property holds in the first seeds", arguments: [Service.kv, .list])
    func holds(service: Service) {
        var runner = CampaignRunner(scenario(service))
        var summary = LogSummary()
        for seed in 1...80 as ClosedRange<UInt64> {
            #expect(runner.run(seed: seed, into: &summary) == .held, "seed \(seed)")
        }
        // Early faults can leave too few with a vote, while those that come later have none yet.
        #expect(summary.undecided.isEmpty && summary.beyondHealing <= 8)
        #expect(summary.total.answers > 0 && summary.changesOfLeader > 0)
        #expect(summary.statistics.checkpoints > 0 && summary.transfers > 0)
    }

    @Test("every property holds in the seeds that once failed", arguments: once)
    func held(service: Service, seed: UInt64) {
        let scenario = scenario(service)
        var world = scenario.makeWorld()
        #expect(LogScenario.run(scenario.plan(seed), in: &world).failure == nil)
    }

    @Test(
        "without faults every operation that has half a second is answered or meets an expired session"
    )
    func calm() {
        let scenario = LogScenario(ScenarioSettings(service: .kv, faults: []))
        var runner = CampaignRunner(scenario)
        var summary = LogSummary()
        let seeds = (1...100 as ClosedRange<UInt64>).filter {
            LogTuning(scenario.plan($0)).timeout.lowerBound >= .milliseconds(500)
        }
        #expect(seeds.count > 30)
        for seed in seeds {
            #expect(runner.run(seed: seed, into: &summary) == .held, "seed \(seed)")
        }
        #expect(summary.statistics.faultCount == 0 && summary.total.timeouts == 0)
        #expect(summary.total.answers + summary.total.expirations == summary.total.operations)
    }

    @Test(
        "the same seed gives the same trace, byte for byte",
        arguments: [(Service.kv, 3), (.kv, 530), (.list, 7)] as [(Service, UInt64)])
    func sameTrace(service: Service, seed: UInt64) {
        expectSameTrace(of: scenario(service), seed: seed)
    }

    /// What each showed once: a client neglected by a broken leader, half a snapshot begun anew with every
    /// peer, a mark raised by a guest, phase 1 that never ended, a slot forgotten between two reports.
    @Test(
        "seeds that failed once hold",
        arguments: [
            (Service.kv, 8010), (.kv, 201_725), (.kv, 213_737), (.kv, 403_460), (.kv, 411_206),
            (.kv, 631_307), (.kv, 905_019), (.list, 34_205), (.list, 201_725), (.list, 213_737),
            (.list, 402_106), (.list, 413_882), (.list, 696_703),
        ] as [(Service, UInt64)])
    func heldSince(service: Service, seed: UInt64) {
        var world = scenario(service).makeWorld()
        #expect(LogScenario.run(scenario(service).plan(seed), in: &world).failure == nil)
    }

    @Test("replicas as many as asked for, and role forms")
    func shapes() {
        for nodes in [[1], [2], [4], [1, 1, 1], [2, 4, 2]] {
            let scenario = LogScenario(ScenarioSettings(service: .kv, nodes: nodes, clients: 2))
            var world = scenario.makeWorld()
            #expect(scenario.plan(1).shape == nodes + [2])
            #expect(LogScenario.run(scenario.plan(1), in: &world).failure == nil)
        }
    }
}
