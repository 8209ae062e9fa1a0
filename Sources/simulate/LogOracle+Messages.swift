import ConsensusCore
import PaxosNode
import Simulation

/// What messages show.
extension LogOracle {
    mutating func didSend(
        _ message: LogMessage, from node: NodeID, to recipients: Recipients, at time: Instant
    ) {
        guard cluster.nodes.contains(node) else { return noteRequest(message) }
        if isFormer(node) { return checkMemory(message, of: node) }
        do throws(Violation) {
            switch message {
            case .prepare(let prepare): try check(prepare, by: node)
            case .promise(let promise): try check(promise, of: node)
            case .accept(let accept): try check(accept, by: node)
            case .accepted(let accepted): try check(accepted, of: node)
            case .heartbeat(let heartbeat): try check(heartbeat, by: node)
            case .pulse(let pulse): try check(pulse, of: node)
            case .nack: tally.nacks += 1
            case .chosen(let chosen): try check(chosen, of: node)
            case .snapshotPart(let part):
                tally.snapshotParts += 1
                try checkClaim(part.slot, by: node)
            case .read(let read):
                for operation in read.operations { try checkQuery(operation.header.id, by: node) }
            case .reply(let reply):
                for answer in reply.answers {
                    // A guest's command may have no owner either, and is refused.
                    if answer.id.owner == 0, case .done = answer.reply {
                        try checkQuery(answer.id, by: node)
                    }
                    try sessions.check(answer, by: node)
                }
            default: return
            }
        } catch {
            violate(error)
        }
    }

    mutating func didReceive(
        _ message: LogMessage, from origin: Origin, on node: NodeID, at time: Instant
    ) {
        guard cluster.nodes.contains(node) else { return }
        guard cluster.nodes.contains(origin.node) else {
            // A client's queries begin where they are first heard.
            if case .request(let request) = message { queries.didReceive(request, on: node) }
            return
        }
        switch message {
        case .promise(let promise): reigns.note(promise, from: origin.node)
        case .pulse(let pulse): queries.didReceive(pulse, from: origin.node, on: node)
        case .request(let request): queries.didReceive(request, on: node)
        case .read(let read):
            for operation in read.operations {
                queries.didReceive(confirmed: operation.header.id, on: node)
            }
        case .reply(let reply):
            for answer in reply.answers where answer.id.owner == 0 {
                queries.didReceive(confirmed: answer.id, on: node)
            }
        default: return
        }
    }

    private mutating func noteRequest(_ message: LogMessage) {
        guard case .request(let request) = message else { return }
        for operation in request.operations {
            guard operation.kind == .command else {
                questions[operation.header.id] = operation.body
                continue
            }
            let id = operation.header.id
            requests[id] = operation.body
            answeredBelow[id] = max(
                operation.header.answeredBelow, answeredBelow[id, default: 0])
            sessions.didSend(operation.header)
        }
    }

    // MARK: - Phase 1

    private mutating func check(_ prepare: LogPrepare, by node: NodeID) throws(Violation) {
        if case .another = prepared.note(prepare.ballot, by: lives[node.index]) {
            throw Violation(
                property: "one life a ballot",
                explanation: BallotLives.complaint(of: node, prepare.ballot))
        }
        guard disks[node.index].ballotNumber == prepare.ballot.number else {
            throw Violation(
                property: "ballots",
                explanation: "proposer \(node) prepares ballot \(prepare.ballot) before that is on "
                    + "its disk")
        }
        if reigns.note(prepare) { try checkClaim(prepare.from - 1, by: node) }
    }

    private func check(_ promise: LogPromise, of node: NodeID) throws(Violation) {
        try checkVoice(of: node)
        let ballot = promise.ballot
        let promised = disks[node.index].promised
        if let promised, ballot < promised {
            throw Violation(
                property: "promises",
                explanation:
                    "acceptor \(node) promises ballot \(ballot), having promised \(promised)")
        } else if promised != ballot {
            throw Violation(
                property: "durability",
                explanation:
                    "acceptor \(node) promises ballot \(ballot) before that is on its disk")
        }
        try checkClaim(promise.truncated, by: node)
        try checkReport(promise, of: node)
    }

