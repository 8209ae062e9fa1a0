import ConsensusCore
import Simulation
import Testing

@Suite("Faults of hosts, disks and clocks")
struct HostFaultTests {
    @Test("a paused host takes what waited for it when it resumes")
    func pause() {
        var plan = calmPlan()
        plan.scheduled = [.pause(1, at: milliseconds(25), length: .milliseconds(30))]
        var world = courierWorld()
        _ = world.run(plan)
        #expect(world.observer.parcels(of: 1) == Array(0..<10))
        #expect(world.observer.arrivals(at: 1) == [11, 21, 55, 55, 55, 61, 71, 81, 91, 101])
    }

    @Test("a paused host's own deadline waits too")
    func pausedWake() {
        var plan = calmPlan()
        plan.scheduled = [.pause(0, at: milliseconds(25), length: .milliseconds(30))]
        var world = courierWorld(parcels: 4)
        _ = world.run(plan)
        let parcels = world.observer.arrivals(at: 1)
        #expect(parcels == [11, 21, 56, 66])
    }

    @Test("a crashed host is silent for good")
    func crash() {
        var plan = calmPlan()
        plan.scheduled = [
            .crash(1, at: milliseconds(25), tail: .kept, comeback: .never)
        ]
        var world = courierWorld()
        let report = world.run(plan)
        #expect(world.observer.parcels(of: 1) == [0, 1])
        #expect(report.statistics.unheard == 8)
        #expect(world.observer.crashes.map(\.node) == [1])
        #expect(world.observer.restarts.isEmpty)
    }

    @Test("a host that restarts replays its records in order")
    func restart() {
        var plan = calmPlan()
        plan.scheduled = [
            .crash(
                1, at: milliseconds(35), tail: .kept,
                comeback: .withDisk(after: .milliseconds(20)))
        ]
        var world = courierWorld()
        let report = world.run(plan)
        #expect(world.observer.parcels(of: 1) == [0, 1, 2, 5, 6, 7, 8, 9])
        #expect(world.observer.recovered(1) == [[0, 1, 2]])
        #expect(world.observer.restarts.map(\.value) == [.kept])
        #expect(report.statistics.restarts == 1)
    }

    @Test("a host that restarts without its disk remembers nothing")
    func amnesia() {
        var plan = calmPlan()
        plan.scheduled = [
            .crash(
                1, at: milliseconds(35), tail: .kept,
                comeback: .withoutDisk(after: .milliseconds(20)))
        ]
        var world = courierWorld()
        let report = world.run(plan)
        #expect(world.observer.recovered(1).isEmpty)
        #expect(world.observer.restarts.map(\.value) == [.wiped])
        #expect(report.statistics.amnesiacs == 1)
    }

    @Test(
        "a crash at a persist point sends nothing; the record is there or not, as its fate says",
        arguments: [
            (TailFate.kept, [[0, 1, 2] as [UInt64]]), (.lost, [[0, 1]]),
            (.torn(perThousand: 900), [[0, 1]]),
        ])
    func crashAtPersist(fate: TailFate, recovered: [[UInt64]]) {
        var plan = calmPlan()
        plan.scheduled = [
            .crashAtPersist(
                1, point: 3, tail: fate, comeback: .withDisk(after: .milliseconds(1)))
        ]
        var world = courierWorld()
        let report = world.run(plan)
        #expect(report.statistics.persistCrashes == 1)
        #expect(report.statistics.lostTails == (fate == .kept ? 0 : 1))
        #expect(!world.observer.receiptsSent(by: 1).contains(2))
        #expect(world.observer.recovered(1) == recovered)
        #expect(world.observer.recordsOf(1).contains(2) == (fate == .kept))
        #expect(world.observer.receiptsSent(by: 1) == [0, 1, 3, 4, 5, 6, 7, 8, 9])
    }

    @Test("records written after a torn tail are found again")
    func writesAfterTornTail() {
        var plan = calmPlan()
        plan.scheduled = [
            .crashAtPersist(
                1, point: 3, tail: .torn(perThousand: 700),
                comeback: .withDisk(after: .milliseconds(1))),
            .crash(
                1, at: milliseconds(65), tail: .kept,
                comeback: .withDisk(after: .milliseconds(1))),
        ]
        var world = courierWorld()
        _ = world.run(plan)
        #expect(world.observer.recovered(1) == [[0, 1], [0, 1, 3, 4, 5]])
    }

