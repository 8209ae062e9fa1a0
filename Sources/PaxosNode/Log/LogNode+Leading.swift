import ConsensusCore

/// What a node does as a proposer: it watches the leader, takes over when that is silent, and leads.
extension LogNode {
    /// The leader, if it is this node or was heard of late.
    func presentLeader(at now: Instant) -> NodeID? {
        if tenure != nil { return node }
        guard let followed, leaderHeardTime + LogTiming.patience.upperBound > now else {
            return nil
        }
        let owner = cluster.owner(of: followed)
        // What it follows is its own ballot if it led until just now.
        return owner == node ? nil : owner
    }

    /// The acceptors other than this node.
    private var otherAcceptors: NodeSet { cluster.acceptors.removing(node) }

    mutating func wakeProposer(at now: Instant, into lanes: inout Lanes) {
        if tenure != nil {
            lead(at: now, into: &lanes)
        } else if preparation != nil {
            if now >= patienceTime {
                preparation = nil
                resendTime = .never
                beginCanvass(at: now, into: &lanes)
            } else if now >= resendTime {
                sendPrepares(at: now, into: &lanes)
            }
        } else if now >= patienceTime {
            beginCanvass(at: now, into: &lanes)
        }
    }

    // MARK: - Taking over

    private mutating func beginCanvass(at now: Instant, into lanes: inout Lanes) {
        patienceTime = now + random.interval(in: LogTiming.retry)
        // One that was refused as an acceptor has lost what it knew; others lead.
        guard !acquaintance.isRefused else { return }
        let attempt = random.nextNonZero()
        canvass = Canvassing(attempt: attempt, willing: isVoting ? [node] : [])
        let insists = vainRequests.areMany(at: now)
        lanes.send(.canvass(Canvass(attempt: attempt, insists: insists)), to: otherAcceptors)
        beginBallotIfWanted(at: now, into: &lanes)
    }

    mutating func receive(
        _ willing: Willing, from sender: NodeID, at now: Instant, into lanes: inout Lanes
    ) {
        guard canvass?.attempt == willing.attempt, cluster.acceptors.contains(sender) else {
            return
        }
        if let promised = willing.promised { note(promised) }
        canvass?.willing.insert(sender)
        beginBallotIfWanted(at: now, into: &lanes)
    }

    /// Begins a ballot once a majority of the acceptors wants another leader.
    private mutating func beginBallotIfWanted(at now: Instant, into lanes: inout Lanes) {
        guard let canvass, cluster.majority.isReached(by: canvass.willing) else { return }
        if let promised = acceptor?.promised { note(promised) }
        self.canvass = nil
        guard let ballot = ballots?.next(above: highestBallot) else { return }
        note(ballot)
        remember(.ballot(ballot.number), into: &lanes)
        let from = max(learner?.applied ?? 0, acceptor?.truncated ?? 0) + 1
        preparation = Preparation(ballot: ballot, from: from, majority: cluster.majority)
        patienceTime = now + LogTiming.preparation
        resends.reset()
        sendPrepares(at: now, into: &lanes)
        prepareOneself(at: now, into: &lanes)
    }

    /// Has this node's own acceptor promise, and report page by page.
    private mutating func prepareOneself(at now: Instant, into lanes: inout Lanes) {
        guard isVoting else { return }
        while let preparation, !preparation.promisers.contains(node) {
            let prepare = LogPrepare(
                ballot: preparation.ballot, from: preparation.nextPage(of: node))
            guard let promise = promise(prepare, into: &lanes) else { return }
            take(promise, from: node, at: now, into: &lanes)
        }
    }

    /// Asks those whose reports are not complete.
    private mutating func sendPrepares(at now: Instant, into lanes: inout Lanes) {
        guard let preparation else { return }
        for acceptor in otherAcceptors where !preparation.promisers.contains(acceptor) {
            lanes.send(
                .prepare(
                    LogPrepare(
                        ballot: preparation.ballot, from: preparation.nextPage(of: acceptor))),
                to: acceptor)
        }
        resendTime = now + resends.next(using: &random)
    }

