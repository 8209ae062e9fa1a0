import ConsensusCore
import Simulation
import Testing

@Suite("One plan, one run")
struct DeterminismTests {
    private func plan(_ seed: UInt64) -> Plan {
        var limits = Plan.Limits(faults: .all)
        limits.safetyTime = .milliseconds(500)
        limits.livenessBound = .seconds(1)
        return Plan(drawing: seed, shape: [1, 4], within: limits)
    }

    @Test("the same seed draws the same plan, and others draw others")
    func plans() {
        #expect(plan(3) == plan(3))
        #expect(Set((0..<100).map { plan($0) }).count == 100)
    }

    @Test("the same plan gives the same trace and digest", arguments: 0..<40 as Range<UInt64>)
    func traces(seed: UInt64) {
        var first = courierWorld(parcels: 40)
        first.options = [.checksInvariants, .traces]
        let report = first.run(plan(seed))

        var second = courierWorld(parcels: 40)
        second.options = [.checksInvariants, .traces]
        _ = second.run(plan(seed &+ 1))
        let again = second.run(plan(seed))

        #expect(again == report)
        #expect(second.trace.render() == first.trace.render())

        second.options = []
        #expect(second.run(plan(seed)).digest == report.digest)
    }

    @Test("different seeds give different digests")
    func digests() {
        var world = courierWorld(parcels: 40)
        #expect(Set((0..<200).map { world.run(plan($0)).digest }).count == 200)
    }

    /// Digests written down once; every build, debug or release, on every machine, must give them.
    @Test(
        "the digests are the same in every build and on every machine",
        arguments: [
            (1, 18_266_731_086_089_459_110), (2, 6_829_201_481_034_196_887),
            (3, 12_275_273_459_549_582_672), (4, 12_977_575_508_116_933_047),
        ] as [(UInt64, UInt64)])
    func golden(seed: UInt64, digest: UInt64) {
        var world = courierWorld(parcels: 40)
        #expect(world.run(plan(seed)).digest == digest)
    }

    @Test("drawn plans use every kind of fault, and inject it")
    func swarm() {
        var kinds: FaultSet = []
        var total = RunStatistics()
        var world = courierWorld(parcels: 40)
        for seed in 0..<300 as Range<UInt64> {
            let plan = plan(seed)
            kinds.formUnion(plan.mix.kinds)
            for fault in plan.scheduled { kinds.formUnion(fault.kind) }
            total.add(world.run(plan).statistics)
        }
        #expect(kinds == .all)
        for fault in total.faults {
            #expect(fault.count > 0, "\(fault.name) never happened")
        }
    }

    @Test("a plan without faults has none")
    func calm() {
        for seed in 0..<50 as Range<UInt64> {
            let plan = Plan(drawing: seed, shape: [5], within: Plan.Limits(faults: []))
            #expect(plan.mix.kinds.isEmpty && plan.scheduled.isEmpty)
            #expect(plan.mix.lossPerMillion == 0)
        }
    }

    @Test("amnesia is not drawn unless it is allowed")
    func noAmnesia() {
        for seed in 0..<200 as Range<UInt64> {
            let plan = Plan(drawing: seed, shape: [5], within: Plan.Limits())
            #expect(!plan.scheduled.contains { $0.kind == .amnesia })
        }
    }
}
