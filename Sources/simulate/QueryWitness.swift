import ConsensusCore
import PaxosNode
import Simulation

/// Which queries may be answered: those for which, after they came, a majority of the acceptors has
/// confirmed whom it follows (Ongaro's dissertation, section 6.4).
struct QueryWitness {
    /// A heartbeat's ballot and round.
    private struct Beat {
        var ballot: Ballot
        var round: UInt64
    }

    private struct Question: Hashable {
        var id: CommandID
        var node: NodeID
    }

    private let cluster: LogCluster
    /// By node: its last heartbeat.
    private var beats: [Beat?]
    /// By the node that it came to: the last heartbeat before a query came first; nil if there was none.
    private var asked: [Question: Beat?] = [:]
    /// What a node may answer or pass on, as somebody else has confirmed it.
    private var passed: Set<Question> = []
    /// By node and acceptor: the highest round of each ballot that the acceptor has answered.
    private var pulses: [[[Ballot: UInt64]]]

    init(_ cluster: LogCluster) {
        self.cluster = cluster
        let count = cluster.nodeCount
        beats = Array(repeating: nil, count: count)
        pulses = Array(repeating: Array(repeating: [:], count: count), count: count)
    }

    mutating func didSend(_ heartbeat: LogHeartbeat, by node: NodeID) {
        beats[node.index] = Beat(ballot: heartbeat.ballot, round: heartbeat.round)
    }

    mutating func didReceive(_ pulse: Pulse, from acceptor: NodeID, on node: NodeID) {
        guard pulse.isVoting else { return }
        let known = pulses[node.index][acceptor.index][pulse.ballot] ?? 0
        pulses[node.index][acceptor.index][pulse.ballot] = max(known, pulse.round)
    }

    mutating func didReceive(_ request: LogRequest, on node: NodeID) {
        for operation in request.operations where operation.kind == .query {
            let question = Question(id: operation.header.id, node: node)
            if asked[question] == nil { asked[question] = .some(beats[node.index]) }
        }
    }

    /// A node gets an answer to pass on, or a query that it may answer.
    mutating func didReceive(confirmed id: CommandID, on node: NodeID) {
        passed.insert(Question(id: id, node: node))
    }

    /// A node answers a query, or has a learner answer it.
    ///
    /// - Parameter isVoting: whether it is an acceptor with a vote itself.
    /// - Throws: the violation that it is.
    func check(_ id: CommandID, by node: NodeID, isVoting: Bool) throws(Violation) {
        let question = Question(id: id, node: node)
        if passed.contains(question) { return }
        var confirmers: NodeSet = isVoting ? [node] : []
        if let last = beats[node.index], let asked = asked[question] {
            let before = asked.map { $0.ballot == last.ballot ? $0.round : 0 } ?? 0
            for acceptor in cluster.acceptors.removing(node) {
                let round = pulses[node.index][acceptor.index][last.ballot] ?? 0
                if round > before { confirmers.insert(acceptor) }
            }
        }
        if cluster.majority.isReached(by: confirmers) { return }
        throw Violation(
            property: "queries",
            explanation: "node \(node) answers a query without the word of a majority that it led "
                + "when that was asked")
    }
}
