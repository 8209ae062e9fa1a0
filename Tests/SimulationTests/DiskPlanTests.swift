import ConsensusCore
import Simulation
import Testing

@Suite("Plans with faults of disks")
struct DiskPlanTests {
    private static let lasting: [ScheduledFault] = [
        .fullDisk(1, at: milliseconds(5), length: Plan.maximumTime, room: 0, comeback: .never),
        .hungDisk(1, at: milliseconds(5), length: .seconds(1), longest: nil, buffer: 9),
        .bitRot(
            1, at: milliseconds(35), damage: DiskDamage(.lostBlock(9), place: 0),
            comeback: .withDisk(after: .milliseconds(20))),
    ]

    @Test("what lasts leaves a host that cannot be healed", arguments: lasting)
    func lasts(fault: ScheduledFault) {
        var world = courierWorld(
            choose: { hosts in
                #expect(hosts.map(\.isGone) == [false, true, false])
                return nil
            })
        var plan = calmPlan()
        plan.livenessBound = .seconds(1)
        plan.scheduled = [fault]
        #expect(fault.losesForGood == 1)
        #expect(world.run(plan).outcome == .beyondHealing)
    }

    @Test(
        "the healthy get their disks back, the rest keep theirs as they are",
        arguments: [
            .fullDisk(
                1, at: milliseconds(15), length: .seconds(9), room: 0,
                comeback: .withDisk(after: .seconds(9))),
            .hungDisk(
                1, at: milliseconds(15), length: .seconds(9), longest: .seconds(900), buffer: 99),
        ] as [ScheduledFault])
    func heals(fault: ScheduledFault) {
        var plan = Plan(
            seed: 5, shape: [3], safetyTime: .milliseconds(100),
            livenessBound: .milliseconds(100))
        plan.scheduled = [fault]
        #expect(fault.losesForGood == nil)
        var healed = courierWorld(parcels: 100, awaited: 5, healthy: [0, 1])
        #expect(healed.run(plan).outcome == .completed)
        var broken = courierWorld(parcels: 100, awaited: 5, healthy: [0, 2])
        #expect(broken.run(plan).outcome == .completed)
        #expect(broken.observer.receiptsSent(by: 1) == [0])
    }

    @Test("they are drawn for hosts that keep records alone, and few of them last")
    func drawn() {
        var limits = Plan.Limits(faults: .ofDisks)
        limits.storing = [1, 2]
        limits.permanentCrashes = 2
        var kinds: FaultSet = []
        var lasting: Set<Int> = []
        for seed in 0..<300 as Range<UInt64> {
            let faults = Plan(drawing: seed, shape: [4], within: limits).scheduled
            for fault in faults {
                kinds.formUnion(fault.kind)
                switch fault {
                case .fullDisk(let node, _, _, _, _), .hungDisk(let node, _, _, _, _),
                    .bitRot(let node, _, _, _):
                    #expect(node == 1 || node == 2)
                default: Issue.record("\(fault) was not asked for")
                }
            }
            lasting.insert(faults.count { $0.losesForGood != nil })
        }
        #expect(kinds == .ofDisks)
        #expect(lasting == [0, 1, 2])
    }

    @Test("a shrinker takes them out one by one, by kind, or with their host", arguments: lasting)
    func shrinks(fault: ScheduledFault) {
        var plan = calmPlan()
        plan.scheduled = [
            .hungDisk(2, at: milliseconds(5), length: .seconds(1), longest: nil, buffer: 9), fault,
        ]
        #expect(plan.removing(fault.kind).scheduled.allSatisfy { $0.kind != fault.kind })
        #expect(plan.removing(.loss).scheduled == plan.scheduled)
        #expect(plan.removingHost(1).scheduled.map(\.losesForGood) == [1])
        #expect(plan.removingHost(0).scheduled.map(\.losesForGood) == [1, 0])
        #expect(plan.removingHost(2).scheduled == [fault])
    }
}
