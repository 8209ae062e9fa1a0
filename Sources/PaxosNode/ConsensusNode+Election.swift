import ConsensusCore

extension ConsensusNode {
    mutating func receiveElection(
        _ message: Message, from origin: Origin, at now: Instant, into lanes: inout Lanes
    ) {
        // Clients ask who is there; who leads is a matter of the nodes.
        if message != .probe, !cluster.nodes.contains(origin.node) { return }
        switch message {
        case .token(let token):
            let outcome = election.receive(
                token, from: origin.node, at: now, random: &random, into: &lanes)
            apply(outcome, at: now, into: &lanes)
        case .elected(let elected):
            let outcome = election.receive(
                elected, from: origin.node, at: now, random: &random, into: &lanes)
            apply(outcome, at: now, into: &lanes)
        case .receipt(let receipt):
            let outcome = election.receive(receipt, from: origin.node, at: now, random: &random)
            apply(outcome, at: now, into: &lanes)
        case .probe:
            let present = Present(
                isEnrolled: isEnrolled && mayVote, following: election.vouchedLeader(at: now))
            lanes.send(.present(present), to: origin.node)
        case .present(let present):
            guard let claim = present.following else { return }
            let outcome = election.receive(
                claim, isFirstHand: false, at: now, random: &random)
            apply(outcome, at: now, into: &lanes)
        case .heartbeat(let heartbeat):
            receive(heartbeat, from: origin, at: now, into: &lanes)
        default: return
        }
    }

    private mutating func receive(
        _ heartbeat: Heartbeat, from origin: Origin, at now: Instant, into lanes: inout Lanes
    ) {
        let claim = heartbeat.claim
        guard claim.leader == origin.node, claim.incarnation == origin.stamp.incarnation else {
            return
        }
        let outcome = election.receive(claim, isFirstHand: true, at: now, random: &random)
        apply(outcome, at: now, into: &lanes)
        if let higher = election.vouchedLeader(at: now), higher > claim, isEnrolled {
            // It does not hear the leader that this node hears: it is to join that one's run.
            relayAssignment(to: origin, claim: higher, into: &lanes)
        }
        // The leader is in another epoch: the higher one is to prevail, so let the two compare.
        if election.leader == claim, origin.stamp.epoch != 0,
            origin.stamp.epoch != enrollment.epoch, enrollment.askTime == .never
        {
            enrollment.ask(at: now)
        }
        // What it tells of the run counts only from the run this node is in.
        guard enrollment.includes(origin.stamp.epoch), election.leader == claim else { return }
        let knowsLives = !isEnrolled || roster.isCovered(by: heartbeat.roster)
        if !knowsLives {
            sendConfirm(of: claim, epoch: origin.stamp.epoch, to: origin.node, into: &lanes)
        }
        learn(heartbeat.roster, into: &lanes)
        vouch(heartbeat.roster, into: &lanes)
        markDone(heartbeat.done, into: &lanes)
        let knowsDone = done.isSubset(of: heartbeat.done)
        if !knowsDone { lanes.send(.done(Done(clients: done)), to: origin.node) }
        guard !knowsDone || !knowsLives else {
            ignoredSince = nil
            return
        }
        let since = ignoredSince ?? now
        ignoredSince = since
        if now >= since + Timing.deafnessPatience {
            ignoredSince = nil
            let outcome = election.abandonLeader(at: now, random: &random, into: &lanes)
            apply(outcome, at: now, into: &lanes)
        }
    }

    /// Carries out what an election event has led to.
    mutating func apply(
        _ outcome: RingElection.Outcome, at now: Instant, into lanes: inout Lanes
    ) {
        if !election.isLeader { resign() }
        switch outcome {
        case .nothing:
            return
        case .elected:
            if !hasReportedLeading { lanes.report(.elected) }
            hasReportedLeading = true
            enrollment.stopAsking()
            heartbeatTime = now
            var assignment = RoleAssignment(cluster: cluster)
            for guest in guests { assignment.join(guest) }
            self.assignment = assignment
            if election.newsReturned { beginAssignment(at: now, into: &lanes) }
        case .newsReturned:
            beginAssignment(at: now, into: &lanes)
        case .follows:
            ignoredSince = nil
            followedSince = now
            enrollment.ask(at: now)
            askToJoin(at: now, into: &lanes)
        }
    }

    /// Gives up what only a leader does.
    private mutating func resign() {
        assignment = nil
        ending = nil
        heartbeatTime = .never
    }

    /// Asks the leader for an assignment; every con node, if that has been in vain.
    ///
    /// A leader that leaves a node without a role, or an acceptor without its vote, for long is taken for dead, whatever is heard of it.
    mutating func askToJoin(at now: Instant, into lanes: inout Lanes) {
        guard !election.isLeader, !isRefused,
            election.leader != nil || !hasRole || !mayVote
        else {
            enrollment.stopAsking()
            return
        }
        let join = enrollment.nextQuestion(at: now, random: &random)
        if election.leader != nil, !hasRole || !mayVote,
            now >= followedSince + Timing.uselessPatience
        {
            let outcome = election.abandonLeader(at: now, random: &random, into: &lanes)
            return apply(outcome, at: now, into: &lanes)
        }
        if join.attempt >= Join.relayedFrom {
            lanes.send(.join(join), to: cluster.nodes.removing(node))
        } else if let leader = election.leader {
            lanes.send(.join(join), to: leader.leader)
        }
    }
}
