import ConsensusCore

extension ConsensusNode {
    /// Begins to assign: the news of this leader has been round the ring.
    mutating func beginAssignment(at now: Instant, into lanes: inout Lanes) {
        guard var assignment, !assignment.hasBegun else { return }
        if !enrollment.isEnrolled { enter(random.nextNonZero(), into: &lanes) }
        takePart()
        reportRole(into: &lanes)
        assignment.begin(at: now)
        assignment.join(Origin(node: node, stamp: stamp))
        _ = assignment.confirm(Origin(node: node, stamp: stamp))
        self.assignment = assignment
    }

    mutating func receiveAssignment(
        _ message: Message, from origin: Origin, at now: Instant, into lanes: inout Lanes
    ) {
        switch message {
        case .join(let join): receive(join, from: origin, at: now, into: &lanes)
        case .assign(let assign): receive(assign, from: origin, at: now, into: &lanes)
        case .confirm(let confirm): receive(confirm, from: origin, at: now, into: &lanes)
        case .refuse(let refuse): receive(refuse, from: origin, into: &lanes)
        default: return
        }
    }

    private mutating func receive(
        _ join: Join, from origin: Origin, at now: Instant, into lanes: inout Lanes
    ) {
        guard cluster.nodes.contains(origin.node) || cluster.isClient(origin.node) else { return }
        if cluster.isClient(origin.node) {
            guests.removeAll { $0.node == origin.node }
            guests.append(origin)
        }
        guard election.isLeader, let claim = election.leader, var assignment else {
            guard join.attempt >= Join.relayedFrom, isEnrolled else { return }
            let claim = election.vouchedLeader(at: now)
            return relayAssignment(to: origin, claim: claim, into: &lanes)
        }
        guard !refuses(origin, into: &lanes) else { return }
        assignment.join(origin)
        assignment.answer(
            origin, claim: claim, roster: roster, at: now, random: &random, into: &lanes)
        self.assignment = assignment
    }

    /// Passes the run's roles on to one that cannot get them from the leader.
    ///
    /// - Parameter claim: the leader, if this node hears one.
    mutating func relayAssignment(
        to origin: Origin, claim: LeaderClaim?, into lanes: inout Lanes
    ) {
        guard !refuses(origin, into: &lanes) else { return }
        let assign = RoleAssignment.assign(
            to: origin, of: cluster, claim: claim, roster: election.isLeader ? roster : vouched)
        lanes.send(.assign(assign), to: origin.node)
    }

    /// Answers one that is in another epoch, whatever it said, with this node's own.
    ///
    /// Two leaders that did not know of each other drew one each. The other enters this one, or, if its
    /// own is higher, answers likewise.
    mutating func reconcile(with origin: Origin, at now: Instant, into lanes: inout Lanes) {
        let isMember = cluster.nodes.contains(origin.node) || cluster.isClient(origin.node)
        guard isMember, isEnrolled else { return }
        relayAssignment(to: origin, claim: election.vouchedLeader(at: now), into: &lanes)
    }

    /// Whether an acceptor took part in another life before; it is told so.
    private func refuses(_ origin: Origin, into lanes: inout Lanes) -> Bool {
        guard case .life(let life) = roster[origin.node], life != origin.stamp.incarnation else {
            return false
        }
        lanes.send(.refuse(Refuse(proof: origin.stamp.incarnation)), to: origin.node)
        return true
    }

    private mutating func receive(
        _ assign: Assign, from origin: Origin, at now: Instant, into lanes: inout Lanes
    ) {
        guard cluster.nodes.contains(origin.node), origin.stamp.epoch != 0,
            assign.role == cluster.role(of: node), assign.agrees(with: cluster)
        else { return }
        guard assign.proof == incarnation else {
            lanes.send(.join(Join(attempt: 0)), to: origin.node)
            return
        }
        guard !isRefused else { return }
        let isFirstHand =
            assign.claim?.leader == origin.node
            && assign.claim?.incarnation == origin.stamp.incarnation
        if let claim = assign.claim, isFirstHand || !isEnrolled {
            if isFirstHand { election.trust(claim) }
            let outcome = election.receive(
                claim, isFirstHand: isFirstHand, at: now, random: &random)
            apply(outcome, at: now, into: &lanes)
            guard election.leader == claim else { return }
        }
        enter(origin.stamp.epoch, into: &lanes)
        // The proof shows that this assignment is of now, and so is the life that sent it.
        note(origin, into: &lanes)
        learn(assign.roster, into: &lanes)
        vouch(assign.roster, into: &lanes)
        guard !isRefused else { return }
        if origin.stamp.epoch < enrollment.epoch, !isFirstHand {
            reconcile(with: origin, at: now, into: &lanes)
        }
        takePart()
        reportRole(into: &lanes)
        sendConfirm(
            of: assign.claim, epoch: origin.stamp.epoch, to: origin.node, into: &lanes)
        guard let claim = assign.claim, election.leader == claim, mayVote else { return }
        enrollment.confirmed()
        election.settle()
    }

