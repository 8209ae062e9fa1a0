import ConsensusCore
import PaxosNode
import Simulation

/// What may become of the sessions of clients that keep the rules, as the simulated ones do.
struct SessionWitness {
    private let sizes: SessionSizes
    /// The openings that were chosen.
    var openings: Set<CommandID> = []
    /// By owner: below what its client has said to have all answers.
    private var answeredBelow: [UInt64: UInt64] = [:]

    /// By owner: the session that was opened for it.
    private var sessionOf: [UInt64: UInt64] = [:]
    private var isJudging = true

    init(_ sizes: SessionSizes) {
        self.sizes = sizes
    }

    /// A client sends a command.
    mutating func didSend(_ header: CommandHeader) {
        let known = answeredBelow[header.id.owner] ?? 0
        answeredBelow[header.id.owner] = max(known, header.answeredBelow)
    }

    /// Somebody repeats a client's command, and may say of it what he likes.
    mutating func didForge(_ header: CommandHeader) {
        if answeredBelow[header.id.owner] != nil { didSend(header) }
    }

    /// The cluster has begun anew, and knows nothing of the sessions of the one before.
    mutating func beginAnew() {
        isJudging = false
    }

    /// A node answers a client.
    ///
    /// - Throws: the violation that the answer is.
    mutating func check(_ answer: LogAnswer, by node: NodeID) throws(Violation) {
        let id = answer.id
        if case .opened(let session) = answer.reply { sessionOf[id.owner] = session }
        // Whoever speaks for a session that is not his may be told anything.
        guard isJudging, sessionOf[id.owner] == id.session else { return }
        let floor = answeredBelow[id.owner] ?? 0
        switch answer.reply {
        case .superseded:
            guard id.sequence >= floor else { return }
            throw Violation(
                property: "sessions",
                explanation: "node \(node) takes command \(inWords(id)) for answered, whose client "
                    + "has the answers below \(floor)")
        case .expired:
            guard openings.count <= sizes.limit, !sizes.isShortOfReplies else { return }
            throw Violation(
                property: "sessions",
                explanation: "node \(node) does not know session \(id.session), and no more than "
                    + "\(openings.count) were ever opened")
        case .done, .opened, .crowded, .refused: return
        }
    }
}
