import ConsensusCore

extension ConsensusNode {
    mutating func receivePaxos(
        _ message: Message, from origin: Origin, at now: Instant, into lanes: inout Lanes
    ) {
        switch (part, message) {
        case (.proposer(let proposer), .request(let request)):
            propose(request, by: proposer, from: origin, at: now, into: &lanes)
        case (.proposer(var proposer), .promise(let promise)):
            guard countsVotes(of: origin, into: &lanes) else { return }
            let accept = proposer.receive(promise, from: origin.node)
            part = .proposer(proposer)
            guard let accept else { return }
            lanes.send(.accept(accept), to: cluster.acceptors)
            pacing.phaseBegan(at: now, random: &random)
        case (.proposer(var proposer), .accepted(let accepted)):
            guard countsVotes(of: origin, into: &lanes) else { return }
            let isChosen = proposer.receive(accepted, from: origin.node)
            part = .proposer(proposer)
            if isChosen { pacing.rest() }
        case (.proposer(var proposer), .nack(let nack)):
            guard countsVotes(of: origin, into: &lanes) else { return }
            let isRefused = proposer.receive(nack, from: origin.node)
            part = .proposer(proposer)
            guard isRefused else { return }
            pacing.ballotRefused(at: now, random: &random)
            wakeProposer(at: now, into: &lanes)
        case (.acceptor(let acceptor), .prepare(let prepare)):
            answer(prepare, by: acceptor, to: origin.node, into: &lanes)
        case (.acceptor(let acceptor), .accept(let accept)):
            answer(accept, by: acceptor, to: origin.node, into: &lanes)
        case (.learner(var learner), .accepted(let accepted)):
            guard countsVotes(of: origin, into: &lanes) else { return }
            let chosen = learner.receive(accepted, from: origin.node)
            part = .learner(learner)
            guard let chosen else { return }
            lanes.report(.learned(chosen))
            for position in 0..<cluster.clientCount where !done.contains(position) {
                lanes.send(
                    .chosen(Chosen(value: chosen)), to: cluster.client(at: position))
            }
        case (.learner(let learner), .request(let request)):
            guard let chosen = learner.chosen, cluster.isClient(request.client) else { return }
            lanes.send(.chosen(Chosen(value: chosen)), to: request.client)
        default: return
        }
    }

    /// Whether this life of an acceptor has a vote here; notes the first life it hears of.
    private mutating func countsVotes(of origin: Origin, into lanes: inout Lanes) -> Bool {
        guard cluster.acceptors.contains(origin.node) else { return false }
        roster.note(origin.node, incarnation: origin.stamp.incarnation)
        if roster.admits(origin) { return true }
        lanes.send(.refuse(Refuse(proof: origin.stamp.incarnation)), to: origin.node)
        return false
    }

    // MARK: - Proposer

    private mutating func propose(
        _ request: Request, by proposer: Proposer, from origin: Origin, at now: Instant,
        into lanes: inout Lanes
    ) {
        guard cluster.isClient(request.client), request.client == origin.node else { return }
        var proposer = proposer
        proposer.adopt(request.value)
        part = .proposer(proposer)
        lanes.send(.pending, to: request.client)
        switch proposer.phase {
        case .idle: beginBallot(at: now, into: &lanes)
        case .preparing, .accepting, .refused: return
        case .chosen:
            // A learner that knows answers the client; the rest are helped to know.
            lanes.send(.request(request), to: cluster.learners)
            guard request.attempt > 0, let accept = proposer.repeatAccept() else { return }
            part = .proposer(proposer)
            lanes.send(.accept(accept), to: cluster.acceptors)
            pacing.phaseBegan(at: now, random: &random)
        }
    }

    private mutating func beginBallot(at now: Instant, into lanes: inout Lanes) {
        guard case .proposer(var proposer) = part else { return }
        let prepare = proposer.prepare()
        part = .proposer(proposer)
        guard let prepare else {
            pacing.rest()
            return
        }
        lanes.remember(.ballot(prepare.ballot.number))
        lanes.send(.prepare(prepare), to: cluster.acceptors)
        pacing.phaseBegan(at: now, random: &random)
    }

    /// Sends again or tries again, whichever is due.
    mutating func wakeProposer(at now: Instant, into lanes: inout Lanes) {
        guard case .proposer(let proposer) = part, isEnrolled else { return }
        if now >= pacing.retryTime {
            beginBallot(at: now, into: &lanes)
        } else if now >= pacing.resendTime {
            guard let (message, acceptors) = proposer.unanswered else { return pacing.rest() }
            lanes.send(message, to: acceptors)
            pacing.requestRepeated(at: now, random: &random)
        }
    }

    // MARK: - Acceptor

    private mutating func answer(
        _ prepare: Prepare, by acceptor: Acceptor, to proposer: NodeID, into lanes: inout Lanes
    ) {
        guard cluster.proposers.contains(proposer) else { return }
        var acceptor = acceptor
        let before = acceptor.promised
        switch acceptor.receive(prepare) {
        case .promise(let promise):
            if acceptor.promised != before { lanes.remember(.promised(prepare.ballot)) }
            lanes.send(.promise(promise), to: proposer)
        case .nack(let nack):
            lanes.send(.nack(nack), to: proposer)
        }
        part = .acceptor(acceptor)
    }

    private mutating func answer(
        _ accept: Accept, by acceptor: Acceptor, to proposer: NodeID, into lanes: inout Lanes
    ) {
        guard cluster.proposers.contains(proposer) else { return }
        var acceptor = acceptor
        let before = acceptor.accepted
        switch acceptor.receive(accept) {
        case .accepted(let accepted):
            if acceptor.accepted != before { lanes.remember(.accepted(accepted.proposal)) }
            lanes.send(
                .accepted(accepted), to: cluster.learners.union([proposer]))
        case .nack(let nack):
            lanes.send(.nack(nack), to: proposer)
        }
        part = .acceptor(acceptor)
    }
}
