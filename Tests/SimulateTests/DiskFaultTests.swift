import ConsensusCore
import PaxosNode
import Simulation
import Testing

@testable import simulate

@Suite("Storage that is damaged while its node is down")
struct DamagedStorageTests {
    private func records(_ count: Int) -> [NodeRecord] {
        (0..<count).map { index in
            .accepted(
                Proposal(
                    ballot: Ballot(number: UInt64(index), incarnation: 9),
                    value: Value(repeating: UInt8(index % 251), count: index % 50)))
        }
    }

    @Test("wherever a bit flips before the last record, the drivers' storage refuses it")
    func flippedBits() {
        for place in stride(from: 0, to: 1_000_000, by: 7_001) {
            for bit in [0, 7] {
                let verdict = DamagedStorage.read(
                    2, records(6), DiskDamage(.flippedBit(bit), place: place))
                guard case .refused(let reason) = verdict else {
                    Issue.record("bit \(bit) at \(place): \(verdict)")
                    continue
                }
                #expect(reason.hasPrefix("'0000000000000001.log' "))
            }
        }
    }

    @Test(
        "so it does with lost blocks, in one segment or many", arguments: [1, 2, 40, 300])
    func lostBlocks(count: Int) {
        let written = records(count)
        var refusals: Set<String> = []
        for place in stride(from: 0, to: 1_000_000, by: 50_001) {
            for length in [1, 100, 4_096] {
                switch DamagedStorage.read(2, written, DiskDamage(.lostBlock(length), place: place))
                {
                case .refused(let reason): refusals.insert(reason)
                case .whole: #expect(length < 100, "there is no such run of zeros")
                case .lost(let what): Issue.record("\(length) bytes at \(place): \(what)")
                }
            }
        }
        #expect(refusals.count >= (count < 3 ? 1 : 10))
        #expect(refusals.contains { $0.contains("0000000000000002.log") } == (count > 200))
    }

    @Test(
        "so it does with writes that were dropped, misdirected or undone, but for the last",
        arguments: [(1, false), (2, false), (5, true), (40, false), (40, true), (300, false)])
    func lies(count: Int, isShrinking: Bool) {
        // A long write in the place of a short one reaches into what stands behind it.
        let written = isShrinking ? records(count).reversed() : records(count)
        var refused: [String: Int] = [:]
        for place in stride(from: 0, to: 1_000_000, by: 30_011) {
            let kinds: [DiskDamage.Kind] = [
                .droppedWrite, .misdirectedWrite(place / 1_001), .olderFile(place / 1_001),
            ]
            for kind in kinds {
                let name = "\(kind)".prefix { $0 != "(" }.description
                switch DamagedStorage.read(2, written, DiskDamage(kind, place: place)) {
                case .refused: refused[name, default: 0] += 1
                // A file may have been as it is in its youth.
                case .whole: #expect(name == "olderFile" && count > 200)
                case .lost(let what): Issue.record("\(kind) at \(place): \(what)")
                }
            }
        }
        for name in ["droppedWrite", "misdirectedWrite", "olderFile"] {
            #expect(refused[name, default: 0] > 20, "\(name): \(refused)")
        }
    }

    @Test("a refusal names file and offset, and why, in one sentence")
    func reason() {
        let verdict = DamagedStorage.read(
            2, records(9), DiskDamage(.flippedBit(0), place: 500_000))
        guard case .refused(let reason) = verdict else {
            Issue.record("\(verdict)")
            return
        }
        #expect(reason.contains("'0000000000000001.log' is damaged at byte "))
        #expect(reason.hasSuffix(", is"))
    }

    @Test("a log that opens with fewer records than were written, or others, has lost some")
    func judge() {
        let written = records(3)
        #expect(DamagedStorage.judge(written, wrote: written) == .whole)
        #expect(
            DamagedStorage.judge(records(2), wrote: written) == .lost("with 2 of its 3 records"))
        #expect(
            DamagedStorage.judge([written[0], written[2], written[2]], wrote: written)
                == .lost("with another record number 2 than it wrote"))
    }
}

