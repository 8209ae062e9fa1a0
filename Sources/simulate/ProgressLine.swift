import Simulation
import Synchronization
import UDPRuntime

/// Says on standard error, every few seconds, how far a campaign has come.
final class ProgressLine: Sendable {
    private let begin = ContinuousClock.now
    private let lastShown = Mutex(ContinuousClock.now)

    func show(_ report: CampaignReport<some ScenarioSummary>) {
        let isDue = lastShown.withLock { last in
            guard last.duration(to: .now) >= .seconds(5) else { return false }
            last = .now
            return true
        }
        guard isDue else { return }
        let statistics = report.summary.statistics
        Console.complain(
            "\(grouped(Int(report.runs))) runs, \(grouped(rate(of: report.runs)))/s, "
                + "\(statistics.simulatedHours) simulated hours, "
                + "\(grouped(statistics.sent)) datagrams, "
                + "\(grouped(statistics.faultCount)) faults injected")
    }

    /// Runs a second since the beginning.
    func rate(of runs: UInt64) -> Int {
        let elapsed = begin.duration(to: .now)
        let milliseconds =
            elapsed.components.seconds * 1_000
            + elapsed.components.attoseconds / 1_000_000_000_000_000
        return Int(runs) * 1_000 / max(1, Int(milliseconds))
    }
}
