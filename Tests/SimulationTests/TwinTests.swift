import ConsensusCore
import Simulation
import Testing

@Suite("Two processes with one ID")
struct TwinTests {
    /// Host 1 has a twin from 25 to 85 ms.
    private func plan(_ disk: TwinDisk, seed: UInt64 = 1) -> Plan {
        var plan = Plan(seed: seed, shape: [3], safetyTime: .seconds(1), livenessBound: .zero)
        plan.scheduled = [
            .twin(
                1, at: milliseconds(25), length: .milliseconds(60), disk: disk,
                turn: .milliseconds(12))
        ]
        return plan
    }

    /// The parcels that host 1 recorded while it was the turn of lives that `isIncluded` names.
    private func parcels(in ledger: Ledger, where isIncluded: (Int) -> Bool) -> [UInt64] {
        ledger.records.filter { $0.node == 1 }.filter { entry in
            let life = ledger.turns.last { $0.time <= entry.time }?.value ?? 0
            return isIncluded(life)
        }.map(\.value)
    }

    @Test("what is sent to them reaches one of them, and each has a disk of its own")
    func takeTurns() {
        var plan = plan(.empty)
        plan.scheduled.append(
            .crash(
                1, at: milliseconds(95), tail: .kept, comeback: .withDisk(after: .milliseconds(1))))
        var world = courierWorld()
        let report = world.run(plan)
        #expect(report.statistics.twins == 1 && report.outcome == .completed)
        #expect(world.observer.parcels(of: 1) == Array(0..<10))
        #expect(world.observer.receiptsSent(by: 1) == Array(0..<10))
        let lives = world.observer.turns.map(\.value)
        #expect(lives.first == 128 && lives.last == 0 && Set(lives) == [0, 128])
        let own = parcels(in: world.observer) { $0 == 0 }.filter { $0 < 9 }
        #expect(world.observer.recovered(1) == [own])
        #expect(own.starts(with: [0, 1]) && own.count < 9)
    }

    @Test("its life is told from the first's, by what it writes into its datagrams")
    func incarnations() {
        var stamps: Set<UInt64> = []
        var world = courierWorld()
        world.options = [.logsDeliveries]
        _ = world.run(plan(.empty))
        for delivery in world.deliveries where delivery.key.sender == 1 {
            stamps.insert(UInt64(delivery.key.life))
        }
        #expect(stamps == [0, 128])
        #expect(Set(world.deliveries.map(\.key)).count == world.deliveries.count)
    }

    @Test("it begins with what was on the first's disk, if that was copied")
    func copy() {
        var world = courierWorld()
        _ = world.run(plan(.copy))
        #expect(world.observer.recovered(1) == [[0, 1]])
        var empty = courierWorld()
        _ = empty.run(plan(.empty))
        #expect(empty.observer.recovered(1).isEmpty)
    }

    @Test("a crash takes the one whose turn it is, and only what is its own")
    func crash() {
        var plan = plan(.empty)
        plan.scheduled.append(
            .crash(1, at: Instant(nanoseconds: 25_000_001), tail: .kept, comeback: .never))
        var world = courierWorld()
        _ = world.run(plan)
        #expect(world.observer.turns.map(\.value) == [128, 0])
        #expect(world.observer.receiptsSent(by: 1) == [0, 1, 8, 9])
    }

    @Test("a write that is not synced waits while it is the other's turn")
    func held() {
        var plan = plan(.empty)
        plan.scheduled.append(
            .slowDisk(1, at: milliseconds(0), length: .milliseconds(24), delay: .milliseconds(5)))
        var world = courierWorld()
        _ = world.run(plan)
        let sent = world.observer.sent.filter { $0.node == 1 }
        #expect(Set(world.observer.receiptsSent(by: 1)) == Set(0..<10))
        #expect(sent.count == 10)
        let second = sent.first { $0.value.number == 1 }
        let turn = world.observer.turns.first { $0.value == 0 }
        #expect(second != nil && second?.time == turn?.time)
    }

    @Test("there is none without leave, and none beside another")
    func forbidden() {
        var world = courierWorld(setUp: { $0.replaceable = [2] })
        #expect(world.run(plan(.empty)).statistics.twins == 0)
        var plan = plan(.empty)
        plan.scheduled.append(
            .twin(
                1, at: milliseconds(35), length: .seconds(1), disk: .copy,
                turn: .milliseconds(1)))
        var other = courierWorld()
        #expect(other.run(plan).statistics.twins == 1)
    }

    @Test("the healthy are alone, and their choice is told")
    func heals() {
        var plan = Plan(
            seed: 5, shape: [3], safetyTime: .milliseconds(50), livenessBound: .milliseconds(100))
        plan.scheduled = [
            .twin(
                1, at: milliseconds(25), length: .seconds(1), disk: .empty,
                turn: .milliseconds(12))
        ]
        var world = courierWorld(
            parcels: 100, awaited: 5,
            choose: { hosts in
                #expect(hosts.map(\.hadTwin) == [false, true, false])
                return [0, 1, 2]
            })
        #expect(world.run(plan).outcome == .completed)
        #expect(world.observer.turns.last?.value == 0)
    }
}

extension Courier.Message {
    fileprivate var number: UInt64 {
        switch self {
        case .parcel(let number), .receipt(let number): number
        }
    }
}
