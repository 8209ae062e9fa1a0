import PaxosNode
import Simulation
import Testing

@testable import simulate

@Suite("Planted bugs of the log")
struct LogPlantedBugTests {
    /// In which seeds each bug shows, and as what; of the rare ones, the first of few.
    struct Sighting: CustomTestStringConvertible, Sendable {
        let bug: PlantedBug
        let seeds: ClosedRange<UInt64>
        let properties: [String]

        init(_ bug: PlantedBug, _ seeds: ClosedRange<UInt64>, _ properties: String...) {
            self.bug = bug
            self.seeds = seeds
            self.properties = properties
        }

        var testDescription: String { bug.rawValue }
    }

    static let sightings: [Sighting] = [
        Sighting(.countDatagrams, 1...40, "learned values", "leadership"),
        Sighting(.forgetAccepted, 1...40, "reports"),
        Sighting(.promiseAtOldBallot, 1...40, "promises", "checkpoints keep everything"),
        Sighting(.acceptDoesNotPromise, 1...40, "promises", "checkpoints keep everything"),
        Sighting(.mixedBallots, 220...260, "learned values", "leadership", "claims"),
        Sighting(.ballotReuse, 1...40, "ballots", "checkpoints keep everything"),
        Sighting(.answerBeforeDurable, 1...40, "ballots", "durability"),
        Sighting(.amnesia, 1...40, "amnesia"),
        Sighting(.tornTail, 1...40, "checkpoints keep everything"),
        Sighting(.doubleApply, 1...40, "linearizability"),
        Sighting(.staleRead, 1...40, "queries"),
        Sighting(.guessableSession, 1...40, "sessions"),
        Sighting(.firstPageOnly, 1...60, "leadership"),
        Sighting(.queryQuorum, 1...40, "queries"),
        Sighting(.checkpointDropsLearned, 1...40, "checkpoints keep everything"),
        Sighting(.checkpointDropsBallot, 1...40, "checkpoints keep everything"),
        Sighting(.answeredTooHigh, 1...40, "sessions"),
    ]

    @Test("each is found, and the same run without it holds", arguments: sightings)
    func found(sighting: Sighting) throws {
        let bugged = LogScenario(ScenarioSettings(service: .kv, bug: sighting.bug))
        var world = bugged.makeWorld()
        var failure: Violation?
        let seed = try #require(
            sighting.seeds.first { seed in
                failure = LogScenario.run(bugged.plan(seed), in: &world).failure
                return failure != nil
            })
        let property = try #require(failure?.property)
        #expect(sighting.properties.contains(property), "seed \(seed)")
        let honest = LogScenario(ScenarioSettings(service: .kv))
        var sound = honest.makeWorld()
        #expect(LogScenario.run(honest.plan(seed), in: &sound).failure == nil, "seed \(seed)")
    }

    /// Those that show in one seed of thousands: `simulate --bugs` finds them.
    static let rare: [PlantedBug] = [
        .valueOfHighestPromise, .leftover, .oldDisk, .supersededLeader,
    ]

    @Test("there is a sighting of every bug that is not rare")
    func complete() {
        let sighted = LogPlantedBugTests.sightings.map(\.bug) + LogPlantedBugTests.rare
        #expect(Set(sighted) == Set(LogScenario.bugs) && sighted.count == LogScenario.bugs.count)
    }
}
