import PaxosNode
import UDPRuntime

/// What a client prints, and how it ends.
struct ClientReport {
    private var hasValue = false
    private var hasTimedOut = false

    /// Prints an output and says how to go on.
    mutating func report(_ output: ClientOutput) throws(ExitError) -> LoopDecision {
        switch output {
        case .chosen(let value):
            if !hasValue { try Console.print(ClientReport.line(for: value)) }
            hasValue = true
            return .continue
        case .timedOut(let silence):
            Console.complain("clidriver: \(silence)")
            hasTimedOut = true
            return .stop
        case .finished: return .stop
        }
    }

    /// The line for standard output.
    static func line(for value: [UInt8]) -> String {
        "Final message received by client from learner: \(String(decoding: value, as: UTF8.self))\n"
    }

    /// The exit status after the loop has ended.
    ///
    /// A signal before the answer gives 128 and its number, as a shell has it.
    func status(at end: LoopEnd) -> Int32 {
        if hasValue { return ExitStatus.done }
        if case .signal(let number) = end { return 128 + number }
        return hasTimedOut ? ExitStatus.noAnswer : ExitStatus.done
    }
}