    /// Confirms an assignment, or brings the leader what it does not know of the acceptors' lives.
    func sendConfirm(
        of claim: LeaderClaim?, epoch: UInt64, to node: NodeID, into lanes: inout Lanes
    ) {
        let confirm = Confirm(
            claim: claim, epoch: epoch, roster: roster, done: done, heard: election.heard)
        lanes.send(.confirm(confirm), to: node)
    }

    private mutating func receive(
        _ confirm: Confirm, from origin: Origin, at now: Instant, into lanes: inout Lanes
    ) {
        guard enrollment.includes(confirm.epoch),
            cluster.nodes.contains(origin.node) || cluster.isClient(origin.node)
        else { return }
        let before = roster
        note(origin, into: &lanes)
        learn(confirm.roster, into: &lanes)
        // An acceptor votes once its life stands in the leader's sign of life; all others read it too.
        if roster != before, election.isLeader { heartbeatTime = now }
        markDone(confirm.done, into: &lanes)
        election.merge(heard: confirm.heard)
        if election.isLeader { vouch(roster, into: &lanes) }
        guard let claim = election.leader, confirm.claim == claim, election.isLeader,
            var assignment
        else { return }
        // Another leader drew a higher epoch: it prevails, and all are told.
        if origin.stamp.epoch > enrollment.epoch {
            enter(origin.stamp.epoch, into: &lanes)
            assignment.beginAgain()
            _ = assignment.confirm(Origin(node: node, stamp: stamp))
            assignment.join(origin)
            assignment.answer(
                origin, claim: claim, roster: roster, at: now, random: &random, into: &lanes)
        } else if confirm.epoch == enrollment.epoch, assignment.confirm(origin) {
            if cluster.nodes.contains(origin.node) { ending?.appeared(at: now) }
        }
        self.assignment = assignment
    }

    private mutating func receive(
        _ refuse: Refuse, from origin: Origin, into lanes: inout Lanes
    ) {
        guard refuse.proof == incarnation, origin.stamp.epoch != 0 else { return }
        refuseSelf(into: &lanes)
        // It has no part in the run, but is to hear of its end.
        _ = enrollment.enter(origin.stamp.epoch)
    }

    // MARK: - Membership

    /// Makes an epoch this node's.
    private mutating func enter(_ epoch: UInt64, into lanes: inout Lanes) {
        if enrollment.enter(epoch) { lanes.remember(.epoch(epoch)) }
    }

    /// Takes over what another node knows of the acceptors' lives.
    mutating func learn(_ other: Roster, into lanes: inout Lanes) {
        other.forEach { note($0, incarnation: $1, into: &lanes) }
        switch roster[node] {
        case .life(let life) where life != incarnation: refuseSelf(into: &lanes)
        case .void: refuseSelf(into: &lanes)
        case .life, .unknown: return
        }
    }

    /// Notes the life in which another node is known to take part, if it is an acceptor.
    mutating func note(_ origin: Origin, into lanes: inout Lanes) {
        note(origin.node, incarnation: origin.stamp.incarnation, into: &lanes)
    }

    /// Remembers a life, also across a crash: it is for others, too, that this node knows of it.
    private mutating func note(
        _ node: NodeID, incarnation: UInt64, into lanes: inout Lanes
    ) {
        guard cluster.acceptors.contains(node),
            let known = roster.note(node, incarnation: incarnation)
        else { return }
        lanes.remember(.life(node, known))
    }

    /// Takes over which lives a leader remembers; this node's own may vote from then on.
    ///
    /// No life can so vote, be forgotten, and be followed by another whose votes count, while anybody
    /// takes part whom the leader has told. A life that comes back from its own disk need not ask again.
    mutating func vouch(_ other: Roster, into lanes: inout Lanes) {
        vouched.merge(other, of: cluster.acceptors)
        guard !isAdmitted, vouched.admits(Origin(node: node, stamp: stamp)) else { return }
        isAdmitted = true
        lanes.remember(.admitted)
    }

    /// Whether nothing stands in the way of this node's vote, if it has one.
    var mayVote: Bool { acceptor == nil || isAdmitted }

    private mutating func refuseSelf(into lanes: inout Lanes) {
        guard !isRefused else { return }
        isRefused = true
        // To be found again, should this life come back from its disk.
        if let known = roster.note(node, incarnation: Roster.void) {
            lanes.remember(.life(node, known))
        }
        enrollment.stopAsking()
        lanes.report(.refused)
    }

    /// Sets up the role that the hosts file gives this node.
    mutating func takePart() {
        guard !hasRole, !isRefused, let role = cluster.role(of: node) else { return }
        switch role {
        case .proposer:
            proposer = Proposer(
                node: node, nodeCount: cluster.nodeCount, incarnation: incarnation,
                majority: cluster.majority)
        case .acceptor: acceptor = Acceptor()
        case .learner: learner = Learner(majority: cluster.majority)
        }
    }

    mutating func reportRole(into lanes: inout Lanes) {
        guard !hasReportedRole, hasRole, let role = cluster.role(of: node) else { return }
        hasReportedRole = true
        lanes.report(.assigned(role))
    }
}