    mutating func receive(
        _ promise: LogPromise, from sender: NodeID, at now: Instant, into lanes: inout Lanes
    ) {
        // One that has forgotten what it told others of would promise what it cannot keep.
        guard acquaintance.note(written: promise.written, of: sender) else { return }
        take(promise, from: sender, at: now, into: &lanes)
    }

    private mutating func take(
        _ promise: LogPromise, from sender: NodeID, at now: Instant, into lanes: inout Lanes
    ) {
        guard preparation?.take(promise, from: sender) == true, let preparation else { return }
        if preparation.nextPage(of: sender) > preparation.from {
            // There are many pages, and it takes as long as it takes to have them all.
            phaseOneTime = now
            patienceTime = now + LogTiming.preparation
            resends.reset()
        }
        if preparation.isComplete { return beginTenure(preparation, at: now, into: &lanes) }
        guard sender != node, !preparation.promisers.contains(sender) else { return }
        lanes.send(
            .prepare(
                LogPrepare(ballot: preparation.ballot, from: preparation.nextPage(of: sender))),
            to: sender)
    }

    private mutating func beginTenure(
        _ preparation: Preparation, at now: Instant, into lanes: inout Lanes
    ) {
        self.preparation = nil
        let tenure = Tenure(preparation, known: learner?.applied ?? 0)
        self.tenure = tenure
        vainRequests = VainRequests()
        followed = tenure.ballot
        learner?.note(chosen: tenure.chosen)
        patienceTime = .never
        solitudeTime = .never
        resends.reset()
        resendTime = .never
        reign = Reign(of: tenure, nodeCount: cluster.nodeCount, at: now)
        desk.beginTenure()
        lanes.report(.leads(tenure.ballot))
        noticeLag(at: now)
        hurry(at: now)
    }

    /// Leads no more, and does not prepare to.
    mutating func abdicate(at now: Instant) {
        tenure = nil
        preparation = nil
        canvass = nil
        resendTime = .never
        reign.heartbeatTime = .never
        desk.endTenure()
        if learner != nil { solitudeTime = now + LogTiming.solitude }
        patienceTime = now + random.interval(in: LogTiming.patience)
    }

    mutating func receive(
        _ nack: Nack, from sender: NodeID, at now: Instant, into lanes: inout Lanes
    ) {
        guard cluster.acceptors.contains(sender), nack.promised > nack.ballot else { return }
        guard nack.ballot == tenure?.ballot || nack.ballot == preparation?.ballot else { return }
        note(nack.promised)
        abdicate(at: now)
    }

    // MARK: - Leading

    private mutating func lead(at now: Instant, into lanes: inout Lanes) {
        castOwnVotes(at: now, into: &lanes)
        proposeWaiting(at: now)
        sendAccepts(at: now, into: &lanes)
        if desk.hasNewQueries || now >= reign.heartbeatTime {
            beat(at: now, into: &lanes)
        }
        guard tenure != nil else { return }
        if now >= resendTime { repeatAccepts(at: now, into: &lanes) }
        answerQueries(at: now, into: &lanes)
    }

    /// Votes for what the others were asked to accept one wake ago.
    private mutating func castOwnVotes(at now: Instant, into lanes: inout Lanes) {
        guard isVoting, let ballot = tenure?.ballot else { return }
        var slot = max(reign.voteSlot, tenure?.inFlight.first ?? 0)
        let end = reign.sendSlot
        while slot < end {
            guard let value = tenure?.inFlight[slot]?.value else { break }
            guard accept(value, at: ballot, in: slot, into: &lanes) else { break }
            count(slot, from: node, at: now, into: &lanes)
            slot += 1
        }
        guard slot > reign.voteSlot else { return }
        reign.voteSlot = slot
        settle(at: now)
        applyChosen(at: now, into: &lanes)
    }

