import ConsensusCore
import Simulation
import Testing

@Suite("Plans with faults of surroundings")
struct SurroundingsPlanTests {
    private static let faults: [ScheduledFault] = [
        .oldDisk(
            1, copied: milliseconds(15), at: milliseconds(29), comebackAfter: .milliseconds(1)),
        .newBeginning(wiped: [1], kept: [2], at: milliseconds(5), within: .milliseconds(1)),
        .powerCut([1, 2], at: milliseconds(5), within: .milliseconds(1)),
        .syncError(
            1, at: milliseconds(5), tail: .torn(perThousand: 5), comebackAfter: .milliseconds(1)),
        .bitRot(
            1, at: milliseconds(35), damage: DiskDamage(.droppedWrite, place: 0),
            comeback: .withDisk(after: .milliseconds(20))),
        .twin(
            1, at: milliseconds(5), length: .milliseconds(9), disk: .copy,
            turn: .milliseconds(1)),
        .slowMachine(1, times: 9, buffer: 5),
        .forgeries(
            at: milliseconds(5), length: .seconds(1), every: .milliseconds(1), hearing: .itself),
    ]

    @Test("every kind is drawn, for hosts that keep records where it is about disks")
    func drawn() {
        var limits = Plan.Limits(faults: .ofSurroundings)
        limits.storing = [1, 2]
        var kinds: FaultSet = []
        var damages: Set<String> = []
        for seed in 0..<400 as Range<UInt64> {
            let plan = Plan(drawing: seed, shape: [4], within: limits)
            for fault in plan.scheduled where fault.kind != .slowDisks {
                kinds.formUnion(fault.kind)
                #expect(plan.mix.kinds.contains(fault.kind))
                switch fault {
                case .oldDisk(let node, let copied, let time, _):
                    #expect(node == 1 || node == 2)
                    #expect(copied < time)
                case .syncError(let node, _, _, _), .twin(let node, _, _, _, _):
                    #expect(node == 1 || node == 2)
                case .bitRot(let node, _, let damage, _):
                    #expect(node == 1 || node == 2)
                    #expect(damage.isLie)
                    damages.insert("\(damage)".prefix { $0 != "," }.description)
                case .newBeginning(let wiped, let kept, _, _):
                    #expect(!wiped.isEmpty && wiped.intersection(kept).isEmpty)
                    #expect(wiped.union(kept).isSubset(of: [1, 2]))
                case .powerCut(let nodes, _, _): #expect(nodes.isSubset(of: NodeSet(0..<4)))
                case .slowMachine(_, let times, let buffer):
                    #expect(times >= 1 && times <= 200 && buffer > 0)
                case .forgeries: break
                default: Issue.record("\(fault) was not asked for")
                }
            }
        }
        #expect(kinds == .ofSurroundings)
        #expect(damages.count == 3)
    }

    @Test("runs without them are what they would be if there were none")
    func apart() {
        let before = FaultSet.all.subtracting(.ofSurroundings)
        var same = 0
        for seed in 0..<200 as Range<UInt64> {
            let plan = Plan(drawing: seed, shape: [2, 3, 1], within: .init(faults: .all))
            let other = Plan(drawing: seed, shape: [2, 3, 1], within: .init(faults: before))
            #expect(plan.removing(.ofSurroundings).mix == other.mix)
            if plan == other { same += 1 }
        }
        #expect(same > 100 && same < 200)
    }

    @Test("a shrinker takes them out by kind, and with their hosts", arguments: faults)
    func shrinks(fault: ScheduledFault) {
        var plan = calmPlan()
        plan.scheduled = [fault]
        #expect(FaultSet.ofSurroundings.contains(fault.kind))
        #expect(plan.removing(fault.kind).scheduled.isEmpty)
        #expect(plan.removing(.loss).scheduled == [fault])
        let moved = plan.removingHost(0).scheduled
        let removed = plan.removingHost(1).scheduled
        switch fault {
        case .newBeginning:
            #expect(
                moved == [
                    .newBeginning(
                        wiped: [0], kept: [1], at: milliseconds(5), within: .milliseconds(1))
                ])
            #expect(
                removed == [
                    .newBeginning(
                        wiped: [], kept: [1], at: milliseconds(5), within: .milliseconds(1))
                ])
        case .powerCut:
            #expect(moved == [.powerCut([0, 1], at: milliseconds(5), within: .milliseconds(1))])
            #expect(removed == [.powerCut([1], at: milliseconds(5), within: .milliseconds(1))])
        case .forgeries: #expect(moved == [fault] && removed == [fault])
        default: #expect(moved != [fault] && moved.count == 1 && removed.isEmpty)
        }
    }

    @Test("an unsynced write reaches the disk where none may be torn")
    func tails() {
        var plan = calmPlan()
        plan.scheduled = [SurroundingsPlanTests.faults[3]]
        #expect(
            plan.removing(.tornWrites).scheduled == [
                .syncError(
                    1, at: milliseconds(5), tail: .kept, comebackAfter: .milliseconds(1))
            ])
    }

    @Test("each is told in a line", arguments: faults)
    func told(fault: ScheduledFault) {
        var plan = calmPlan()
        plan.scheduled = [fault]
        var world = courierWorld()
        world.options = [.traces]
        _ = world.run(plan)
        let text = world.trace.render()
        let expected =
            switch fault {
            case .oldDisk, .newBeginning, .twin, .powerCut, .syncError, .slowMachine,
                .forgeries:
                SurroundingsPlanTests.sentence(of: fault)
            default: "is down, and its disk is damaged: a write was never done, 0 % into it"
            }
        #expect(text.contains(expected), "\(text)")
    }

    private static func sentence(of fault: ScheduledFault) -> String {
        switch fault {
        case .oldDisk: "1  is down, and an older copy takes its disk's place with 1 records"
        case .newBeginning: "a new beginning: {1} with empty disks, {} with those they had"
        case .powerCut: "loses power in {1, 2}"
        case .syncError: "1  ends, its disk having failed"
        case .twin: "1  has a twin with a copy of its disk"
        case .slowMachine: "1  computes 9 times as long as others"
        default: "a guest forges"
        }
    }
}
