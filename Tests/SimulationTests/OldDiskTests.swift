import ConsensusCore
import Simulation
import Testing

/// Parcel k arrives at 10(k+1)+1 ms and is recorded at once.
@Suite("Older copies of disks")
struct OldDiskTests {
    /// Host 1's disk is copied at 25 ms and put back at 55 ms, for 10 ms later.
    private func plan(copied: Int64 = 25, at time: Int64 = 55) -> Plan {
        var plan = calmPlan()
        plan.scheduled = [
            .oldDisk(
                1, copied: milliseconds(copied), at: milliseconds(time),
                comebackAfter: .milliseconds(10))
        ]
        return plan
    }

    @Test("a host comes back with what was on its disk when it was copied")
    func rollsBack() {
        var world = courierWorld()
        let report = world.run(plan())
        #expect(report.statistics.oldDisks == 1 && report.outcome == .completed)
        #expect(world.observer.crashes.map(\.time) == [milliseconds(55)])
        #expect(
            world.observer.rollbacks == [
                .init(node: 1, value: [0, 1], time: milliseconds(55))
            ])
        #expect(world.observer.recovered(1) == [[0, 1]])
        #expect(world.observer.restarts.map(\.value) == [.kept])
        #expect(world.observer.receiptsSent(by: 1) == [0, 1, 2, 3, 4, 6, 7, 8, 9])
    }

    @Test("so does one that is down already, at the time that was its own")
    func whileDown() {
        var plan = plan()
        plan.scheduled.append(
            .crash(
                1, at: milliseconds(45), tail: .kept,
                comeback: .withDisk(after: .milliseconds(40))))
        var world = courierWorld()
        _ = world.run(plan)
        #expect(world.observer.crashes.count == 1)
        #expect(world.observer.restarts.map(\.time) == [milliseconds(85)])
        #expect(world.observer.recovered(1) == [[0, 1]])
    }

    @Test("the copy has what was durable then, and a checkpoint counts as what it is")
    func contents() {
        var slow = plan(copied: 29)
        slow.scheduled.append(
            .slowDisk(1, at: milliseconds(0), length: .seconds(1), delay: .milliseconds(15)))
        var world = courierWorld()
        _ = world.run(slow)
        #expect(world.observer.recovered(1) == [[0]])
        var checkpointing = courierWorld(recordLimit: 3)
        _ = checkpointing.run(plan(copied: 45))
        #expect(checkpointing.observer.recovered(1) == [[2, 3]])
    }

    @Test(
        "nothing happens without leave, without a difference or without anything to copy",
        arguments: [(25, 55, false), (42, 45, true), (5, 55, true)] as [(Int64, Int64, Bool)])
    func nothing(copied: Int64, time: Int64, isAllowed: Bool) {
        var world = courierWorld(setUp: { if !isAllowed { $0.replaceable = [2] } })
        let report = world.run(plan(copied: copied, at: time))
        #expect(report.statistics.oldDisks == 0 && world.observer.crashes.isEmpty)
        #expect(world.observer.receiptsSent(by: 1) == Array(0..<10))
    }

    @Test("a host may refuse what it is given in its disk's place, and then stays down")
    func refuses() {
        var world = World<Ledger>(
            makeAutomaton: { plan, node, life, seed in
                var courier = Courier(node: node, hosts: plan.hostCount, parcels: 10, seed: seed)
                if node == 1 && life == 1 { courier.unacceptable = 1 }
                return courier
            },
            makeObserver: { _ in Ledger() })
        let report = world.run(plan())
        #expect(report.outcome == .completed && report.statistics.refusedStarts == 1)
        #expect(world.observer.receiptsSent(by: 1) == [0, 1, 2, 3, 4])
    }

    @Test("the choice of the healthy is told")
    func conditions() {
        var world = courierWorld(
            choose: { hosts in
                #expect(hosts.map(\.hadOldDisk) == [false, true, false])
                #expect(!hosts[1].isGone && !hosts[1].isAmnesiac)
                return nil
            })
        var plan = plan()
        plan.livenessBound = .seconds(1)
        #expect(plan.scheduled[0].losesForGood == 1)
        #expect(world.run(plan).outcome == .beyondHealing)
    }
}

@Suite("New beginnings beside what is left of old ones")
struct NewBeginningTests {
    /// All but the sender begin anew at 35 ms, host 1 with an empty disk.
    private func plan(seed: UInt64 = 1) -> Plan {
        var plan = Plan(seed: seed, shape: [3], safetyTime: .seconds(1), livenessBound: .zero)
        plan.scheduled = [
            .newBeginning(wiped: [1], kept: [2], at: milliseconds(35), within: .milliseconds(20))
        ]
        return plan
    }

    @Test("some come back with empty disks, the others with theirs")
    func begins() {
        var world = courierWorld()
        let report = world.run(plan())
        #expect(report.statistics.newBeginnings == 1 && report.statistics.amnesiacs == 1)
        #expect(world.observer.crashes.map(\.time) == [milliseconds(35), milliseconds(35)])
        #expect(world.observer.beginnings.map(\.wiped) == [[1]])
        #expect(world.observer.beginnings.map(\.kept) == [[2]])
        for restart in world.observer.restarts {
            #expect(restart.value == (restart.node == 1 ? .wiped : .kept))
            #expect(restart.time > milliseconds(35) && restart.time <= milliseconds(55))
        }
        #expect(world.observer.recovered(1).isEmpty && world.observer.recovered(2) == [[0, 1, 2]])
    }

    @Test("in an order that the seed draws")
    func order() {
        var first: Set<UInt32> = []
        for seed in 1...20 as ClosedRange<UInt64> {
            var world = courierWorld()
            _ = world.run(plan(seed: seed))
            #expect(world.observer.restarts.count == 2)
            first.insert(world.observer.restarts[0].node.rawValue)
        }
        #expect(first == [1, 2])
    }

    @Test("who is down already comes back when it was to, emptied or not")
    func whileDown() {
        var plan = plan()
        plan.scheduled.append(
            .crash(
                1, at: milliseconds(25), tail: .kept,
                comeback: .withDisk(after: .milliseconds(60))))
        var world = courierWorld()
        _ = world.run(plan)
        #expect(world.observer.restarts.filter { $0.node == 1 }.map(\.value) == [.wiped])
        #expect(world.observer.restarts.contains { $0.time == milliseconds(85) })
    }

    @Test("without leave nothing happens at all")
    func forbidden() {
        var world = courierWorld(setUp: { $0.replaceable = [2] })
        #expect(world.run(plan()).statistics.newBeginnings == 0)
        #expect(world.observer.crashes.isEmpty)
    }

    @Test("whoever begins anew is no amnesiac: all know that it was emptied")
    func conditions() {
        var world = courierWorld(
            choose: { hosts in
                #expect(hosts.map(\.beganAnew) == [false, true, false])
                #expect(hosts.map(\.isAmnesiac) == [false, false, false])
                return nil
            })
        var plan = plan()
        plan.livenessBound = .seconds(1)
        #expect(world.run(plan).outcome == .beyondHealing)
    }
}