    /// Gives slots to the commands that wait.
    private mutating func proposeWaiting(at now: Instant) {
        while tenure?.hasRoom(within: sizes) == true, let batch = desk.takeBatch() {
            tenure?.propose(batch)
        }
    }

    /// Asks the acceptors to accept what has not been sent yet, as much as the window allows.
    private mutating func sendAccepts(at now: Instant, into lanes: inout Lanes) {
        guard let tenure else { return }
        var slot = max(reign.sendSlot, tenure.inFlight.first)
        let limit = tenure.inFlight.first + sizes.windowSlots
        guard slot < min(tenure.nextSlot, limit) else {
            reign.sendSlot = slot
            return
        }
        while slot < min(tenure.nextSlot, limit) {
            let accept = accept(from: slot, of: tenure, before: limit)
            slot += UInt64(accept.values.count)
            lanes.send(.accept(accept), to: recipientsOfAccepts)
        }
        reign.sendSlot = slot
        if isVoting { hurry(at: now) }
        if resendTime == .never { resendTime = now + resends.next(using: &random) }
    }

    /// The acceptors, and learners that are nothing else.
    private var recipientsOfAccepts: NodeSet {
        cluster.acceptors.union(cluster.learners).removing(node)
    }

    /// One accept request, of as many slots from one on as fit a datagram.
    private func accept(from first: Slot, of tenure: Tenure, before limit: Slot) -> LogAccept {
        var values: [[UInt8]] = []
        var size = 0
        var slot = first
        while slot < min(tenure.nextSlot, limit), values.count < sizes.entries,
            let proposed = tenure.inFlight[slot]
        {
            size += proposed.value.count + 4
            guard size <= sizes.page || values.isEmpty else { break }
            values.append(proposed.value)
            slot += 1
        }
        return LogAccept(
            ballot: tenure.ballot, first: first, values: values, chosen: tenure.chosen)
    }

    /// Sends accepts again to those who have not voted on the first slot that is not chosen.
    private mutating func repeatAccepts(at now: Instant, into lanes: inout Lanes) {
        resendTime = .never
        guard let tenure, tenure.inFlight.first < reign.sendSlot else { return }
        var slot = tenure.inFlight.first
        let voters = tenure.inFlight[slot]?.voters ?? []
        let silent = recipientsOfAccepts.subtracting(voters)
        for _ in 0..<4 where slot < reign.sendSlot {
            let accept = accept(from: slot, of: tenure, before: reign.sendSlot)
            slot += UInt64(accept.values.count)
            lanes.send(.accept(accept), to: silent)
        }
        resendTime = now + resends.next(using: &random)
    }

    mutating func receive(
        _ accepted: LogAccepted, from sender: NodeID, at now: Instant, into lanes: inout Lanes
    ) {
        guard cluster.acceptors.contains(sender) else { return }
        _ = acquaintance.note(written: accepted.written, of: sender)
        if cluster.form == .roles, learner != nil {
            return tally(accepted, from: sender, at: now, into: &lanes)
        }
        guard accepted.ballot == tenure?.ballot else { return }
        let bounds = tenure.map { ($0.inFlight.first, $0.nextSlot) } ?? (1, 1)
        // Ranges of an acceptor that keeps the rules do not have so many slots even in all.
        var rest = SlotLog<Acceptance>.maximumSpan
        for range in accepted.slots {
            var slot = max(range.first, bounds.0)
            while slot <= range.last, slot < bounds.1, rest > 0 {
                count(slot, from: sender, at: now, into: &lanes)
                slot += 1
                rest -= 1
            }
        }
        settle(at: now)
        applyChosen(at: now, into: &lanes)
    }

