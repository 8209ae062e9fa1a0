import ConsensusCore
import Simulation
import Testing

@Suite("Power that goes everywhere at once")
struct PowerCutTests {
    /// At 35 ms, when parcels 0 to 2 are written and not synced on hosts 1 and 2.
    private func plan(seed: UInt64) -> Plan {
        var plan = Plan(seed: seed, shape: [3], safetyTime: .seconds(1), livenessBound: .zero)
        plan.scheduled = [
            .slowDisk(1, at: milliseconds(0), length: .milliseconds(40), delay: .milliseconds(50)),
            .slowDisk(2, at: milliseconds(0), length: .milliseconds(40), delay: .milliseconds(50)),
            .powerCut([0, 1, 2], at: milliseconds(35), within: .milliseconds(30)),
        ]
        return plan
    }

    @Test("all stop in the same instant, and come back each in its own time")
    func stops() {
        var world = courierWorld()
        let report = world.run(plan(seed: 1))
        #expect(report.statistics.powerCuts == 1 && report.statistics.crashes == 3)
        #expect(world.observer.crashes.map(\.node) == [0, 1, 2])
        #expect(world.observer.crashes.allSatisfy { $0.time == milliseconds(35) })
        #expect(Set(world.observer.restarts.map(\.time)).count == 3)
        #expect(
            world.observer.restarts.allSatisfy {
                $0.time > milliseconds(35) && $0.time <= milliseconds(65) && $0.value == .kept
            })
    }

    @Test("each one's unsynced writes are kept, lost or torn by themselves, and none was answered")
    func tails() {
        var found: Set<[Int]> = []
        for seed in 1...200 as ClosedRange<UInt64> {
            var world = courierWorld(parcels: 3)
            _ = world.run(plan(seed: seed))
            let counts = [1, 2].map { node in
                world.observer.recovered(node).first?.count ?? 0
            }
            for node in [1, 2] as [NodeID] {
                let records = world.observer.recovered(node).first ?? []
                #expect(records == Array(0..<UInt64(records.count)))
                let early = world.observer.sent.filter {
                    $0.node == node && $0.time <= milliseconds(35)
                }
                #expect(early.isEmpty)
            }
            found.insert(counts)
        }
        // A third of the bytes of three writes may be torn anywhere.
        for count in 0...3 { #expect(found.contains { $0[0] == count }) }
        #expect(found.contains([0, 3]) && found.contains([3, 0]) && found.contains([3, 3]))
    }

    @Test("who is not among them goes on, and who is down stays so")
    func others() {
        var plan = calmPlan()
        plan.scheduled = [
            .powerCut([1], at: milliseconds(35), within: .milliseconds(1)),
            .crash(1, at: milliseconds(25), tail: .kept, comeback: .never),
        ]
        var world = courierWorld()
        let report = world.run(plan)
        #expect(report.statistics.crashes == 1 && world.observer.restarts.isEmpty)
        #expect(world.observer.receiptsSent(by: 2) == Array(0..<10))
    }
}

@Suite("Synchronizations that fail")
struct SyncErrorTests {
    private func plan(
        _ tail: TailFate, at time: Int64 = 25, _ more: ScheduledFault...
    ) -> Plan {
        var plan = calmPlan()
        plan.scheduled =
            [
                .syncError(
                    1, at: milliseconds(time), tail: tail, comebackAfter: .milliseconds(15))
            ] + more
        return plan
    }

    @Test(
        "the host ends unsent at its next write, which is on the disk, or not, or in part",
        arguments: [
            (TailFate.kept, [0, 1, 2] as [UInt64]), (.lost, [0, 1]),
            (.torn(perThousand: 999), [0, 1]),
        ])
    func ends(tail: TailFate, recovered: [UInt64]) {
        var world = courierWorld()
        let report = world.run(plan(tail))
        #expect(report.statistics.failedSyncs == 1)
        #expect(world.observer.crashes.map(\.time) == [milliseconds(31)])
        #expect(world.observer.recovered(1) == [recovered])
        #expect(world.observer.receiptsSent(by: 1) == [0, 1, 4, 5, 6, 7, 8, 9])
    }

    @Test("with a slow disk it ends when it hears of it, with all that was written meanwhile")
    func slow() {
        var world = courierWorld()
        _ = world.run(
            plan(
                .lost, at: 25,
                .slowDisk(
                    1, at: milliseconds(15), length: .milliseconds(30), delay: .milliseconds(12))))
        // Parcel 1 was to be durable at 33 ms; parcel 2 came at 31.
        #expect(world.observer.crashes.map(\.time) == [milliseconds(33)])
        #expect(world.observer.recovered(1) == [[0]])
        #expect(world.observer.receiptsSent(by: 1) == [0, 4, 5, 6, 7, 8, 9])
    }

    @Test("with a hung one it ends once that is done")
    func hung() {
        var world = courierWorld()
        let report = world.run(
            plan(
                .kept, at: 5,
                .hungDisk(
                    1, at: milliseconds(0), length: .milliseconds(15), longest: .milliseconds(9),
                    buffer: 9)))
        #expect(report.statistics.hungWrites == 1 && report.statistics.failedSyncs == 1)
        #expect(world.observer.recovered(1) == [[0]])
        #expect(!world.observer.receiptsSent(by: 1).contains(0))
    }

    @Test(
        "a checkpoint that fails leaves all of the new or all of the old",
        arguments: [(TailFate.kept, [2] as [UInt64]), (.lost, [0, 1, 2])])
    func checkpoint(tail: TailFate, recovered: [UInt64]) {
        var world = courierWorld(
            inputs: [
                ScheduledInput(time: milliseconds(36), node: 1, input: Courier.checkpointInput)
            ])
        let report = world.run(plan(tail, at: 35))
        #expect(report.statistics.failedSyncs == 1)
        #expect(world.observer.crashes.map(\.time) == [milliseconds(36)])
        #expect(world.observer.recovered(1) == [recovered])
    }

    @Test("the healthy have disks that are well")
    func heals() {
        var plan = Plan(
            seed: 5, shape: [3], safetyTime: .milliseconds(26),
            livenessBound: .milliseconds(100))
        plan.scheduled = [
            .syncError(1, at: milliseconds(25), tail: .lost, comebackAfter: .seconds(1))
        ]
        var world = courierWorld(parcels: 100, awaited: 5)
        #expect(world.run(plan).statistics.failedSyncs == 0)
    }
}
