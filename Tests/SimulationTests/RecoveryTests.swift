import ConsensusCore
import Simulation
import Testing

@Suite("What was recorded is found again")
struct RecoveryTests {
    /// Host 1 crashes at 35 ms, having recorded parcels 0 to 2, and comes back.
    private func plan() -> Plan {
        var plan = calmPlan()
        plan.scheduled = [
            .crash(
                1, at: milliseconds(35), tail: .kept,
                comeback: .withDisk(after: .milliseconds(20)))
        ]
        return plan
    }

    private func world(unacceptable: UInt64?, unreadable: UInt64? = nil) -> World<Ledger> {
        World(
            makeAutomaton: { plan, node, _, seed in
                var courier = Courier(node: node, hosts: plan.hostCount, parcels: 10, seed: seed)
                courier.unacceptable = unacceptable
                courier.muddled = unreadable
                return courier
            },
            makeObserver: { _ in Ledger() })
    }

    @Test("a host whose automaton cannot take back what it recorded does not start: a violation")
    func refuses() {
        var world = world(unacceptable: 1)
        let report = world.run(plan())
        let expected = Violation(
            property: "what was recorded can be taken back",
            explanation: "node 1 does not start again: 1 cannot be taken back")
        #expect(report.outcome == .violated(expected))
        #expect(report.time == milliseconds(55))
        #expect(report.statistics.refusedStarts == 1)
        #expect(world.observer.recovered(1).isEmpty)
    }

    @Test("so it is if it could not start again once the run is over")
    func refusesInTheEnd() {
        var world = world(unacceptable: 9)
        let report = world.run(plan())
        let expected = Violation(
            property: "what was recorded can be taken back",
            explanation: "node 1 does not start again: 9 cannot be taken back")
        #expect(report.outcome == .violated(expected))
        #expect(world.observer.receiptsSent(by: 1).contains(9))
    }

    @Test("a record that reads as another than was written is found as it is written")
    func muddled() {
        var world = world(unacceptable: nil, unreadable: 4)
        let report = world.run(calmPlan())
        let expected = Violation(
            property: "records can be read back",
            explanation: "node 1 wrote a record that reads as another")
        #expect(report.outcome == .violated(expected))
        #expect(report.time == milliseconds(51))
    }

    @Test("a record that cannot be read is found as it is written")
    func unreadable() {
        var world = world(unacceptable: nil, unreadable: Courier.Record.unreadable)
        let report = world.run(calmPlan())
        let expected = Violation(
            property: "records can be read back",
            explanation: "node 1 wrote a record that does not decode to the end")
        #expect(report.outcome == .violated(expected))
        #expect(report.time == milliseconds(11))
    }

    @Test("so are those of a checkpoint")
    func checkpoint() {
        var world = World<Ledger>(
            makeAutomaton: { plan, node, _, seed in
                var courier = Courier(
                    node: node, hosts: plan.hostCount, parcels: 10, recordLimit: 3, seed: seed)
                courier.muddledCheckpoint = true
                return courier
            },
            makeObserver: { _ in Ledger() })
        let report = world.run(calmPlan())
        guard case .violated(let violation) = report.outcome else {
            Issue.record("\(report.outcome)")
            return
        }
        #expect(violation.property == "records can be read back")
        #expect(report.time == milliseconds(31))
    }
}
