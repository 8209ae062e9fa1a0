import ConsensusCore
import Simulation
import Testing

@Suite("Time that computing takes")
struct ComputingTests {
    /// A host so slow that each event takes it at least 15 ms.
    private static let times = 7_500
    private static let step = ComputingCost.step * Int64(times)

    private func plan(_ node: NodeID, buffer: Int = 100, times: Int = times) -> Plan {
        var plan = calmPlan()
        plan.scheduled = [.slowMachine(node, times: times, buffer: buffer)]
        return plan
    }

    @Test("what arrives while a host computes waits, in order")
    func waits() {
        var world = courierWorld()
        let report = world.run(plan(1))
        #expect(world.observer.parcels(of: 1) == Array(0..<10))
        let times = world.observer.received.filter { $0.node == 1 }.map(\.time)
        for (earlier, later) in zip(times, times.dropFirst()) {
            // The bytes of parcel, receipt and record cost something, too.
            #expect(later - earlier > Interval(nanoseconds: ComputingTests.step))
            #expect(later - earlier < .milliseconds(20))
        }
        #expect(report.statistics.waits > 9)
        #expect(world.observer.arrivals(at: 2) == (0..<10).map { 10 * $0 + 11 })
    }

    @Test("there is room for so many datagrams, the rest is lost", arguments: [0, 2])
    func buffer(room: Int) {
        var world = courierWorld()
        let report = world.run(plan(1, buffer: room))
        let taken = world.observer.parcels(of: 1)
        #expect(report.statistics.overflowed == 10 - taken.count && taken.count < 10)
        #expect(taken.count > 4 && taken == taken.sorted())
    }

    @Test("its own deadlines wait too, and are kept however much arrives")
    func wakes() {
        var world = courierWorld(parcels: 5)
        _ = world.run(plan(0))
        let sent = world.observer.sent.filter { $0.node == 0 }.map(\.time)
        #expect(sent.count == 5)
        for (earlier, later) in zip(sent, sent.dropFirst()) {
            #expect(later - earlier > Interval(nanoseconds: ComputingTests.step))
            // One step for a receipt between two, since both wait all the time.
            #expect(later - earlier < Interval(nanoseconds: 3 * ComputingTests.step))
        }
    }

    @Test("a checkpoint is a stall by its bytes")
    func checkpoint() {
        var world = courierWorld(recordLimit: 3)
        let plan = plan(1, times: 1_000)
        _ = world.run(plan)
        // A frame of 16 bytes at 500 ns, a thousand times: 8 ms, and 2 ms for each step.
        let cost = ComputingCost.checkpointByte * 16 * 1_000
        let due = milliseconds(31) + Interval(nanoseconds: cost)
        let next = world.observer.received.filter { $0.node == 1 }[3].time
        #expect(next > due && next < due + .milliseconds(4))
    }

    @Test("a request waits for its turn as well, and a pause lasts besides")
    func inputs() {
        var world = courierWorld(inputs: [
            ScheduledInput(time: milliseconds(12), node: 1, input: 7)
        ])
        var paused = plan(1)
        paused.scheduled.append(.pause(1, at: milliseconds(13), length: .milliseconds(60)))
        _ = world.run(paused)
        let asked = world.observer.outputs.filter { $0.value == .asked(7) }.map(\.time)
        // It came while the host took the first parcel, which came while it started.
        let taken = world.observer.received.filter { $0.node == 1 }.map(\.time)
        #expect(taken[0] == milliseconds(73))
        #expect(asked.count == 1 && asked[0] > taken[0] && asked[0] < taken[1])
        #expect(world.observer.parcels(of: 1) == Array(0..<10))
    }

    @Test("a crash forgets what waited, and the next life begins at once")
    func crash() {
        var plan = plan(1)
        plan.scheduled.append(
            .crash(
                1, at: milliseconds(24), tail: .kept, comeback: .withDisk(after: .milliseconds(1))))
        var world = courierWorld()
        _ = world.run(plan)
        #expect(world.observer.restarts.map(\.time) == [milliseconds(25)])
        #expect(!world.observer.parcels(of: 1).contains(1))
        #expect(world.observer.parcels(of: 1).last == 9)
    }

    @Test("the healthy are fast, the rest stays slow")
    func heals() {
        var plan = Plan(
            seed: 5, shape: [3], safetyTime: .milliseconds(100),
            livenessBound: .milliseconds(300))
        plan.scheduled = [
            .slowMachine(1, times: 50_000, buffer: 10), .slowMachine(2, times: 50_000, buffer: 10),
        ]
        var world = courierWorld(parcels: 100, awaited: 20, healthy: [0, 1])
        #expect(world.run(plan).outcome == .completed)
        #expect(world.observer.parcels(of: 2).count < 5)
    }
}
