import ConsensusCore

/// How a node makes sure of what others say.
extension LogNode {
    /// Whether a message may be acted on; one that speaks of what is too far ahead for one node's word has
    /// all be asked first.
    mutating func believes(_ message: LogMessage, from sender: NodeID, at now: Instant) -> Bool {
        hearsay.know(
            chosen: max(learner?.chosen ?? 0, tenure?.chosen ?? 0, acceptor?.truncated ?? 0),
            ballot: max(highestBallot?.number ?? 0, acceptor?.promised?.number ?? 0))
        let present = acquaintance.present
        if hearsay.believes(message.claim, from: sender, present: present, at: now) {
            return true
        }
        if case .testimony = message { return true }
        doubt.ask(at: now)
        return false
    }

    /// Compares what another learner has applied with what was applied here.
    mutating func compare(
        _ claim: StateClaim, of other: NodeID, at now: Instant, into lanes: inout Lanes
    ) {
        guard claim.applied > 0, let chain = learner?.chain(at: claim.applied),
            chain != claim.chain
        else { return }
        let own = StateClaim(applied: claim.applied, chain: chain)
        guard doubt.dispute(own, with: other, at: now) else { return }
        lanes.report(.contradiction(other, at: claim.applied))
    }

    /// Another learner says that another value was chosen in a slot that was applied here.
    mutating func dispute(
        _ slot: Slot, with other: NodeID, at now: Instant, into lanes: inout Lanes
    ) {
        guard let chain = learner?.chain(at: slot),
            doubt.dispute(StateClaim(applied: slot, chain: chain), with: other, at: now)
        else { return }
        lanes.report(.contradiction(other, at: slot))
    }

    /// What this node has applied, if it applies.
    var claim: StateClaim {
        StateClaim(applied: learner?.applied ?? 0, chain: learner?.chain.value ?? 0)
    }

    mutating func sendQuestion(at now: Instant, into lanes: inout Lanes) {
        let question = doubt.question(at: now, random: &random)
        lanes.send(.question(question), to: cluster.nodes.removing(node))
    }

    mutating func receive(
        _ question: Question, from sender: NodeID, at now: Instant, into lanes: inout Lanes
    ) {
        compare(question.claim, of: sender, at: now, into: &lanes)
        lanes.send(
            .testimony(
                Testimony(
                    number: question.number, isVoting: acceptor == nil || isVoting,
                    // One that follows and learns nothing itself has what it believes its leader.
                    chosen: learner?.chosen ?? hearsay.chosen,
                    ballot: highestBallot, chain: learner?.chain(at: question.claim.applied))),
            to: sender)
    }

    mutating func receive(
        _ testimony: Testimony, from sender: NodeID, at now: Instant, into lanes: inout Lanes
    ) {
        if doubt.asked(for: testimony) {
            hearsay.swear(LogMessage.testimony(testimony).claim, by: sender, at: now)
        }
        let learners = Majority(of: cluster.learners)
        guard doubt.take(testimony, from: sender, learners: learners),
            let position = doubt.disputed?.applied
        else { return }
        lanes.report(.contradicted(at: position))
    }
}
