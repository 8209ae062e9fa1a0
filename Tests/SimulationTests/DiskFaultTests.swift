import ConsensusCore
import Simulation
import Testing

/// Parcel k arrives at 10(k+1)+1 ms and is recorded at once, in 16 bytes.
@Suite("Full disks")
struct FullDiskTests {
    private func run(
        room: Int, until end: Interval, comeback: Comeback, recordLimit: Int = .max
    ) -> (ledger: Ledger, report: RunReport) {
        var plan = calmPlan()
        plan.scheduled = [
            .fullDisk(1, at: milliseconds(0), length: end, room: room, comeback: comeback)
        ]
        var world = courierWorld(recordLimit: recordLimit)
        let report = world.run(plan)
        return (world.observer, report)
    }

    @Test(
        "a host whose write does not fit ends unsent, and later finds what did fit",
        arguments: [32, 33, 40, 47])
    func ends(room: Int) {
        let (ledger, report) = run(
            room: room, until: .milliseconds(45), comeback: .withDisk(after: .milliseconds(25)))
        #expect(report.statistics.failedWrites == 1 && report.statistics.crashes == 1)
        #expect(ledger.crashes.map(\.time) == [milliseconds(31)])
        #expect(ledger.receiptsSent(by: 1) == [0, 1, 5, 6, 7, 8, 9])
        #expect(ledger.recovered(1) == [[0, 1]])
        #expect(!ledger.recordsOf(1).contains(2))
    }

    @Test("a host that is started again before there is room ends at its next write")
    func endsAgain() {
        let (ledger, report) = run(
            room: 0, until: .milliseconds(85), comeback: .withDisk(after: .milliseconds(5)))
        #expect(report.statistics.failedWrites == 8)
        #expect(ledger.receiptsSent(by: 1) == [8, 9])
    }

    @Test("a host whose disk stays full is silent for good; the others go on")
    func staysFull() {
        let (ledger, _) = run(room: 16, until: Plan.maximumTime, comeback: .never)
        #expect(ledger.receiptsSent(by: 1) == [0])
        #expect(ledger.receiptsSent(by: 2) == Array(0..<10))
        #expect(ledger.restarts.isEmpty)
    }

    @Test("a checkpoint needs room beside what it replaces, and leaves that if there is none")
    func checkpoint() {
        let without = run(
            room: 50, until: .milliseconds(40), comeback: .withDisk(after: .milliseconds(5)),
            recordLimit: 3)
        #expect(without.ledger.crashes.map(\.time) == [milliseconds(31)])
        #expect(without.ledger.receiptsSent(by: 1).starts(with: [0, 1, 2]))
        #expect(without.ledger.recovered(1) == [[0, 1, 2]])
        let with = run(
            room: 64, until: .milliseconds(40), comeback: .withDisk(after: .milliseconds(5)),
            recordLimit: 3)
        #expect(with.report.statistics.failedWrites == 0)
        #expect(with.ledger.checkpoints.first?.value == [2])
    }

    @Test("a host with the planted flaw answers although its disk is full")
    func answersBeforeDurable() {
        var plan = calmPlan()
        plan.scheduled = [
            .fullDisk(
                1, at: milliseconds(0), length: .seconds(1), room: 16, comeback: .never)
        ]
        var world = courierWorld()
        world.flaws = .answersBeforeDurable
        _ = world.run(plan)
        #expect(world.observer.receiptsSent(by: 1) == [0, 1])
        #expect(world.observer.recordsOf(1) == [0])
    }
}

@Suite("Hung disks")
struct HungDiskTests {
    /// The first write hangs, for up to 200 ms; host 1's, unless said otherwise.
    private func plan(
        longest: Interval? = .milliseconds(200), buffer: Int = 100, _ more: ScheduledFault...
    ) -> Plan {
        var plan = calmPlan()
        plan.scheduled =
            [
                .hungDisk(
                    1, at: milliseconds(0), length: .milliseconds(15), longest: longest,
                    buffer: buffer)
            ] + more
        return plan
    }

    /// When host 1 recorded a parcel.
    private func durable(_ parcel: UInt64, in ledger: Ledger) throws -> Instant {
        try #require(ledger.records.first { $0.node == 1 && $0.value == parcel }).time
    }

