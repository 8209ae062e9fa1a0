import ConsensusCore
import PaxosNode
import Simulation
import Testing

@testable import simulate

@Suite("Campaigns of the Paxos cluster")
struct CampaignTests {
    /// Seeds at which a campaign once failed, with the plans of its day.
    static let once: [UInt64] = [
        37, 1_384, 2_286, 2_631, 3_076, 18_871, 20_723, 25_249, 87_357, 104_375,
        168_749, 276_704, 570_914,
        2_111, 10_389, 179_563_125_201_151,
    ]

    @Test(
        "every property holds, and a value is chosen, in the first seeds and those that once failed"
    )
    func holds() {
        var runner = CampaignRunner(PaxosScenario(ScenarioSettings()))
        var summary = PaxosSummary()
        for seed in Array(1...120) + CampaignTests.once {
            #expect(runner.run(seed: seed, into: &summary) == .held, "seed \(seed)")
        }
        #expect(summary.chosen == summary.statistics.runs)
        #expect(summary.statistics.crashes > 0 && summary.statistics.lost > 0)
    }

    @Test("without faults a value is chosen, whatever the shape")
    func calm() {
        var runner = CampaignRunner(PaxosScenario(ScenarioSettings(faults: [])))
        var summary = PaxosSummary()
        for seed in 1...100 as ClosedRange<UInt64> {
            #expect(runner.run(seed: seed, into: &summary) == .held, "seed \(seed)")
        }
        #expect(summary.chosen == 100)
        #expect(summary.statistics.faultCount == 0)
    }

    @Test("the same seed gives the same trace, byte for byte", arguments: [1, 5, 82] as [UInt64])
    func sameTrace(seed: UInt64) {
        expectSameTrace(of: PaxosScenario(ScenarioSettings()), seed: seed)
    }

    /// Written down from `simulate --seed N` of a release build; this test runs in a debug build too.
    ///
    /// A change of the protocol or of the faults changes them; they are then to be written down anew.
    @Test(
        "debug and release builds, on every machine, give these digests",
        arguments: [
            (1, 0x5456_c376_da43_b005), (2, 0x412b_c3fd_ff1a_8564),
            (3, 0xef7b_def1_30bb_0e46), (928, 0x146b_0bee_ad39_97f5),
        ] as [(UInt64, UInt64)])
    func golden(seed: UInt64, digest: UInt64) {
        let scenario = PaxosScenario(ScenarioSettings())
        var world = scenario.makeWorld()
        #expect(world.run(scenario.plan(seed)).digest == digest)
    }
}

@Suite("Planted bugs")
struct PlantedBugTests {
    /// A seed for each bug at which it shows, as `simulate --bugs` finds it.
    static let seeds: [(bug: PlantedBug, seed: UInt64, property: String)] = [
        (.countDatagrams, 23, "quorum"), (.forgetAccepted, 1, "agreement"),
        (.promiseAtOldBallot, 1, "promises"), (.acceptDoesNotPromise, 230, "promises"),
        (.valueOfHighestPromise, 120, "agreement"), (.mixedBallots, 85, "quorum"),
        (.ballotReuse, 3, "one life a ballot"), (.answerBeforeDurable, 21, "quorum"),
        (.amnesia, 928, "agreement"),
    ]

    @Test("each is found, and the same run without it holds", arguments: seeds)
    func found(bug: PlantedBug, seed: UInt64, property: String) {
        let honest = PaxosScenario(ScenarioSettings())
        var sound = honest.makeWorld()
        #expect(sound.run(honest.plan(seed)).failure == nil)
        let scenario = PaxosScenario(ScenarioSettings(bug: bug))
        var world = scenario.makeWorld()
        #expect(world.run(scenario.plan(seed)).failure?.property == property)
    }

    @Test("there is a seed for every bug")
    func complete() {
        #expect(PlantedBugTests.seeds.map(\.bug) == PaxosScenario.bugs)
    }

    @Test("a story is short, numbered, and ends in the violation")
    func story() throws {
        let scenario = PaxosScenario(ScenarioSettings(bug: .promiseAtOldBallot))
        let story = try #require(Story(seed: 1, of: scenario, runLimit: 150))
        #expect(story.lines.count < 40)
        #expect(story.lines.last?.contains("VIOLATION of promises") == true)
        let text = story.text(seed: 1, replay: "simulate --seed 1 --bug promise-at-old-ballot")
        #expect(text.contains("   1. ") && text.contains("Replay: simulate --seed 1"))
    }

    @Test("a campaign tells the beginning and the end of a long story")
    func longStory() throws {
        let story = try #require(
            Story(
                seed: 1, of: PaxosScenario(ScenarioSettings(bug: .promiseAtOldBallot)),
                runLimit: 1))
        let long = Story(
            violation: story.violation, plan: story.plan, cast: story.cast,
            lines: (1...100).map { "line \($0)" }, runs: 1)
        let text = long.text(seed: 1, replay: "simulate --seed 1", isWhole: false)
        let lines = text.split(separator: "\n")
        #expect(lines.count == 2 + 19 + 1 + 19 + 1)
        #expect(lines[20] == "  19. line 19" && lines[22] == "  82. line 82")
        #expect(lines[21] == "      … 62 lines that the replay tells")
        #expect(long.text(seed: 1, replay: "").contains("  50. line 50\n"))
        let short = Story(
            violation: story.violation, plan: story.plan, cast: story.cast,
            lines: (1...39).map { "line \($0)" }, runs: 1)
        #expect(short.text(seed: 1, replay: "", isWhole: false).contains("  20. line 20\n"))
    }

    @Test("a story says in one line what several hosts of a role receive, and how many times")
    func together() {
        func receipt(
            _ node: NodeID, at time: Int64, of text: String, from peer: NodeID = 0
        ) -> TraceEvent {
            TraceEvent(
                time: Instant(nanoseconds: time * 1_000_000), node: node, action: .receives,
                peer: peer, text: text)
        }
        let prepare = "prepare, ballot 0"
        let story = Story.tell(
            [
                receipt(3, at: 1, of: prepare), receipt(1, at: 2, of: prepare),
                receipt(3, at: 3, of: prepare), receipt(2, at: 4, of: "accept \"v0\", ballot 0"),
                receipt(2, at: 5, of: prepare), receipt(4, at: 6, of: prepare),
                receipt(0, at: 7, of: "promise", from: 1),
                receipt(0, at: 8, of: "promise", from: 3),
            ],
            of: PaxosScenario.cast(of: [1, 3, 1, 1]))
        #expect(
            story == [
                "     1.000 ms  acceptor 3 receives prepare, ballot 0 from proposer 0 (and once more)",
                "     2.000 ms  acceptors 1, 2, learner 4 receive prepare, ballot 0 from proposer 0",
                "     4.000 ms  acceptor 2 receives accept \"v0\", ballot 0 from proposer 0",
                "     7.000 ms  proposer 0 receives promise from acceptors 1, 3",
            ])
    }
}

/// Runs a seed in two worlds, of which the second has run something else before.
func expectSameTrace<Kind: Scenario>(of scenario: Kind, seed: UInt64) {
    var first = scenario.makeWorld()
    var second = scenario.makeWorld()
    first.options = [.traces]
    second.options = [.traces]
    _ = second.run(scenario.plan(seed + 1))
    let reports = (first.run(scenario.plan(seed)), second.run(scenario.plan(seed)))
    #expect(reports.0 == reports.1)
    #expect(first.trace.render() == second.trace.render())
    #expect(first.trace.count > 100)
}
