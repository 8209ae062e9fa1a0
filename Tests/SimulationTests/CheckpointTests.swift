import ConsensusCore
import Simulation
import Testing

@Suite("Checkpoints of a host's records")
struct CheckpointTests {
    @Test("take the place of all records before; what is recorded later follows them")
    func replaces() {
        var plan = calmPlan(hosts: 2)
        plan.scheduled = [
            .crash(
                1, at: milliseconds(85), tail: .kept,
                comeback: .withDisk(after: .milliseconds(1)))
        ]
        var world = courierWorld(recordLimit: 3)
        let report = world.run(plan)
        #expect(
            world.observer.checkpoints == [
                .init(node: 1, value: [2], time: milliseconds(31)),
                .init(node: 1, value: [5], time: milliseconds(61)),
            ])
        #expect(world.observer.recovered(1) == [[5, 6, 7]])
        #expect(report.statistics.checkpoints == 2)
        #expect(world.observer.receiptsSent(by: 1) == Array(0..<10))
    }

    @Test(
        "a crash there leaves all of the new or all of the old, and nothing is sent again",
        arguments: [
            (TailFate.kept, [2] as [UInt64]), (.lost, [0, 1, 2]),
            (.torn(perThousand: 999), [0, 1, 2]),
        ])
    func crash(fate: TailFate, recovered: [UInt64]) {
        var plan = calmPlan(hosts: 2)
        plan.scheduled = [
            .crashAtPersist(1, point: 4, tail: fate, comeback: .withDisk(after: .milliseconds(1)))
        ]
        var world = courierWorld(recordLimit: 3)
        let report = world.run(plan)
        #expect(report.statistics.persistCrashes == 1)
        #expect(report.statistics.lostTails == 0)
        #expect(world.observer.crashes.map(\.time) == [milliseconds(31)])
        #expect(world.observer.recovered(1) == [recovered])
        #expect(world.observer.receiptsSent(by: 1) == Array(0..<10))
        #expect(world.observer.checkpoints.first?.value == (fate == .kept ? [2] : [5]))
    }

    @Test(
        "the write after a checkpoint is the next persist point, and its loss leaves the checkpoint"
    )
    func nextPoint() {
        var plan = calmPlan(hosts: 2)
        plan.scheduled = [
            .crashAtPersist(1, point: 5, tail: .lost, comeback: .withDisk(after: .milliseconds(1)))
        ]
        var world = courierWorld(recordLimit: 3)
        _ = world.run(plan)
        #expect(world.observer.recovered(1) == [[2]])
        #expect(!world.observer.recordsOf(1).contains(3))
    }

    @Test("wait until a slow disk has finished with all records")
    func slowDisk() {
        var plan = calmPlan(hosts: 2)
        plan.scheduled = [
            .slowDisk(
                1, at: milliseconds(0), length: .milliseconds(55), delay: .milliseconds(15))
        ]
        var world = courierWorld(recordLimit: 3)
        _ = world.run(plan)
        // The last slow write begins at 51 ms; a later one would be done at once, but follows it.
        #expect(
            world.observer.checkpoints == [
                .init(node: 1, value: [5], time: milliseconds(66)),
                .init(node: 1, value: [8], time: milliseconds(91)),
            ])
    }
}