    @Test("a host does nothing while its disk hangs, then goes on with what has come")
    func hangs() throws {
        var world = courierWorld()
        let report = world.run(plan())
        let end = try durable(0, in: world.observer)
        #expect(end > milliseconds(31) && end <= milliseconds(211))
        #expect(report.statistics.hungWrites == 1)
        let due = (0..<10).map { milliseconds(10 * $0 + 11) }
        let taken = world.observer.received.filter { $0.node == 1 }.map(\.time)
        #expect(taken == [due[0]] + due.dropFirst().map { max($0, end) })
        let answered = world.observer.sent.filter { $0.node == 1 }
        #expect(answered.map(\.time) == due.map { max($0, end) })
        #expect(world.observer.receiptsSent(by: 1) == Array(0..<10))
    }

    @Test("what does not fit into its receive buffer meanwhile is lost", arguments: [0, 1, 2])
    func overflow(buffer: Int) throws {
        var world = courierWorld()
        let report = world.run(plan(buffer: buffer))
        let end = try durable(0, in: world.observer)
        let came = (1..<10).count { milliseconds(Int64(10 * $0 + 11)) < end }
        #expect(came > 2)
        #expect(report.statistics.overflowed == came - buffer)
        let kept = Array(0...buffer).map { UInt64($0) }
        #expect(
            world.observer.parcels(of: 1) == kept + (UInt64(came + 1)..<10))
    }

    @Test("a disk that hangs for ever is a host that stands still for ever")
    func forEver() {
        var world = courierWorld()
        let report = world.run(plan(longest: nil))
        #expect(report.statistics.hungWrites == 1)
        #expect(world.observer.parcels(of: 1) == [0])
        #expect(world.observer.recordsOf(1).isEmpty && world.observer.receiptsSent(by: 1).isEmpty)
        #expect(world.observer.receiptsSent(by: 2).count == 10)
    }

    @Test(
        "a crash meanwhile takes the write, or not, and nothing of it is ever sent",
        arguments: [(TailFate.lost, [] as [[UInt64]]), (.kept, [[0]])])
    func crash(fate: TailFate, recovered: [[UInt64]]) {
        var world = courierWorld()
        _ = world.run(
            plan(
                .crash(
                    1, at: milliseconds(25), tail: fate,
                    comeback: .withDisk(after: .milliseconds(20)))))
        #expect(world.observer.recovered(1) == recovered)
        #expect(world.observer.receiptsSent(by: 1) == [4, 5, 6, 7, 8, 9])
        #expect(world.observer.arrivals(at: 1) == [11, 51, 61, 71, 81, 91, 101])
    }

    @Test("a host that is stopped besides goes on when both are over, first with its write")
    func pause() {
        var world = courierWorld()
        _ = world.run(plan(.pause(1, at: milliseconds(12), length: .milliseconds(400))))
        let moment = milliseconds(412)
        #expect(
            world.observer.received.filter { $0.node == 1 }.dropFirst().allSatisfy {
                $0.time == moment
            })
        #expect(world.observer.recordsOf(1) == Array(0..<10))
        #expect(world.observer.receiptsSent(by: 1) == Array(0..<10))
        #expect(world.observer.sent.filter { $0.node == 1 }.allSatisfy { $0.time == moment })
    }

    @Test("each write of a slow disk takes a time of its own")
    func eachWrite() {
        var slow = calmPlan()
        slow.scheduled = [
            .hungDisk(
                1, at: milliseconds(0), length: .seconds(1), longest: .milliseconds(9), buffer: 9)
        ]
        var world = courierWorld()
        let report = world.run(slow)
        let sent = world.observer.sent.filter { $0.node == 1 }.map(\.time)
        let delays = (0..<10).map { sent[$0] - milliseconds(Int64(10 * $0 + 11)) }
        #expect(Set(delays).count == 10)
        #expect(delays.allSatisfy { $0 >= .zero && $0 < .milliseconds(9) })
        #expect(report.statistics.hungWrites == 10)
    }

    @Test("a checkpoint hangs like any other write")
    func checkpoint() throws {
        var slow = calmPlan()
        slow.scheduled = [
            .hungDisk(
                1, at: milliseconds(0), length: .seconds(1), longest: .milliseconds(9), buffer: 9)
        ]
        var world = courierWorld(recordLimit: 3)
        let report = world.run(slow)
        #expect(world.observer.checkpoints.count { $0.node == 1 } == 3)
        #expect(report.statistics.hungWrites == 10 + 3)
        #expect(world.observer.receiptsSent(by: 1) == Array(0..<10))
    }
}

