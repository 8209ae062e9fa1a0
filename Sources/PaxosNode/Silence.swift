public import ConsensusCore

/// What a client knows when it gives up: who answered of late and who did not.
public struct Silence: Hashable, Sendable, CustomStringConvertible {
    public let timeout: Interval
    public let cluster: Cluster
    /// The con nodes that answered of late.
    public let present: NodeSet
    /// Those of them that hold their role and whose votes count.
    public let enrolled: NodeSet
    /// Those of them that said that they hold no role, or that their votes are refused.
    public let idle: NodeSet
    /// Whether a leader has told the client who the proposers are.
    public let wasAssigned: Bool

    /// The con nodes that did not answer.
    public var silent: NodeSet { cluster.nodes.subtracting(present) }

    /// The acceptors that answered and whose votes count.
    public var answeringAcceptors: NodeSet { cluster.acceptors.intersection(enrolled) }

    /// A sentence for the person who must act.
    public var description: String {
        let majority = cluster.majority
        let seconds = timeout.nanoseconds / 1_000_000_000
        let milliseconds = timeout.nanoseconds / 1_000_000 % 1_000
        let time = milliseconds == 0 ? "\(seconds)" : "\(seconds).\(padded(milliseconds))"
        var sentence = "No value was learned within \(time) s: "
        sentence +=
            "\(answeringAcceptors.count) of \(cluster.acceptors.count) acceptors answered, "
            + "and a majority needs \(majority.size)"
        sentence += silent.isEmpty ? "; no node is silent" : "; silent: \(list(silent))"
        if !idle.isEmpty { sentence += "; present without a role or a vote: \(list(idle))" }
        if !wasAssigned { sentence += "; no leader has assigned the roles" }
        return sentence + "."
    }

    private func list(_ nodes: NodeSet) -> String {
        nodes.map { node in
            "node \(node)" + (cluster.role(of: node).map { " (\("\($0)".lowercased()))" } ?? "")
        }.joined(separator: ", ")
    }

    private func padded(_ milliseconds: Int64) -> String {
        let digits = String(milliseconds)
        return String(repeating: "0", count: 3 - digits.count) + digits
    }
}
