import ConsensusCore
import Simulation
import Testing

/// Host 0, which sends the parcels, is a guest: what is without a cookie comes back as a challenge after
/// 1 ms, and arrives with it 2 ms later than it would have.
@Suite("Guests")
struct GuestTests {
    private func world(_ guests: NodeSet = [0]) -> World<Ledger> {
        var world = courierWorld()
        world.chooseGuests = { _ in guests }
        return world
    }

    @Test("a guest's first datagram is answered with a challenge alone, and comes again")
    func first() {
        var world = world()
        let report = world.run(calmPlan())
        #expect(report.statistics.challenges == 2)
        for node in [1, 2] as [NodeID] {
            #expect(world.observer.parcels(of: node) == Array(0..<10))
            #expect(world.observer.arrivals(at: node) == [13, 21, 31, 41, 51, 61, 71, 81, 91, 101])
        }
        #expect(world.observer.received.filter { $0.node == 0 }.count == 20)
    }

    @Test("nobody is told anything before that, and guests never a node's life")
    func lives() {
        var open = world([])
        _ = open.run(calmPlan())
        var world = world()
        _ = world.run(calmPlan())
        let told = Set(world.observer.lives.filter { $0.node == 0 }.map(\.value))
        let real = Set(open.observer.lives.filter { $0.node == 0 }.map(\.value))
        #expect(real.count == 2)
        #expect(told.count == 2)
        #expect(told.isDisjoint(with: real))
        // Nodes are told the guest's own.
        #expect(
            world.observer.lives.filter { $0.node == 1 }.map(\.value)
                == open.observer.lives.filter { $0.node == 1 }.map(\.value))
    }

    @Test("a node's next life wants another cookie; what bore the old one is lost")
    func nodeRestarts() {
        var plan = calmPlan()
        plan.scheduled = [
            .crash(
                1, at: milliseconds(35), tail: .kept,
                comeback: .withDisk(after: .milliseconds(20)))
        ]
        var world = world()
        let report = world.run(plan)
        #expect(world.observer.parcels(of: 1) == [0, 1, 2, 6, 7, 8, 9])
        #expect(report.statistics.challenges == 3)
    }

    @Test("a guest's next life is at another address and has no cookies")
    func guestRestarts() {
        var plan = calmPlan()
        plan.scheduled = [
            .crash(
                0, at: milliseconds(15), tail: .kept,
                comeback: .withDisk(after: .milliseconds(20)))
        ]
        var world = world()
        let report = world.run(plan)
        #expect(report.statistics.challenges == 4)
        #expect(world.observer.arrivals(at: 1).prefix(3) == [13, 48, 56])
    }

    @Test("what is meant for a guest's earlier life is lost until the next one is heard")
    func elsewhere() {
        var plan = calmPlan(hosts: 2)
        // The parcel arrives with its cookie at 13 ms, and a slow disk holds its receipt until 25 ms.
        plan.scheduled = [
            .slowDisk(
                1, at: milliseconds(12), length: .milliseconds(5), delay: .milliseconds(12)),
            .crash(
                0, at: milliseconds(20), tail: .kept, comeback: .withDisk(after: .milliseconds(1))),
        ]
        var world = world()
        let report = world.run(plan)
        #expect(world.observer.parcels(of: 1) == [0] + Array(0..<10))
        #expect(world.observer.receiptsSent(by: 1).count == 11)
        #expect(report.statistics.misaddressed == 1)
        #expect(world.observer.received.filter { $0.node == 0 }.count == 10)
    }
}
