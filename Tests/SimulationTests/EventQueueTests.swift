import ConsensusCore
import Simulation
import Testing

@Suite("Event queue")
struct EventQueueTests {
    @Test("gives events by time, and by insertion within one time", arguments: 0..<20)
    func order(seed: Int) {
        var random = RandomSource(seed: UInt64(seed))
        var queue = EventQueue<Int>()
        var expected: [(time: Int64, number: Int)] = []
        for number in 0..<random.number(in: 1...400) {
            let time = Int64(random.below(20))
            queue.push(number, at: Instant(nanoseconds: time))
            expected.append((time, number))
        }
        expected.sort { ($0.time, $0.number) < ($1.time, $1.number) }
        #expect(queue.count == expected.count)
        var popped: [Int] = []
        while let entry = queue.pop() { popped.append(entry.payload) }
        #expect(popped == expected.map(\.number))
        #expect(queue.nextTime == nil)
    }

    @Test("keeps its order when pushes and pops alternate")
    func alternating() throws {
        var random = RandomSource(seed: 9)
        var queue = EventQueue<Int>()
        var now = Instant(nanoseconds: 0)
        for number in 0..<2_000 {
            queue.push(number, at: now + Interval(nanoseconds: Int64(random.below(50))))
            if random.below(3) != 0 {
                let due = try #require(queue.nextTime)
                let popped = queue.pop()
                let entry = try #require(popped)
                #expect(entry.time == due && entry.time >= now)
                now = entry.time
            }
        }
    }
}

@Suite("Names of faults")
struct FaultSetTests {
    @Test("every name is read, and written back")
    func names() throws {
        for (kind, name) in FaultSet.named {
            #expect(try FaultSet(parsing: name) == kind)
            #expect(kind.description == name)
        }
        #expect(FaultSet.named.reduce(into: []) { $0.formUnion($1.kind) } == FaultSet.all)
    }

    @Test("names are joined by commas, and default, all and none are sets")
    func sets() throws {
        #expect(try FaultSet(parsing: "loss,partitions") == [.loss, .partitions])
        #expect(try FaultSet(parsing: "default") == .standard)
        #expect(try FaultSet(parsing: "none") == [])
        #expect(
            try FaultSet(parsing: "default,amnesia,old-disks,leftovers,twins,forgeries") == .all)
        #expect(!FaultSet.standard.contains(.amnesia))
    }

    @Test("an unknown name is refused in a sentence", arguments: ["los", "", "loss,", "Loss"])
    func unknown(text: String) {
        #expect(throws: FaultNameError.self) { try FaultSet(parsing: text) }
    }

    @Test("the refusal names the name and the choice")
    func sentence() {
        let error = #expect(throws: FaultNameError.self) { try FaultSet(parsing: "los") }
        let start = "There is no fault named 'los'; name default, all, none, or any of loss,"
        #expect(error?.description.hasPrefix(start) == true)
    }
}
