import ConsensusCore
import Simulation
import Testing

@Suite("Safety, then liveness")
struct PhaseTests {
    /// Hosts 1 to 3 are each broken in another way; parcels are sent all along.
    private func brokenPlan() -> Plan {
        var plan = Plan(
            seed: 5, shape: [4], safetyTime: .milliseconds(100),
            livenessBound: .milliseconds(100))
        plan.mix.lossPerMillion = 1_000_000
        plan.scheduled = [
            .crash(1, at: milliseconds(50), tail: .kept, comeback: .never),
            .partition(.split([2]), at: milliseconds(50), length: .seconds(9)),
            .pause(3, at: milliseconds(50), length: .milliseconds(60)),
        ]
        return plan
    }

    @Test("the healthy are healed of everything", arguments: 1...3 as ClosedRange<UInt32>)
    func heals(node: UInt32) {
        var world = courierWorld(
            parcels: 100, awaited: 5, healthy: [0, NodeID(node)])
        let report = world.run(brokenPlan())
        #expect(report.outcome == .completed)
        #expect(report.healthy == [0, NodeID(node)])
        #expect(world.observer.received.allSatisfy { $0.time >= milliseconds(100) })
    }

    @Test("the rest stays as broken as it was")
    func restStaysBroken() {
        var world = courierWorld(parcels: 100, awaited: 5, healthy: [0, 1])
        world.options = .traces
        _ = world.run(brokenPlan())
        #expect(world.observer.parcels(of: 2).isEmpty)
        #expect(world.observer.parcels(of: 3).isEmpty)
        #expect(!world.trace.contains { $0.action == .resumes })
        #expect(world.trace.contains { $0.action == .loses && $0.peer == 3 })
        #expect(world.trace.contains { $0.action == .partitions && $0.peer == 2 })
    }

    @Test("hosts that are not done within the bound are stuck")
    func stuck() {
        var world = courierWorld(parcels: 100, awaited: 50, healthy: [0, 1])
        let report = world.run(brokenPlan())
        #expect(report.outcome == .stuck)
        #expect(report.time <= milliseconds(200))
    }

    @Test("a run with nobody to heal says so")
    func beyondHealing() {
        var world = World<Ledger>(
            makeAutomaton: { plan, node, _, seed in
                Courier(node: node, hosts: plan.hostCount, parcels: 1, seed: seed)
            },
            makeObserver: { _ in Ledger() },
            chooseHealthy: { _, hosts, _ in
                hosts.contains { $0.isGone } ? nil : NodeSet(0..<hosts.count)
            })
        #expect(world.run(brokenPlan()).outcome == .beyondHealing)
    }

    @Test("a violation ends the run at once and is the last line of its trace")
    func violation() throws {
        var plan = calmPlan()
        plan.mix.duplicationPerMillion = 1_000_000
        var world = forbiddingWorld()
        world.options = .traces
        let report = world.run(plan)
        let expected = Violation(property: "once", explanation: "node 1 got parcel 0 twice")
        #expect(report.outcome == .violated(expected))
        #expect(report.time == milliseconds(11))
        #expect(
            world.trace.render().hasSuffix(
                "11.000000 ms  VIOLATION of once: node 1 got parcel 0 twice\n"))
    }
}

/// A world whose oracle takes a parcel got twice for a violation.
func forbiddingWorld() -> World<Ledger> {
    World(
        makeAutomaton: { plan, node, _, seed in
            Courier(node: node, hosts: plan.hostCount, parcels: 10, seed: seed)
        },
        makeObserver: { _ in
            var ledger = Ledger()
            ledger.isDuplicateForbidden = true
            return ledger
        })
}
