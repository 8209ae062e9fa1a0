import ConsensusCore
import Simulation
import Testing

@Suite("A guest with bad intentions")
struct ForgeryTests {
    private func plan(_ hearing: Hearing, seed: UInt64 = 1) -> Plan {
        var plan = Plan(seed: seed, shape: [3], safetyTime: .seconds(1), livenessBound: .zero)
        plan.scheduled = [
            .forgeries(
                at: milliseconds(15), length: .milliseconds(85), every: .microseconds(100),
                hearing: hearing)
        ]
        return plan
    }

    @Test("sends what it overhears again, changed or not, from an address of its own")
    func replays() {
        var world = courierWorld()
        let report = world.run(plan(.everything))
        #expect(report.statistics.forgeries > 500)
        let forged = world.observer.forged
        #expect(forged.allSatisfy { $0.node.isGuest })
        #expect(forged.allSatisfy { $0.time > milliseconds(15) && $0.time <= milliseconds(100) })
        let numbers = forged.compactMap { entry -> UInt64? in
            if case .parcel(let number) = entry.value { number } else { nil }
        }
        #expect(numbers.contains { $0 < 10 } && numbers.contains { $0 > 1 << 40 })
        // Some cannot be decoded; some bear the ID of a host, whose address is another.
        #expect(report.statistics.rejected > 20)
        #expect(forged.count + report.statistics.rejected == report.statistics.forgeries)
        // Nothing that it sends passes for what a host has sent.
        #expect(world.observer.parcels(of: 1) == Array(0..<10))
    }

    @Test("hears only what is sent to itself, if it is no eavesdropper, and makes up the rest")
    func makesUp() {
        var deaf = courierWorld()
        #expect(deaf.run(plan(.itself)).statistics.forgeries == 0)
        var heard: Set<Int> = []
        var world = courierWorld()
        world.forge = { random, recorded in
            heard.insert(recorded.count)
            return .parcel(1_000 + random.below(10))
        }
        _ = world.run(plan(.itself))
        let own = world.observer.forged.filter { entry in
            if case .parcel(1_000..<1_010) = entry.value { true } else { false }
        }
        #expect(own.count > 50)
        // Each is answered, to the guest, who hears that, and keeps so many.
        #expect(heard.contains(0) && heard.contains(1) && heard.max() == 64)
        #expect(world.observer.receiptsSent(by: 1).contains { $0 >= 1_000 })
    }

    @Test("sends nothing that it cannot know")
    func unknowable() {
        var world = courierWorld(setUp: { ledger in
            ledger.isForgeable = { message in
                if case .receipt = message { true } else { false }
            }
        })
        _ = world.run(plan(.everything))
        #expect(!world.observer.forged.isEmpty)
        #expect(
            world.observer.forged.allSatisfy { entry in
                if case .receipt = entry.value { true } else { false }
            })
    }

    @Test("sends the same in every run of a plan, other things in another")
    func replayable() {
        var world = courierWorld()
        let first = world.run(plan(.everything))
        let forged = world.observer.forged
        let second = world.run(plan(.everything))
        #expect(first.digest == second.digest && forged == world.observer.forged)
        _ = world.run(plan(.everything, seed: 2))
        #expect(forged != world.observer.forged)
    }

    @Test("is gone once the healthy are healed")
    func heals() {
        var plan = plan(.everything)
        plan.safetyTime = .milliseconds(50)
        plan.livenessBound = .milliseconds(200)
        var world = courierWorld(parcels: 100, awaited: 8)
        #expect(world.run(plan).outcome == .completed)
        #expect(world.observer.forged.allSatisfy { $0.time <= milliseconds(50) })
    }
}
