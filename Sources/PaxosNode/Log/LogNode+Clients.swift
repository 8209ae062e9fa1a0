import ConsensusCore

/// What a node does for clients.
extension LogNode {
    mutating func receiveFromClient(
        _ message: LogMessage, from origin: Origin, at now: Instant, into lanes: inout Lanes
    ) {
        switch message {
        case .request(let request):
            let request = ofThisBirth(request, from: origin, at: now, into: &lanes)
            receive(request, from: origin.node, at: now, into: &lanes)
        case .inquiry: lanes.send(.report(report(at: now)), to: origin.node)
        default: return
        }
    }

    /// A client's request without the commands of a session of another birth: a leader answers that their
    /// session is not known here; a node that does not lead may itself be the one that is left over.
    private mutating func ofThisBirth(
        _ request: LogRequest, from origin: Origin, at now: Instant, into lanes: inout Lanes
    ) -> LogRequest {
        let epoch = origin.stamp.epoch
        guard epoch != 0, birth != 0, epoch != birth else { return request }
        func isForeign(_ operation: LogOperation) -> Bool {
            operation.kind == .command && operation.header.id.session != 0
        }
        let answers = request.operations.filter(isForeign).map {
            LogAnswer(id: $0.header.id, reply: .expired)
        }
        if tenure != nil, !answers.isEmpty {
            lanes.send(
                .reply(LogReply(leader: presentLeader(at: now), answers: answers)),
                to: origin.node)
        }
        return LogRequest(operations: request.operations.filter { !isForeign($0) })
    }

    /// Takes a request if this node leads, and else passes it on to whoever does.
    ///
    /// It is passed on once at most: what another proposer has passed on already is left to the client's
    /// next attempt.
    mutating func receive(
        _ request: LogRequest, from asker: NodeID, at now: Instant, into lanes: inout Lanes
    ) {
        guard ballots != nil, birth != 0 else { return }
        let request = cluster.nodes.contains(asker) ? request : screened(request, asker, at: now)
        guard !request.operations.isEmpty else { return }
        if tenure != nil {
            for operation in request.operations { admit(operation, from: asker, at: now) }
            hurry(at: now)
        } else if !cluster.nodes.contains(asker) {
            vainRequests.note(at: now)
            if preparation == nil, vainRequests.isTimeToInsist(at: now) { patienceTime = now }
            // Learners may answer to this node what another leader, whom it does not hear, has proposed.
            desk.relay(request.operations, from: asker)
            guard let leader = presentLeader(at: now) else { return }
            lanes.send(.request(request), to: leader)
        }
    }

    /// A client's request without the openings of sessions beyond what it may ask for.
    private mutating func screened(
        _ request: LogRequest, _ asker: NodeID, at now: Instant
    ) -> LogRequest {
        guard request.operations.contains(where: \.opensSession) else { return request }
        var screened = request
        screened.operations.removeAll { $0.opensSession && !openings.allows(asker, at: now) }
        return screened
    }

    /// Takes an operation as the leader.
    ///
    /// A command gets a slot only if the state does not know already what became of it.
    private mutating func admit(_ operation: LogOperation, from asker: NodeID, at now: Instant) {
        if operation.kind == .command,
            let standing = learner?.state.standing(of: operation.header)
        {
            if let reply = standing.finalReply {
                return desk.settle(operation.header.id, with: reply, for: asker)
            }
            if standing == .unknown { return desk.doubt(operation, from: asker) }
        }
        desk.admit(operation, from: asker, at: now)
    }

    mutating func receive(_ reply: LogReply, from sender: NodeID, at now: Instant) {
        if desk.route(reply.answers) { vainRequests.didAnswer() }
        hurry(at: now)
    }

    mutating func receive(_ read: ReadAt, from sender: NodeID, at now: Instant) {
        guard let learner, cluster.proposers.contains(sender) else { return }
        desk.hold(read, for: sender)
        desk.lineUpReads(applied: learner.applied)
        if desk.hasLines { hurry(at: now) }
    }

    /// Passes a learner's answers on that found no room before; the rest at the next wake.
    mutating func passAnswers(at now: Instant) {
        guard desk.hasLearned else { return }
        desk.passAnswers(to: followed.map { cluster.owner(of: $0) })
        if desk.hasLearned { hurry(at: now) }
    }

    /// Answers queries as far as there is room; the rest at the next wake, after what has come meanwhile.
    mutating func answerLines(at now: Instant) {
        guard desk.hasLines, let learner else { return }
        desk.answerLines { operation in
            switch operation.kind {
            case .query: return .done(learner.state.read(operation.body.span))
            case .command:
                let standing = learner.state.standing(of: operation.header)
                return standing == .unknown ? .expired : standing.finalReply
            }
        }
        if desk.hasLines { hurry(at: now) }
    }

    /// What this node says of itself.
    private func report(at now: Instant) -> LogReport {
        LogReport(
            isLeading: tenure != nil, ballot: followed?.number, leader: presentLeader(at: now),
            chosen: learner?.chosen ?? tenure?.chosen ?? acceptor?.truncated ?? 0,
            applied: learner?.applied, snapshot: learner?.snapshotSlot ?? 0,
            isVoting: acceptor == nil ? nil : isVoting, digest: learner?.chain.value, birth: birth,
            disputed: doubt.disputed?.applied)
    }
}
