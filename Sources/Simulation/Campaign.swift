import Synchronization

/// Whether a run kept all properties.
public enum SeedVerdict: Hashable, Sendable {
    case held, failed
}

/// What runs seeds on one thread of a campaign, such as a world with its checkers.
public protocol SeedRunner: ~Copyable, SendableMetatype {
    associatedtype Summary: CampaignSummary

    /// Runs one seed and adds what came of it to the summary.
    mutating func run(seed: UInt64, into summary: inout Summary) -> SeedVerdict
}

/// What is known of many runs together.
public protocol CampaignSummary: Sendable {
    init()
    /// Adds what is known of the runs of later seeds.
    mutating func merge(_ later: Self)
}

extension RunStatistics: CampaignSummary {
    public mutating func merge(_ later: RunStatistics) { add(later) }
}

/// What a campaign has come to, at its end or on the way.
public struct CampaignReport<Summary: CampaignSummary>: Sendable {
    /// How many seeds were run, from the first on without a gap.
    public var runs: UInt64 = 0
    /// Of these seeds, and no others.
    public var summary = Summary()
    /// The lowest seed that failed; the campaign ends with it.
    public var failingSeed: UInt64?
}

/// Runs a range of seeds on several threads.
///
/// The report does not depend on their timing: it covers exactly the seeds up to the lowest that
/// failed, merged in ascending order.
public enum Campaign {
    /// - Parameters:
    ///   - blockSize: how many seeds a thread takes at a time; at least 1.
    ///   - makeRunner: makes each thread's runner, on that thread.
    ///   - progress: called now and then, by one thread at a time, with what is known so far.
    public static func run<Runner: SeedRunner & ~Copyable>(
        seeds: ClosedRange<UInt64>, threads: Int, blockSize: UInt64 = 64,
        makeRunner: @escaping @Sendable () -> Runner,
        progress: @escaping @Sendable (CampaignReport<Runner.Summary>) -> Void = { _ in }
    ) async -> CampaignReport<Runner.Summary> {
        precondition(threads >= 1 && blockSize >= 1)
        let ledger = CampaignLedger<Runner.Summary>(
            seeds: seeds, blockSize: blockSize, progress: progress)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<threads {
                group.addTask { work(makeRunner(), ledger) }
            }
        }
        return ledger.report
    }

    private static func work<Runner: SeedRunner & ~Copyable>(
        _ runner: consuming Runner, _ ledger: CampaignLedger<Runner.Summary>
    ) {
        while let (block, seeds) = ledger.claim() {
            var result = CampaignReport<Runner.Summary>()
            for seed in seeds {
                let verdict = runner.run(seed: seed, into: &result.summary)
                result.runs += 1
                if verdict == .failed {
                    result.failingSeed = seed
                    break
                }
            }
            ledger.finish(block, result)
        }
    }
}

/// Hands blocks of seeds out in ascending order and merges their results in the same order.
private final class CampaignLedger<Summary: CampaignSummary>: Sendable {
    private struct State {
        var nextBlock: UInt64 = 0
        var nextMerge: UInt64 = 0
        /// Blocks finished before an earlier one; at most one a thread.
        var early: [(block: UInt64, result: CampaignReport<Summary>)] = []
        var hasFailed = false
        var report = CampaignReport<Summary>()
    }

    private let seeds: ClosedRange<UInt64>
    private let blockSize: UInt64
    private let progress: @Sendable (CampaignReport<Summary>) -> Void
    private let state = Mutex(State())

    init(
        seeds: ClosedRange<UInt64>, blockSize: UInt64,
        progress: @escaping @Sendable (CampaignReport<Summary>) -> Void
    ) {
        self.seeds = seeds
        self.blockSize = blockSize
        self.progress = progress
    }

    var report: CampaignReport<Summary> { state.withLock { $0.report } }

    /// The next block and its seeds; nil when there is none, or once a seed has failed: every lower
    /// seed has been claimed by then.
    func claim() -> (block: UInt64, seeds: ClosedRange<UInt64>)? {
        state.withLock { state in
            let (offset, overflow) = state.nextBlock.multipliedReportingOverflow(by: blockSize)
            guard !state.hasFailed, !overflow, offset <= seeds.upperBound - seeds.lowerBound
            else { return nil }
            let block = state.nextBlock
            state.nextBlock += 1
            let first = seeds.lowerBound + offset
            let length = min(blockSize - 1, seeds.upperBound - first)
            return (block, first...first + length)
        }
    }

    func finish(_ block: UInt64, _ result: CampaignReport<Summary>) {
        state.withLock { state in
            if result.failingSeed != nil { state.hasFailed = true }
            state.early.append((block, result))
            while state.report.failingSeed == nil,
                let position = state.early.firstIndex(where: { $0.block == state.nextMerge })
            {
                let next = state.early.remove(at: position).result
                state.nextMerge += 1
                state.report.runs += next.runs
                state.report.summary.merge(next.summary)
                state.report.failingSeed = next.failingSeed
                progress(state.report)
            }
        }
    }
}
