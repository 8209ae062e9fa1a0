import ConsensusCore
import PaxosNode
import Simulation

/// What must hold, judged from what was asked and answered, not from what a proposer or an acceptor
/// thinks of itself.
extension PaxosModel {
    func violation(in state: PaxosState) -> Violation? {
        let chosen = chosenSlots(in: state)
        var values = learned(in: state)
        for slot in members(chosen) { values |= 1 &<< UInt64(valueCode(slot, in: state)) }
        if values.nonzeroBitCount > 1 { return disagreement(chosen, state) }
        if let strange = strangeProposal(in: state) { return strange }
        guard bug == nil else { return nil }
        return unfoundedLesson(chosen, state)
    }

    /// A learner has learned a value, which the properties compare with the chosen one.
    func isGoal(_ state: PaxosState) -> Bool { state.learned != 0 }

    /// The slots at which a majority of the acceptors has accepted.
    func chosenSlots(in state: PaxosState) -> UInt64 {
        var result: UInt64 = 0
        for slot in members(votes(in: state)) {
            var voters = 0
            for index in 0..<acceptorCount {
                voters &+= Int(state.acceptors[index].votes &>> UInt64(slot) & 1)
            }
            if voters >= majority.size { result |= 1 &<< UInt64(slot) }
        }
        return result
    }

    /// The codes of the values that learners have learned.
    private func learned(in state: PaxosState) -> UInt64 {
        var result: UInt64 = 0
        for learner in 0..<learnerCount where state.learned(by: learner) > 0 {
            result |= 1 &<< UInt64(state.learned(by: learner))
        }
        return result
    }

    private func disagreement(_ chosen: UInt64, _ state: PaxosState) -> Violation {
        var facts: [String] = []
        let slots = members(chosen).sorted { ballot($0, in: state) < ballot($1, in: state) }
        for slot in slots {
            let value = text(value(valueCode(slot, in: state)))
            let number = ballot(slot, in: state).number
            facts.append("a majority of the acceptors has accepted \(value) at ballot \(number)")
        }
        for learner in 0..<learnerCount where state.learned(by: learner) > 0 {
            let value = text(value(state.learned(by: learner)))
            facts.append("learner \(self.learner(learner)) has learned \(value)")
        }
        return Violation(property: "agreement", explanation: facts.joined(separator: ", and "))
    }

    /// Validity: what is put forward is the value of a proposer that has begun.
    private func strangeProposal(in state: PaxosState) -> Violation? {
        guard !state.isObserved else { return nil }
        for slot in 0..<slotCount {
            let code = valueCode(slot, in: state)
            if code == 0 { continue }
            if code <= values.count && state.proposers[code - 1].begun > 0 { continue }
            let number = ballot(slot, in: state).number
            let value = text(value(code))
            return Violation(
                property: "validity",
                explanation: "ballot \(number) proposes \(value), which nobody asked for")
        }
        return nil
    }

    /// What is learned has been chosen: stronger than agreement, so a bug is not given away by it.
    private func unfoundedLesson(_ chosen: UInt64, _ state: PaxosState) -> Violation? {
        for learner in 0..<learnerCount where state.learned(by: learner) > 0 {
            let learned = state.learned(by: learner)
            let isChosen = members(chosen).contains { valueCode($0, in: state) == learned }
            if isChosen { continue }
            return Violation(
                property: "quorum",
                explanation: "learner \(self.learner(learner)) has learned "
                    + "\(text(value(learned))), which no majority has accepted at one ballot")
        }
        return nil
    }

    func learner(_ index: Int) -> NodeID {
        NodeID(index: proposerCount &+ acceptorCount &+ index)
    }
}
