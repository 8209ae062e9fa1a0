import ConsensusCore
import Testing

@testable import UDPRuntime

@Suite("Injected faults")
struct FaultTests {
    @Test("the same seed and node draw the same, another node draws otherwise")
    func repeatable() {
        let faults = Faults(
            dropPerMillion: 300_000, duplicatePerMillion: 200_000,
            delay: .milliseconds(0) ... .milliseconds(20), seed: 7)
        func draws(_ node: NodeID) -> [Int64] {
            var injector = FaultInjector(faults, node: node)
            return (0..<200).map { _ in
                Int64(injector.copies()) * 1_000_000_000 + injector.delay().nanoseconds
            }
        }
        #expect(draws(1) == draws(1))
        #expect(draws(1) != draws(2))
    }

    @Test("losses and duplicates come as often as asked for")
    func frequencies() {
        let faults = Faults(dropPerMillion: 300_000, duplicatePerMillion: 200_000, seed: 1)
        var injector = FaultInjector(faults, node: 0)
        var counts = [0, 0, 0]
        for _ in 0..<10_000 { counts[injector.copies()] += 1 }
        #expect((2_800...3_200).contains(counts[0]))
        #expect((1_250...1_550).contains(counts[2]))
    }

    @Test("delays stay in their range", arguments: 0..<5)
    func delays(seed: UInt64) {
        let range = Interval.milliseconds(5)...Interval.milliseconds(6)
        var injector = FaultInjector(Faults(delay: range, seed: seed), node: 0)
        for _ in 0..<100 { #expect(range.contains(injector.delay())) }
    }

    @Test(
        "delayed datagrams come out by time, and in order where the time is the same",
        arguments: 0..<20)
    func heap(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var delayed = DelayedSends()
        var expected: [(due: Int64, number: UInt8)] = []
        for number in 0..<100 {
            let due = Int64(random.below(20))
            expected.append((due, UInt8(number)))
            let added = delayed.add(
                [UInt8(number)], to: .loopbackIPv4(port: 1), due: Instant(nanoseconds: due))
            #expect(added)
        }
        expected.sort { ($0.due, $0.number) < ($1.due, $1.number) }
        #expect(delayed.nextDue.nanoseconds == expected[0].due)
        var taken: [UInt8] = []
        for now in Int64(0)..<20 {
            while let entry = delayed.take(dueAt: Instant(nanoseconds: now)) {
                #expect(entry.due.nanoseconds == now)
                taken += entry.bytes
            }
        }
        #expect(taken == expected.map(\.number))
        #expect(delayed.nextDue == .never)
    }

    @Test("the queue of delayed datagrams has a bound")
    func bound() {
        var delayed = DelayedSends()
        for _ in 0..<DelayedSends.limit {
            _ = delayed.add([], to: .loopbackIPv4(port: 1), due: Instant(nanoseconds: 1))
        }
        let added = delayed.add([], to: .loopbackIPv4(port: 1), due: Instant(nanoseconds: 0))
        #expect(!added)
        #expect(delayed.count == DelayedSends.limit)
    }
}
