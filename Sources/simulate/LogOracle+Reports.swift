import ConsensusCore
import PaxosNode
import Simulation

/// What hosts report.
extension LogOracle {
    mutating func didOutput(_ output: LogHost.Output, on node: NodeID, at time: Instant) {
        switch output {
        case .node(let output): take(output, of: node)
        case .worker(.begins(let operation, let process)):
            history.begin(operation, by: process, at: time)
            tally.operations += 1
        case .worker(.ends(let process, let reply)):
            tally.answers += 1
            guard history.end(process, with: reply, at: time) else {
                return violate("answers", "client \(node) gets an answer that is none")
            }
        case .worker(.fails(_, .sessionExpired)): tally.expirations += 1
        case .worker(.fails(_, .superseded)):
            violate("sessions", "client \(node) has somebody else speak for it")
        case .worker(.fails): tally.timeouts += 1
        case .worker(.isNeglected):
            // Those that stay broken may lead, and do little with it, again and again.
            guard cluster.nodes.isSubset(of: healed) else { return }
            violate(
                "liveness", "client \(node) waits in vain for nodes that have answered just before")
        case .worker(.concludes): concluded.insert(node)
        }
    }

    private mutating func take(_ output: LogOutput, of node: NodeID) {
        if isFormer(node) { return }
        switch output {
        case .leads(let ballot): lead(ballot, by: node)
        case .refused: tally.refusals += 1
        case .stranger(let other, _, _):
            tally.strangers += 1
            if formerBirths.isEmpty {
                violate("one history", "node \(node) takes \(other) for a stranger")
            }
        case .contradiction, .contradicted:
            violate("one history", "node \(node) reports \(output.story)")
        case .applied(let slot, let value): apply(slot, value, by: node)
        case .restored(let slot):
            if slot <= applied[node.index] && recoverable[node.index] == nil {
                violate("order", "learner \(node) goes back to slot \(slot)")
            }
            if slot > disks[node.index].chosen {
                violate("durability", "learner \(node) goes on from slot \(slot), not on its disk")
            }
            recover(after: slot, by: node)
            applied[node.index] = slot
        }
    }

    /// Checks, when a life of a learner first says how far it has applied, that it has lost nothing.
    private mutating func recover(after slot: Slot, by node: NodeID) {
        if let least = recoverable[node.index], slot < least {
            violate(
                "recovery",
                "learner \(node) goes on from slot \(slot), with all up to slot \(least) on its "
                    + "disk")
        }
        recoverable[node.index] = nil
    }

    private mutating func lead(_ ballot: Ballot, by node: NodeID) {
        tally.leaders += 1
        let disk = disks[node.index]
        let isPromised = disk.hasVote(node) && (disk.promised.map { $0 >= ballot } ?? false)
        do throws(Violation) {
            try reigns.lead(
                ballot, by: node, life: lives[node.index], isPromised ? disk : nil)
        } catch {
            violate(error)
        }
    }

    private mutating func apply(_ slot: Slot, _ value: [UInt8], by node: NodeID) {
        recover(after: 0, by: node)
        let expected = applied[node.index] + 1
        applied[node.index] = slot
        if slot != expected {
            violate("order", "learner \(node) applies slot \(slot), expected \(expected)")
        }
        guard let chosen = ledger.chosen(in: slot) else {
            return violate(
                "quorum",
                "learner \(node) applies \(inWords(value)) in slot \(slot), which no majority has "
                    + "accepted at one ballot")
        }
        guard chosen == value else {
            return violate(
                "agreement",
                "learner \(node) applies \(inWords(value)) in slot \(slot), where "
                    + "\(inWords(chosen)) was chosen")
        }
    }
}