    /// A page has all that was accepted, below the ballot promised, in the slots that it covers.
    private func checkReport(_ promise: LogPromise, of node: NodeID) throws(Violation) {
        let disk = disks[node.index]
        var slot = max(promise.from, promise.truncated + 1)
        let end = promise.next ?? (disk.lastAccepted + 1)
        while slot < end {
            if let acceptance = disk.acceptance(in: slot), acceptance.ballot < promise.ballot,
                !promise.entries.contains(where: {
                    $0.slot == slot && $0.acceptance == acceptance
                })
            {
                throw Violation(
                    property: "reports",
                    explanation: "acceptor \(node) promises ballot \(promise.ballot) and does not "
                        + "say that it has accepted \(inWords(acceptance.value)) in slot \(slot) at "
                        + "ballot \(acceptance.ballot)")
            }
            slot += 1
        }
    }

    /// An acceptor promises and votes only in a life that may.
    private func checkVoice(of node: NodeID) throws(Violation) {
        try checkMemory(of: node)
        guard !disks[node.index].mayVote(node) else { return }
        throw Violation(
            property: "durability",
            explanation: "acceptor \(node) takes part before it is on its disk that it may")
    }

    private func checkMemory(of node: NodeID) throws(Violation) {
        let lost = lostVotes[node.index]
        guard lost != 0, disks[node.index].birth?.identifier == lost else { return }
        throw Violation(
            property: "amnesia",
            explanation: "acceptor \(node), which lost its disk, takes part again")
    }

    /// Of a node of a former cluster nothing else counts.
    private mutating func checkMemory(_ message: LogMessage, of node: NodeID) {
        switch message {
        case .promise, .accepted: break
        default: return
        }
        do throws(Violation) {
            try checkMemory(of: node)
        } catch {
            violate(error)
        }
    }

    // MARK: - Phase 2

    private mutating func check(_ accept: LogAccept, by node: NodeID) throws(Violation) {
        try reigns.checkLeader(of: accept.ballot, node, life: lives[node.index])
        var slot = accept.first
        for value in accept.values {
            if ledger.proposal(at: accept.ballot, in: slot) == nil {
                try reigns.check(value, at: accept.ballot, in: slot, by: node)
            }
            try ledger.propose(value, at: accept.ballot, in: slot, by: node)
            slot += 1
        }
        try reigns.claim(accept.chosen, at: accept.ballot, by: node, ledger)
    }

    private func check(_ accepted: LogAccepted, of node: NodeID) throws(Violation) {
        try checkVoice(of: node)
        for range in accepted.slots {
            for slot in range.first...range.last
            where !ledger.hasVote(of: node, at: accepted.ballot, in: slot) {
                throw Violation(
                    property: "durability",
                    explanation: "acceptor \(node) votes in slot \(slot) at ballot "
                        + "\(accepted.ballot) before that is on its disk")
            }
        }
    }

    private mutating func check(_ heartbeat: LogHeartbeat, by node: NodeID) throws(Violation) {
        queries.didSend(heartbeat, by: node)
        try reigns.checkLeader(of: heartbeat.ballot, node, life: lives[node.index])
        try reigns.claim(heartbeat.chosen, at: heartbeat.ballot, by: node, ledger)
    }

    private func check(_ pulse: Pulse, of node: NodeID) throws(Violation) {
        if pulse.snapshot > disks[node.index].snapshot {
            throw Violation(
                property: "durability",
                explanation: "learner \(node) says that it has a snapshot at slot "
                    + "\(pulse.snapshot), which is not on its disk")
        }
        guard cluster.acceptors.contains(node), pulse.isVoting else { return }
        try checkVoice(of: node)
        guard let promised = disks[node.index].promised, promised > pulse.ballot else { return }
        throw Violation(
            property: "promises",
            explanation: "acceptor \(node) says that it follows ballot \(pulse.ballot), having "
                + "promised \(promised)")
    }

    // MARK: - What is chosen

    private func check(_ chosen: ChosenValues, of node: NodeID) throws(Violation) {
        try checkClaim(chosen.chosen, by: node)
        var slot = chosen.first
        for value in chosen.values {
            guard ledger.chosen(in: slot) == value else {
                throw Violation(
                    property: "claims",
                    explanation: "node \(node) says that \(inWords(value)) was chosen in slot "
                        + "\(slot), " + ledger.told(of: slot))
            }
            slot += 1
        }
    }

    /// All slots up to one are chosen, as a node says.
    private func checkClaim(_ slot: Slot, by node: NodeID) throws(Violation) {
        guard slot > ledger.prefix else { return }
        throw Violation(
            property: "claims",
            explanation: "node \(node) says that the slots up to \(slot) are chosen, but slot "
                + "\(ledger.prefix + 1) is not")
    }

    private func checkQuery(_ id: CommandID, by node: NodeID) throws(Violation) {
        try queries.check(id, by: node, isVoting: disks[node.index].mayVote(node))
    }
}