    /// Counts a vote; learns the value if that makes it chosen.
    private mutating func count(
        _ slot: Slot, from acceptor: NodeID, at now: Instant, into lanes: inout Lanes
    ) {
        guard let value = tenure?.count(slot, from: acceptor) else { return }
        learn(value, in: slot, into: &lanes)
    }

    /// Lets go of what is chosen.
    mutating func settle(at now: Instant) {
        guard tenure?.settle() == true, let tenure else { return }
        learner?.note(chosen: tenure.chosen)
        resends.reset()
        let awaits = tenure.inFlight.first < reign.sendSlot
        resendTime = awaits ? now + resends.next(using: &random) : .never
        noticeLag(at: now)
        if tenure.nextSlot > reign.sendSlot || desk.hasCommands { hurry(at: now) }
    }

    // MARK: - Signs of life

    /// Asks who still follows, and tells how far slots are chosen and may be forgotten.
    ///
    /// They may be only as far as this leader knows by itself that they are chosen: learners may have heard
    /// of what a later leader has chosen.
    private mutating func beat(at now: Instant, into lanes: inout Lanes) {
        guard let tenure else { return }
        reign.round += 1
        let slot = tenure.nextSlot - 1
        desk.ask(inRound: reign.round, slot: slot)
        lanes.send(
            .heartbeat(
                LogHeartbeat(
                    ballot: tenure.ballot, round: reign.round, chosen: tenure.chosen,
                    truncatable: min(
                        tenure.chosen, reign.truncatable(learners: cluster.learners)),
                    claim: learner == nil ? reign.claim : claim, written: recordNumbers)),
            to: cluster.nodes.removing(node))
        guard now >= reign.heartbeatTime else { return }
        reign.heartbeatTime = now + LogTiming.heartbeat
        // Without a learner nothing is applied, and nobody is answered.
        guard reign.hears(cluster.majority, oneself: isVoting ? node : nil, at: now),
            learner != nil || reign.hears(anyOf: cluster.learners, at: now)
        else { return abdicate(at: now) }
        if let learner {
            // What a promise showed to be forgotten can be learned from who forgot it. If that one is
            // gone, the acceptors that are left still have what is missing; phase 1 finds it anew.
            let isMissing = learner.applied < tenure.chosen
            let learned = isMissing ? learner.applied + catchUp.allPieces : nil
            if reign.isIgnorant(learned: learned, at: now) { abdicate(at: now) }
        }
    }

    /// The record number of each acceptor, in ascending order, this node's own included.
    private var recordNumbers: [UInt64] {
        zip(cluster.acceptors, acquaintance.recordNumbers).map {
            $0 == node ? written ?? 0 : $1
        }
    }

    mutating func receive(
        _ pulse: Pulse, from sender: NodeID, at now: Instant, into lanes: inout Lanes
    ) {
        guard let tenure, pulse.ballot == tenure.ballot, pulse.round <= reign.round else { return }
        let isAcceptor = cluster.acceptors.contains(sender)
        _ = acquaintance.note(written: pulse.written, of: sender)
        compare(pulse.claim, of: sender, at: now, into: &lanes)
        reign.take(pulse, from: sender, isAcceptor: isAcceptor, at: now)
        if desk.awaitsConfirmation { hurry(at: now) }
    }

    /// Answers the queries whose round a majority has confirmed and whose slot is applied.
    private mutating func answerQueries(at now: Instant, into lanes: inout Lanes) {
        guard desk.awaitsConfirmation else { return }
        let confirmed = reign.confirmedRound(
            by: cluster.majority, oneself: isVoting ? node : nil)
        if let learner {
            desk.lineUp(confirmed: confirmed, applied: learner.applied)
        } else {
            let learners = cluster.learners.map(\.self)
            let learner = learners[Int(reign.round % UInt64(learners.count))]
            desk.passQueries(confirmed: confirmed) { slot, operations in
                lanes.send(.read(ReadAt(slot: slot, operations: operations)), to: learner)
            }
        }
    }
}