    @Test("a slow disk holds sends and reports back while the host goes on")
    func slowDisk() {
        var plan = calmPlan()
        plan.scheduled = [
            .slowDisk(
                1, at: milliseconds(0), length: .seconds(1), delay: .milliseconds(25))
        ]
        var world = courierWorld()
        let report = world.run(plan)
        let observer = world.observer
        #expect(observer.arrivals(at: 1) == (0..<10).map { 10 * ($0 + 1) + 1 })
        let durable = observer.records.filter { $0.node == 1 }.map(\.time)
        #expect(durable == (0..<10).map { milliseconds(10 * ($0 + 1) + 26) })
        #expect(observer.sent.filter { $0.node == 1 }.map(\.time) == durable)
        #expect(report.statistics.slowWrites == 10)
    }

    @Test(
        "a crash takes what a slow disk had not finished",
        arguments: [(TailFate.lost, [0] as [UInt64]), (.kept, [0, 1, 2])])
    func crashDuringSlowWrite(fate: TailFate, recovered: [UInt64]) {
        var plan = calmPlan()
        plan.scheduled = [
            .slowDisk(
                1, at: milliseconds(0), length: .seconds(1), delay: .milliseconds(25)),
            .crash(
                1, at: milliseconds(40), tail: fate,
                comeback: .withDisk(after: .milliseconds(20))),
        ]
        var world = courierWorld()
        _ = world.run(plan)
        #expect(world.observer.recovered(1) == [recovered])
        #expect(world.observer.receiptsSent(by: 1) == [0, 5, 6, 7, 8, 9])
    }

    @Test("a host with the planted flaw answers before its record is durable")
    func answersBeforeDurable() {
        var plan = calmPlan()
        plan.scheduled = [
            .crashAtPersist(
                1, point: 3, tail: .lost, comeback: .withDisk(after: .milliseconds(1)))
        ]
        var world = courierWorld()
        world.flaws = .answersBeforeDurable
        _ = world.run(plan)
        #expect(world.observer.receiptsSent(by: 1).contains(2))
        #expect(world.observer.recovered(1) == [[0, 1]])
    }

    @Test("a host with the planted flaw replays a torn record")
    func trustsTornTail() {
        var plan = calmPlan(hosts: 2)
        plan.scheduled = [
            .crashAtPersist(
                1, point: 3, tail: .torn(perThousand: 600),
                comeback: .withDisk(after: .milliseconds(1)))
        ]
        var world = courierWorld()
        world.flaws = .trustsTornTail
        _ = world.run(plan)
        #expect(world.observer.recovered(1).first?.count == 3)
    }

    @Test("a host that starts late hears nothing before")
    func lateStart() {
        var plan = calmPlan()
        plan.scheduled = [.lateStart(1, at: milliseconds(35))]
        var world = courierWorld()
        _ = world.run(plan)
        #expect(world.observer.starts.map(\.node) == [0, 2, 1])
        #expect(world.observer.parcels(of: 1) == Array(3..<10))
    }

    @Test(
        "a clock that runs fast or slow shortens or stretches its host's deadlines",
        arguments: [250_000, 100_000, 1, -1, -200_000])
    func skew(rate: Int) {
        var plan = calmPlan(hosts: 2)
        plan.scheduled = [.clockRate(0, perMillion: rate)]
        var world = courierWorld(parcels: 3)
        _ = world.run(plan)
        let times = world.observer.sent.filter { $0.node == 0 }.map(\.time.nanoseconds)
        let exact = (1...3).map { 10_000_000 * $0 * 1_000_000 / (1_000_000 + rate) }
        #expect(times.count == 3)
        for (time, expected) in zip(times, exact) {
            #expect(abs(Int(time) - expected) <= 3)
        }
    }

    @Test("a clock that jumps brings its host's deadline forward")
    func jump() {
        var plan = calmPlan(hosts: 2)
        plan.scheduled = [.clockJump(0, at: milliseconds(12), by: .milliseconds(3))]
        var world = courierWorld(parcels: 3)
        let report = world.run(plan)
        #expect(world.observer.arrivals(at: 1) == [11, 18, 28])
        #expect(report.statistics.jumps == 1)
    }

    @Test("a request reaches its host, unless the host is down")
    func inputs() {
        var plan = calmPlan()
        plan.scheduled = [
            .crash(2, at: milliseconds(5), tail: .kept, comeback: .never)
        ]
        var world = courierWorld(inputs: [
            ScheduledInput(time: milliseconds(7), node: 1, input: 41),
            ScheduledInput(time: milliseconds(7), node: 2, input: 42),
        ])
        _ = world.run(plan)
        let asked = world.observer.outputs.compactMap { entry -> Int? in
            if case .asked(let number) = entry.value { number } else { nil }
        }
        #expect(asked == [41])
    }
}
