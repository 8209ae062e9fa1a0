import ConsensusCore
import Simulation
import Testing

@Suite("Faults of the network")
struct NetworkFaultTests {
    @Test("a calm network delivers everything once, in order, after its delay")
    func calm() {
        var world = courierWorld()
        let report = world.run(calmPlan())
        #expect(report.outcome == .completed)
        #expect(world.observer.parcels(of: 1) == Array(0..<10))
        #expect(world.observer.parcels(of: 2) == Array(0..<10))
        #expect(world.observer.arrivals(at: 1) == (0..<10).map { 10 * ($0 + 1) + 1 })
        #expect(report.statistics.delivered == 40)
        #expect(report.statistics.faultCount == 0)
    }

    @Test("a network that loses everything delivers nothing")
    func loss() {
        var plan = calmPlan()
        plan.mix.lossPerMillion = 1_000_000
        var world = courierWorld()
        let report = world.run(plan)
        #expect(world.observer.received.isEmpty)
        #expect(report.statistics.lost == 20)
    }

    @Test("a network that loses three in ten loses about so many")
    func someLoss() {
        var plan = calmPlan()
        plan.mix.lossPerMillion = 300_000
        plan.safetyTime = .seconds(30)
        var world = courierWorld(parcels: 2_000)
        let report = world.run(plan)
        let share = report.statistics.lost * 1_000 / report.statistics.sent
        #expect((270...330).contains(share))
    }

    @Test("a network that duplicates everything delivers everything twice")
    func duplication() {
        var plan = calmPlan(hosts: 2)
        plan.mix.duplicationPerMillion = 1_000_000
        var world = courierWorld()
        let report = world.run(plan)
        #expect(world.observer.parcels(of: 1) == (0..<10).flatMap { [$0, $0] })
        #expect(report.statistics.duplicated == 10 + 20)
    }

    @Test("jitter lets datagrams overtake each other and loses none")
    func reordering() {
        var plan = calmPlan()
        plan.mix.jitter = .milliseconds(100)
        var world = courierWorld()
        _ = world.run(plan)
        let parcels = world.observer.parcels(of: 1)
        #expect(parcels != Array(0..<10))
        #expect(parcels.sorted() == Array(0..<10))
    }

    @Test("spikes delay and lose nothing")
    func spikes() {
        var plan = calmPlan()
        plan.mix.spikesPerMillion = 500_000
        plan.mix.spike = .milliseconds(500)
        var world = courierWorld()
        let report = world.run(plan)
        #expect(report.statistics.spiked > 5)
        #expect(world.observer.parcels(of: 1).sorted() == Array(0..<10))
        #expect(world.observer.arrivals(at: 1).max() ?? 0 > 150)
    }

    @Test("damaged datagrams are all refused, of every kind of damage")
    func corruption() {
        var plan = calmPlan()
        plan.safetyTime = .seconds(20)
        plan.mix.corruptionPerMillion = 1_000_000
        var world = courierWorld(parcels: 500)
        world.options = [.checksInvariants, .traces]
        let report = world.run(plan)
        #expect(world.observer.received.isEmpty)
        #expect(report.statistics.corrupted == 1_000)
        #expect(report.statistics.rejected == 1_000)
        let kinds = Set(world.trace.filter { $0.action == .corrupts }.map(\.text))
        #expect(
            kinds == [
                "truncated", "truncated, checksum right", "bit-flipped", "oversized",
                "of another cluster",
            ])
    }

    @Test("a one-way partition silences one direction while it lasts")
    func oneWay() {
        var plan = calmPlan()
        plan.scheduled = [
            .partition(.oneWay(from: [1]), at: milliseconds(35), length: .milliseconds(30))
        ]
        var world = courierWorld()
        let report = world.run(plan)
        #expect(world.observer.parcels(of: 1) == Array(0..<10))
        let receipts = world.observer.outputs.compactMap { entry -> UInt64? in
            if case .receipt(let number, from: 1) = entry.value { number } else { nil }
        }
        #expect(receipts == [0, 1, 2, 6, 7, 8, 9])
        #expect(report.statistics.partitioned == 3)
    }

    @Test("a split silences both directions, and a bridge still hears both sides")
    func splitAndBridge() {
        let split = Partition.split([0, 1])
        #expect(split.blocks(from: 0, to: 2) && split.blocks(from: 2, to: 0))
        #expect(!split.blocks(from: 0, to: 1) && !split.blocks(from: 2, to: 3))
        let bridge = Partition.bridge([0, 1], over: 2)
        #expect(bridge.blocks(from: 0, to: 3) && bridge.blocks(from: 3, to: 1))
        #expect(!bridge.blocks(from: 0, to: 2) && !bridge.blocks(from: 2, to: 3))

        var plan = calmPlan()
        plan.scheduled = [
            .partition(.split([2]), at: milliseconds(0), length: .milliseconds(55))
        ]
        var world = courierWorld()
        _ = world.run(plan)
        #expect(world.observer.parcels(of: 1) == Array(0..<10))
        #expect(world.observer.parcels(of: 2) == Array(5..<10))
    }

    @Test("a clogged link holds everything back and then delivers it in order")
    func clog() {
        var plan = calmPlan()
        plan.scheduled = [
            .clog(from: 0, to: 1, at: milliseconds(25), length: .milliseconds(30))
        ]
        var world = courierWorld()
        let report = world.run(plan)
        #expect(world.observer.parcels(of: 1) == Array(0..<10))
        #expect(world.observer.arrivals(at: 1) == [11, 21, 55, 55, 55, 61, 71, 81, 91, 101])
        #expect(world.observer.arrivals(at: 2) == (0..<10).map { 10 * ($0 + 1) + 1 })
        #expect(report.statistics.clogged == 3)
    }

    @Test("one delivery dropped, or spared, leaves all other decisions what they were")
    func independence() throws {
        var plan = calmPlan()
        plan.mix.lossPerMillion = 200_000
        plan.mix.duplicationPerMillion = 200_000
        plan.mix.jitter = .milliseconds(30)
        plan.mix.spikesPerMillion = 100_000
        plan.mix.spike = .milliseconds(90)
        plan.mix.corruptionPerMillion = 100_000
        var world = courierWorld(parcels: 50)
        world.options = [.logsDeliveries]
        _ = world.run(plan)
        let before = world.deliveries
        let arrivals = world.observer.received

        // A receipt asks for nothing further, so no host behaves differently without it.
        let dropped = try #require(
            before.first { $0.key.sender == 1 && $0.faults.isEmpty })
        plan.drops = [dropped.key]
        let report = world.run(plan)
        #expect(report.statistics.dropped == 1)
        #expect(world.deliveries == before.filter { $0.key != dropped.key })
        #expect(world.observer.received.count == arrivals.count - 1)
        #expect(Set(world.observer.received).isSubset(of: Set(arrivals)))

        let spared = try #require(
            before.first { $0.key.sender == 1 && $0.faults == .loss })
        plan.drops = []
        plan.spared = [spared.key]
        _ = world.run(plan)
        #expect(world.observer.received.count == arrivals.count + 1)
        #expect(Set(arrivals).isSubset(of: Set(world.observer.received)))
        #expect(
            world.deliveries.filter { $0.key != spared.key }
                == before.filter { $0.key != spared.key })
    }
}
