import ConsensusCore
import PaxosNode
import UDPRuntime

/// What clidriver says about the nodes of a log service.
enum ServiceText {
    /// A sentence for the person who must act.
    static func sentence(for failure: ClientFailure) -> String {
        switch failure {
        case .timedOut(let silence): return sentence(for: silence)
        case .sessionExpired:
            return "The service has forgotten this client: too many others came since, or it was "
                + "begun anew. The command may have been carried out or not; look, and try again."
        case .superseded:
            return "The service takes this client to have an answer that it does not have. "
                + "The command may have been carried out or not; look, and try again."
        case .sessionRefused:
            return "The service has no room for another client: all that it knows used it lately. "
                + "The command was not carried out; try again later."
        case .tooLarge(let size, let limit):
            return "It has \(size) bytes; expected at most \(limit)."
        }
    }

    /// The exit status that goes with it.
    static func status(for failure: ClientFailure) -> Int32 {
        failure == .sessionRefused ? ExitStatus.noRoom : ExitStatus.noAnswer
    }

    private static func sentence(for silence: QuorumSilence) -> String {
        let milliseconds = silence.timeout.nanoseconds / 1_000_000
        let voters = silence.acceptors.intersection(silence.present)
            .subtracting(silence.withoutVote)
        let majority = Majority(of: silence.acceptors)
        let silent = silence.nodes.subtracting(silence.present)
        var sentence =
            "No answer within \(seconds(milliseconds)) s: \(voters.count) of "
            + "\(silence.acceptors.count) nodes that vote answered, and a majority needs "
            + "\(majority.size)"
        sentence += silent.isEmpty ? "; no node is silent" : "; silent: \(list(silent))"
        if !silence.withoutVote.isEmpty {
            sentence += "; present without a vote: \(list(silence.withoutVote))"
        }
        return sentence + ". A command may have been carried out or not."
    }

    private static func list(_ nodes: NodeSet) -> String {
        nodes.map { "node \($0)" }.joined(separator: ", ")
    }

    private static func seconds(_ milliseconds: Int64) -> String {
        let rest = milliseconds % 1_000
        guard rest != 0 else { return "\(milliseconds / 1_000)" }
        return "\(milliseconds / 1_000)." + String(String(1_000 + rest).dropFirst())
    }

    /// One line a node; it fails if all are silent.
    static func ending(for statuses: [NodeStatus], hosts: HostsFile) -> ServiceDialogue.Ending {
        // Nodes of other births know nothing of how far this one has come.
        let birth = ServiceText.mainBirth(of: statuses)
        var ending = ServiceDialogue.Ending()
        for status in statuses {
            let host = hosts.hosts[status.node.index]
            ending.output += "\(status.node) \(host.name):\(host.port) "
            if let report = status.report {
                let peers = statuses.compactMap(\.report).filter { $0.birth == report.birth }
                ending.output += up(report, chosen: peers.map(\.chosen).max() ?? 0)
                if report.birth != birth, report.birth != 0 { ending.output += " OF ANOTHER BIRTH" }
            } else {
                ending.output += "silent"
            }
            ending.output += "\n"
        }
        if statuses.allSatisfy({ $0.report == nil }) {
            ending.status = ExitStatus.noAnswer
            ending.complaint = "No node answers. Are they running, with this hosts file?"
        }
        return ending
    }

    /// The birth that most of the nodes belong to.
    private static func mainBirth(of statuses: [NodeStatus]) -> UInt64 {
        let births = statuses.compactMap { $0.report?.birth }.filter { $0 != 0 }
        return births.max { first, second in
            births.count { $0 == first } < births.count { $0 == second }
        } ?? 0
    }

    private static func up(_ report: NodeStatus.Report, chosen: UInt64) -> String {
        var line = "up \(report.role)"
        line += report.ballot.map { " ballot \($0)" } ?? " no ballot"
        line += " chosen \(report.chosen)"
        if let applied = report.applied {
            line += " applied \(applied) lag \(chosen > applied ? chosen - applied : 0)"
        }
        if report.isVoting == false { line += " without vote" }
        line += report.birth == 0 ? " no birth" : " birth \(Birth.name(of: report.birth))"
        if let position = report.disputed { line += " CONTRADICTED AT \(position)" }
        return line
    }
}
