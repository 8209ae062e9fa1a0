import ConsensusCore
import Simulation
import Testing

@Suite("Shrinker")
struct ShrinkerTests {
    private func attempt(_ plan: Plan) -> Shrinker.Attempt {
        var world = forbiddingWorld()
        world.options = .logsDeliveries
        if case .violated = world.run(plan).outcome {
            return Shrinker.Attempt(verdict: .failed, deliveries: world.deliveries)
        }
        return Shrinker.Attempt(verdict: .held, deliveries: [])
    }

    private func withoutOne(_ plan: Plan) -> [Plan] {
        guard plan.hostCount > 2 else { return [] }
        return (1..<plan.hostCount).map { plan.removingHost(NodeID(index: $0)) }
    }

    /// The first seeds, from one on, whose drawn plans duplicate a parcel.
    private func failing(_ count: Int) -> [Plan] {
        var result: [Plan] = []
        var seed: UInt64 = 0
        while result.count < count {
            var limits = Plan.Limits()
            limits.safetyTime = .milliseconds(500)
            // A sender that restarts sends its parcels again: another way to get one twice.
            limits.crashable = [1, 2, 3, 4]
            let plan = Plan(drawing: seed, shape: [1, 4], within: limits)
            if attempt(plan).verdict == .failed { result.append(plan) }
            seed += 1
        }
        return result
    }

    @Test("leaves two hosts, one fault, and one parcel with its duplicate")
    func minimal() {
        for plan in failing(8) {
            let result = Shrinker.shrink(plan, reductions: withoutOne, attempt: attempt)
            let left = attempt(result.plan)
            #expect(left.verdict == .failed)
            #expect(result.plan.hostCount == 2)
            #expect(result.plan.mix.kinds.subtracting(.duplication).isEmpty)
            #expect(result.plan.mix.lossPerMillion == 0)
            #expect(result.plan.scheduled.isEmpty)
            let arrived = left.deliveries
            #expect(arrived.count == 2)
            #expect(arrived.map(\.key.copy) == [0, 1])
            #expect(!result.isExhausted)
        }
    }

    @Test("shrinks the same plan to the same plan, in the same number of runs")
    func repeatable() throws {
        let plan = try #require(failing(1).first)
        let first = Shrinker.shrink(plan, reductions: withoutOne, attempt: attempt)
        let second = Shrinker.shrink(plan, reductions: withoutOne, attempt: attempt)
        #expect(first.plan == second.plan)
        #expect(first.runs == second.runs)
    }

    @Test("keeps the one scheduled fault that a failure needs")
    func schedule() {
        let needed = ScheduledFault.crash(
            2, at: milliseconds(35), tail: .kept, comeback: .never)
        var plan = calmPlan()
        plan.scheduled = [
            .pause(1, at: milliseconds(5), length: .milliseconds(5)),
            .clockJump(0, at: milliseconds(9), by: .milliseconds(1)), needed,
            .lateStart(1, at: milliseconds(3)),
        ]
        let result = Shrinker.shrink(plan) { plan in
            Shrinker.Attempt(
                verdict: plan.scheduled.contains(needed) ? .failed : .held, deliveries: [])
        }
        #expect(result.plan.scheduled == [needed])
    }

    @Test("stops at the limit of runs, and returns a plan that does not fail unchanged")
    func limits() throws {
        let plan = try #require(failing(1).first)
        let cut = Shrinker.shrink(plan, runLimit: 7, reductions: withoutOne, attempt: attempt)
        #expect(cut.runs == 7 && cut.isExhausted)
        #expect(attempt(cut.plan).verdict == .failed)
        let held = Shrinker.shrink(calmPlan(), attempt: attempt)
        #expect(held.plan == calmPlan() && held.runs == 1)
    }

    @Test("a host taken out of a plan takes its faults along and moves the later ones")
    func removingHost() {
        var plan = Plan(seed: 1, shape: [2, 2])
        plan.scheduled = [
            .lateStart(1, at: milliseconds(1)), .lateStart(3, at: milliseconds(2)),
            .partition(.split([1, 2]), at: milliseconds(3), length: .milliseconds(4)),
            .clog(from: 1, to: 2, at: milliseconds(3), length: .milliseconds(4)),
        ]
        plan.drops = [
            DeliveryKey(sender: 1, recipient: 2, life: 0, index: 0, copy: 0),
            DeliveryKey(sender: 3, recipient: 0, life: 1, index: 5, copy: 1),
        ]
        let smaller = plan.removingHost(1)
        #expect(smaller.shape == [1, 2])
        #expect(
            smaller.scheduled == [
                .lateStart(2, at: milliseconds(2)),
                .partition(.split([1]), at: milliseconds(3), length: .milliseconds(4)),
            ])
        #expect(smaller.originals == [0, 2, 3])
        #expect(
            smaller.drops == [DeliveryKey(sender: 3, recipient: 0, life: 1, index: 5, copy: 1)])
    }
}
