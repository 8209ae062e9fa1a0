import Simulation
import Synchronization
import Testing

/// Fails for some seeds and adds up what it ran.
private struct Sum: CampaignSummary {
    var count: UInt64 = 0
    var total: UInt64 = 0
    /// In the order they were merged.
    var seeds: [UInt64] = []

    mutating func merge(_ later: Sum) {
        count += later.count
        total += later.total
        seeds += later.seeds
    }
}

private struct Runner: SeedRunner, ~Copyable {
    let failing: [UInt64]

    mutating func run(seed: UInt64, into summary: inout Sum) -> SeedVerdict {
        summary.count += 1
        summary.total += seed
        summary.seeds.append(seed)
        // Later seeds finish sooner, so that a higher failure is known first.
        var work = seed % 64 == 0 ? 200_000 : 1
        while work > 0 { work -= 1 }
        return failing.contains(seed) ? .failed : .held
    }
}

@Suite("Campaign")
struct CampaignTests {
    @Test("reports the lowest failing seed, and exactly the seeds before it", arguments: 1...4)
    func lowest(threads: Int) async {
        for _ in 0..<20 {
            let report = await Campaign.run(
                seeds: 10...5_000, threads: threads, blockSize: 4,
                makeRunner: { Runner(failing: [333, 335, 341, 700, 4_000]) })
            #expect(report.failingSeed == 333)
            #expect(report.runs == 324)
            #expect(report.summary.seeds == Array(10...333))
        }
    }

    @Test("runs every seed once, in ascending order, when none fails", arguments: 1...3)
    func all(threads: Int) async {
        let calls = Mutex<[UInt64]>([])
        let report = await Campaign.run(
            seeds: 5...1_004, threads: threads, blockSize: 7,
            makeRunner: { Runner(failing: []) },
            progress: { progress in calls.withLock { $0.append(progress.runs) } })
        #expect(report.failingSeed == nil)
        #expect(report.summary.seeds == Array(5...1_004))
        let progress = calls.withLock { $0 }
        #expect(progress == progress.sorted())
        #expect(progress.last == 1_000)
    }

    @Test("covers a range that ends at the last seed there is")
    func lastSeed() async {
        let report = await Campaign.run(
            seeds: UInt64.max - 9...UInt64.max, threads: 2, blockSize: 64,
            makeRunner: { BareRunner() })
        #expect(report.runs == 10)
        #expect(report.summary.runs == 10)
    }
}

private struct BareRunner: SeedRunner, ~Copyable {
    mutating func run(seed: UInt64, into summary: inout RunStatistics) -> SeedVerdict {
        summary.runs += 1
        return .held
    }
}