@Suite("Disks that rot")
struct BitRotTests {
    private static let damage = DiskDamage(.flippedBit(3), place: 500_000)

    /// Host 1 is down from 35 to 55 ms, its disk rotting meanwhile.
    private func plan(_ comeback: Comeback) -> Plan {
        var plan = calmPlan()
        plan.scheduled = [
            .bitRot(1, at: milliseconds(35), damage: BitRotTests.damage, comeback: comeback)
        ]
        return plan
    }

    @Test("a host refuses to start from a damaged disk and stays down")
    func refuses() {
        var world = courierWorld()
        let report = world.run(plan(.withDisk(after: .milliseconds(20))))
        #expect(report.statistics.rottenDisks == 1 && report.statistics.refusedStarts == 1)
        #expect(world.observer.parcels(of: 1) == [0, 1, 2])
        #expect(world.observer.restarts.isEmpty)
    }

    @Test("it may be given an empty disk instead")
    func replaced() {
        var world = courierWorld()
        let report = world.run(plan(.withoutDisk(after: .milliseconds(20))))
        #expect(report.statistics.refusedStarts == 1 && report.statistics.amnesiacs == 1)
        #expect(world.observer.restarts.map(\.value) == [.wiped])
        #expect(world.observer.recovered(1).isEmpty)
        #expect(world.observer.receiptsSent(by: 1) == [0, 1, 2, 5, 6, 7, 8, 9])
    }

    @Test("but only if its disk may be lost")
    func irreplaceable() {
        var world = courierWorld(setUp: { $0.replaceable = [2] })
        let report = world.run(plan(.withoutDisk(after: .milliseconds(20))))
        #expect(report.statistics.refusedStarts == 1)
        #expect(world.observer.restarts.isEmpty)
    }

    @Test("a disk rots also while its host is down for another reason")
    func whileDown() {
        var plan = plan(.withDisk(after: .milliseconds(1)))
        plan.scheduled.append(
            .crash(
                1, at: milliseconds(25), tail: .kept,
                comeback: .withDisk(after: .milliseconds(20))))
        var world = courierWorld()
        let report = world.run(plan)
        #expect(report.statistics.refusedStarts == 1)
        #expect(world.observer.parcels(of: 1) == [0, 1])
    }

    @Test("what reads the disk is given the records and the damage, and may find nothing amiss")
    func whole() {
        var world = courierWorld()
        world.readDamaged = { node, records, damage in
            #expect(node == 1 && damage == BitRotTests.damage)
            #expect(records.map(\.number) == [0, 1, 2])
            return .whole
        }
        _ = world.run(plan(.withDisk(after: .milliseconds(20))))
        #expect(world.observer.recovered(1) == [[0, 1, 2]])
        #expect(world.observer.restarts.map(\.value) == [.kept])
    }

    @Test("a program that starts from a damaged disk with less than it recorded is found out")
    func lost() {
        var world = courierWorld()
        world.readDamaged = { _, records, _ in .lost("with \(records.count - 1) records") }
        let report = world.run(plan(.withDisk(after: .milliseconds(20))))
        let expected = Violation(
            property: "damage is noticed",
            explanation: "node 1 starts from a damaged disk, with 2 records")
        #expect(report.outcome == .violated(expected))
        #expect(report.time == milliseconds(55))
    }

    @Test("a host that has recorded nothing has nothing that could rot")
    func nothingThere() {
        var plan = calmPlan()
        plan.scheduled = [
            .bitRot(0, at: milliseconds(35), damage: BitRotTests.damage, comeback: .never)
        ]
        var world = courierWorld()
        #expect(world.run(plan).statistics.rottenDisks == 0)
        #expect(world.observer.crashes.isEmpty)
    }

    @Test("damage begins where it says and ends with what there is")
    func damage() {
        func damaged(_ kind: DiskDamage.Kind, place: Int) -> [UInt8] {
            let damage = DiskDamage(kind, place: place)
            var bytes = ArraySlice<UInt8>(repeating: 7, count: 4)
            damage.apply(to: &bytes, at: damage.offset(in: 4))
            return Array(bytes)
        }
        #expect(damaged(.flippedBit(3), place: 0) == [15, 7, 7, 7])
        #expect(damaged(.flippedBit(0), place: 999_999) == [7, 7, 7, 6])
        #expect(damaged(.lostBlock(2), place: 250_000) == [7, 0, 0, 7])
        #expect(damaged(.lostBlock(4_096), place: 500_000) == [7, 7, 0, 0])
    }
}