@Suite("Clusters whose disks fail")
struct DiskCampaignTests {
    private func check(_ statistics: RunStatistics) {
        #expect(statistics.failedWrites > 0 && statistics.hungWrites > 0)
        #expect(statistics.overflowed > 0 && statistics.rottenDisks > 0)
        #expect(statistics.refusedStarts > 0 && statistics.amnesiacs > 0)
    }

    private static let faults: FaultSet = FaultSet.ofDisks.union([.amnesia, .loss, .reordering])

    @Test("basic Paxos keeps every property, and a value is chosen in every run")
    func paxos() {
        var runner = CampaignRunner(
            PaxosScenario(ScenarioSettings(faults: DiskCampaignTests.faults)))
        var summary = PaxosSummary()
        for seed in 1...300 as ClosedRange<UInt64> {
            #expect(runner.run(seed: seed, into: &summary) == .held, "seed \(seed)")
        }
        #expect(summary.chosen == 300 && summary.beyondHealing == 0)
        check(summary.statistics)
    }

    @Test("so does the log, and something is left to heal", arguments: [Service.kv, .list])
    func log(service: Service) {
        var runner = CampaignRunner(
            LogScenario(ScenarioSettings(service: service, faults: DiskCampaignTests.faults)))
        var summary = LogSummary()
        for seed in 1...150 as ClosedRange<UInt64> {
            #expect(runner.run(seed: seed, into: &summary) == .held, "seed \(seed)")
        }
        #expect(summary.beyondHealing <= 15 && summary.total.answers > 0)
        check(summary.statistics)
    }

    @Test("every run's faults leave enough of each role, whatever the shape")
    func survivable() {
        for seed in 1...400 as ClosedRange<UInt64> {
            let plan = PaxosScenario(ScenarioSettings(faults: .ofDisks)).plan(seed)
            let cluster = Cluster(shape: plan.shape)
            let lost = NodeSet(of: plan.scheduled.compactMap(\.losesForGood))
            let left = cluster.nodes.subtracting(lost)
            #expect(cluster.majority.isReached(by: left.intersection(cluster.acceptors)))
            #expect(!left.intersection(cluster.proposers).isEmpty)
            #expect(!left.intersection(cluster.learners).isEmpty)
            #expect(lost.subtracting(cluster.nodes).isEmpty, "clients have no disks")
        }
    }

    @Test("a story tells of each in a line")
    func story() {
        let scenario = PaxosScenario(ScenarioSettings(nodes: [1, 4, 1], clients: 1, faults: []))
        var plan = scenario.plan(1)
        let begin = Instant(nanoseconds: 0)
        plan.scheduled = [
            .fullDisk(1, at: begin, length: .seconds(60), room: 0, comeback: .never),
            .hungDisk(2, at: begin, length: .seconds(60), longest: nil, buffer: 1),
            .bitRot(
                3, at: Instant(nanoseconds: plan.safetyTime.nanoseconds / 2),
                damage: DiskDamage(.flippedBit(5), place: 0),
                comeback: .withDisk(after: .milliseconds(1))),
        ]
        var world = scenario.makeWorld()
        world.options = [.traces]
        _ = PaxosScenario.run(plan, in: &world)
        let cast = PaxosScenario.cast(of: plan.shape)
        let lines = Story.tell(
            world.trace.filter { PaxosScenario.isTold($0, of: cast) }, of: cast)
        for told in [
            "acceptor 1 ends, its disk being full", "acceptor 2 disk hangs, for ever",
            "acceptor 3 is down, and its disk is damaged: bit 5 of a byte flips",
            "acceptor 3 refuses to start: '0000000000000001.log' is damaged at byte 0",
        ] {
            let count = lines.count { $0.contains(told) }
            #expect(count == 1, "\(told): \(lines.joined(separator: "\n"))")
        }
    }
}

extension NodeSet {
    fileprivate init(of nodes: [NodeID]) {
        self.init()
        for node in nodes { insert(node) }
    }
}
