import ConsensusCore

extension ConsensusNode {
    mutating func receiveEnding(
        _ message: Message, from origin: Origin, at now: Instant, into lanes: inout Lanes
    ) {
        switch message {
        case .done(let done):
            // A guest would end the cluster before its clients have their value.
            guard cluster.nodes.contains(origin.node) || cluster.isClient(origin.node) else {
                return
            }
            markDone(done.clients, into: &lanes)
            if cluster.isClient(origin.node), election.isLeader {
                lanes.send(.doneReceipt, to: origin.node)
            }
        case .shutdown:
            guard cluster.nodes.contains(origin.node) else { return }
            lanes.send(.shutdownReceipt, to: origin.node)
            finish(into: &lanes)
        case .shutdownReceipt:
            guard cluster.nodes.contains(origin.node) else { return }
            ending?.receipt(from: origin.node)
        default: return
        }
    }

    /// Notes clients that are done.
    mutating func markDone(_ clients: ClientSet, into lanes: inout Lanes) {
        let before = done
        guard done.formUnion(clients, below: cluster.clientCount) else { return }
        for position in 0..<cluster.clientCount
        where done.contains(position) && !before.contains(position) {
            lanes.remember(.done(UInt32(position)))
        }
    }

    /// Does what a leader does: shows that it lives, assigns roles, ends the run.
    mutating func lead(at now: Instant, into lanes: inout Lanes) {
        guard election.isLeader, let claim = election.leader, !hasFinished else { return }
        if now >= heartbeatTime {
            let heartbeat = Heartbeat(claim: claim, roster: roster, done: done)
            lanes.send(.heartbeat(heartbeat), to: cluster.nodes.removing(node))
            heartbeatTime = now + Timing.heartbeat
        }
        assignment?.advance(
            claim: claim, roster: roster, at: now, random: &random, into: &lanes)
        guard cluster.clientCount > 0, done.count == cluster.clientCount,
            assignment?.hasBegun == true
        else { return }
        var ending =
            ending
            ?? Ending(others: cluster.nodes.removing(node), heard: election.heard, at: now)
        let canEnd = ending.advance(
            heard: election.heard, at: now, random: &random, into: &lanes)
        self.ending = ending
        if canEnd { finish(into: &lanes) }
    }

    private mutating func finish(into lanes: inout Lanes) {
        guard options.whenClientsAreDone == .end, !hasFinished else { return }
        hasFinished = true
        lanes.report(.finished)
    }
}
