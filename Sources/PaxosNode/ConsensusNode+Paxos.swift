import ConsensusCore

extension ConsensusNode {
    mutating func receivePaxos(
        _ message: Message, from origin: Origin, at now: Instant, into lanes: inout Lanes
    ) {
        if proposer != nil {
            receiveAsProposer(message, from: origin, at: now, into: &lanes)
        } else if acceptor != nil {
            receiveAsAcceptor(message, from: origin, into: &lanes)
        } else if learner != nil {
            receiveAsLearner(message, from: origin, into: &lanes)
        }
    }

    /// Whether this life of an acceptor has a vote here; notes the first life it hears of.
    private mutating func countsVotes(of origin: Origin, into lanes: inout Lanes) -> Bool {
        guard cluster.acceptors.contains(origin.node) else { return false }
        note(origin, into: &lanes)
        if roster.admits(origin) { return true }
        lanes.send(.refuse(Refuse(proof: origin.stamp.incarnation)), to: origin.node)
        return false
    }

    // MARK: - Proposer

    private mutating func receiveAsProposer(
        _ message: Message, from origin: Origin, at now: Instant, into lanes: inout Lanes
    ) {
        switch message {
        case .request(let request):
            propose(request, from: origin, at: now, into: &lanes)
        case .promise(let promise):
            guard countsVotes(of: origin, into: &lanes),
                let accept = proposer?.receive(promise, from: origin.node)
            else { return }
            lanes.send(.accept(accept), to: cluster.acceptors)
            pacing.phaseBegan(at: now, random: &random)
        case .accepted(let accepted):
            guard countsVotes(of: origin, into: &lanes),
                proposer?.receive(accepted, from: origin.node) == true
            else { return }
            pacing.rest()
        case .nack(let nack):
            guard countsVotes(of: origin, into: &lanes),
                proposer?.receive(nack, from: origin.node) == true
            else { return }
            pacing.ballotRefused(at: now, random: &random)
            wakeProposer(at: now, into: &lanes)
        default: return
        }
    }

    private mutating func propose(
        _ request: Request, from origin: Origin, at now: Instant, into lanes: inout Lanes
    ) {
        guard cluster.isClient(request.client), request.client == origin.node else { return }
        proposer?.adopt(request.value)
        lanes.send(.pending, to: request.client)
        switch proposer?.phase {
        case .idle: beginBallot(at: now, into: &lanes)
        case .preparing, .accepting, .refused, nil: return
        case .chosen:
            // A learner that knows answers the client; the rest are helped to know.
            lanes.send(.request(request), to: cluster.learners)
            guard request.attempt > 0, let accept = proposer?.repeatAccept() else { return }
            lanes.send(.accept(accept), to: cluster.acceptors)
            pacing.phaseBegan(at: now, random: &random)
        }
    }

    private mutating func beginBallot(at now: Instant, into lanes: inout Lanes) {
        guard let prepare = proposer?.prepare() else {
            pacing.rest()
            return
        }
        lanes.remember(.ballot(prepare.ballot.number))
        lanes.send(.prepare(prepare), to: cluster.acceptors)
        pacing.phaseBegan(at: now, random: &random)
    }

    /// Sends again or tries again, whichever is due.
    mutating func wakeProposer(at now: Instant, into lanes: inout Lanes) {
        guard proposer != nil, isEnrolled else { return }
        if now >= pacing.retryTime {
            beginBallot(at: now, into: &lanes)
        } else if now >= pacing.resendTime {
            guard let (message, acceptors) = proposer?.unanswered else { return pacing.rest() }
            lanes.send(message, to: acceptors)
            pacing.requestRepeated(at: now, random: &random)
        }
    }

    // MARK: - Acceptor

    private mutating func receiveAsAcceptor(
        _ message: Message, from origin: Origin, into lanes: inout Lanes
    ) {
        guard cluster.proposers.contains(origin.node), mayVote else { return }
        switch message {
        case .prepare(let prepare):
            let before = acceptor?.promised
            switch acceptor?.receive(prepare) {
            case .promise(let promise):
                if promise.ballot != before { lanes.remember(.promised(promise.ballot)) }
                lanes.send(.promise(promise), to: origin.node)
            case .nack(let nack):
                lanes.send(.nack(nack), to: origin.node)
            case nil: return
            }
        case .accept(let accept):
            let before = acceptor?.accepted
            switch acceptor?.receive(accept) {
            case .accepted(let accepted):
                if accepted.proposal != before { lanes.remember(.accepted(accepted.proposal)) }
                lanes.send(.accepted(accepted), to: cluster.learners.union([origin.node]))
            case .nack(let nack):
                lanes.send(.nack(nack), to: origin.node)
            case nil: return
            }
        default: return
        }
    }

    // MARK: - Learner

    private mutating func receiveAsLearner(
        _ message: Message, from origin: Origin, into lanes: inout Lanes
    ) {
        switch message {
        case .accepted(let accepted):
            guard countsVotes(of: origin, into: &lanes),
                let chosen = learner?.receive(accepted, from: origin.node)
            else { return }
            lanes.report(.learned(chosen))
            for position in 0..<cluster.clientCount where !done.contains(position) {
                lanes.send(.chosen(Chosen(value: chosen)), to: cluster.client(at: position))
            }
        case .request(let request):
            guard let chosen = learner?.chosen, cluster.isClient(request.client) else { return }
            lanes.send(.chosen(Chosen(value: chosen)), to: request.client)
        default: return
        }
    }
}
