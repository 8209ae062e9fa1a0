import ConsensusCore
import PaxosNode
import UDPRuntime

/// What a con node prints.
enum NodeReport {
    /// The text for standard output that an output stands for; nil if it has none.
    static func text(for output: NodeOutput, of node: NodeID) -> String? {
        switch output {
        case .elected:
            "\n" + String(repeating: "=", count: 33) + "\nNode ID \(node) IS THE LEADER\n"
        case .assigned(let role): "Node ID \(node) is running as a \(role)\n"
        case .learned, .refused, .finished: nil
        }
    }

    /// Prints an output and says how to go on.
    static func report(_ output: NodeOutput, of node: NodeID) throws(ExitError) -> LoopDecision {
        if let text = text(for: output, of: node) { try Console.print(text) }
        switch output {
        case .refused:
            Console.complain(
                "condriver: node \(node) has been started again without what it had promised, so "
                    + "the others refuse its votes for the rest of this run. They go on without it."
            )
        case .finished: return .stop
        case .elected, .assigned, .learned: break
        }
        return .continue
    }
}
