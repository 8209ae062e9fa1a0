import ConsensusCore

/// What a node does as a learner.
extension LogNode {
    /// Takes back, after a crash, how far slots were chosen.
    mutating func recover(chosenThrough slot: Slot) {
        guard var learner else { return }
        self.learner = nil
        while learner.applied < slot {
            let next = learner.applied + 1
            if learner.next == nil, let acceptance = acceptor?.accepted[next] {
                _ = learner.learn(acceptance.value, in: next)
            }
            guard learner.next != nil else { break }
            learner.applyNext { _, _ in }
        }
        learner.note(chosen: slot)
        self.learner = learner
        journal.chosen = max(journal.chosen, learner.applied)
    }

    /// Learns a value, and records it unless it is on record as accepted.
    mutating func learn(_ value: [UInt8], in slot: Slot, into lanes: inout Lanes) {
        guard learner?.learn(value, in: slot) == true else { return }
        if isVoting, acceptor?.accepted[slot]?.value == value { return }
        // The leader's own vote may still be to come; the value is in its hands until then.
        remember(.learned(slot, value), into: &lanes)
    }

    /// Learns what the leader of a ballot has proposed in the slots it says to be chosen.
    mutating func learn(
        through chosen: Slot, at ballot: Ballot, now: Instant, into lanes: inout Lanes
    ) {
        guard var slot = learner?.applied else { return }
        learner?.note(chosen: chosen)
        slot += 1
        while slot <= chosen {
            if let value = value(proposedAt: ballot, in: slot) {
                learn(value, in: slot, into: &lanes)
            } else if learner?.values[slot] == nil {
                break
            }
            slot += 1
        }
        applyChosen(at: now, into: &lanes)
        noticeLag(at: now)
    }

    /// What the proposer of a ballot has proposed at it in a slot, if that is here.
    private func value(proposedAt ballot: Ballot, in slot: Slot) -> [UInt8]? {
        if let acceptance = acceptor?.accepted[slot], acceptance.ballot == ballot {
            return acceptance.value
        }
        if let proposal = learner?.proposal(in: slot), proposal.ballot == ballot {
            return proposal.value
        }
        return nil
    }

    /// Applies what can be applied and answers those who wait for it.
    mutating func applyChosen(at now: Instant, into lanes: inout Lanes) {
        guard learner?.next != nil, var learner else { return }
        // Taken out, so that it is changed in place.
        self.learner = nil
        let keepsAll = cluster.form == .roles
        var isSuperseded = false
        while let value = learner.next {
            learner.applyNext { id, reply in desk.answer(id, reply, keepsAll: keepsAll) }
            lanes.report(.applied(learner.applied, value))
            if let proposed = tenure?.inFlight[learner.applied], proposed.value != value {
                isSuperseded = true
            }
        }
        if keepsAll { desk.passAnswers(to: followed.map { cluster.owner(of: $0) }) }
        desk.lineUpReads(applied: learner.applied)
        self.learner = learner
        if isSuperseded {
            // A higher ballot has chosen something else. Followers of this one would take its proposals for
            // what is chosen.
            abdicate(at: now)
        } else {
            // A leader that has learned from others need not propose that any more.
            tenure?.learn(chosenThrough: learner.applied)
            settle(at: now)
        }
        complaint.end()
        noticeLag(at: now)
        hurry(at: now)
    }

    /// Records how far slots are chosen, when other records are made durable anyway.
    mutating func noteChosen(into lanes: inout Lanes) {
        guard let learner, learner.applied > journal.chosen, !lanes.records.isEmpty else { return }
        journal.chosen = learner.applied
        remember(.chosen(learner.applied), into: &lanes)
    }

    // MARK: - Votes, in role form

    mutating func tally(
        _ accepted: LogAccepted, from sender: NodeID, at now: Instant, into lanes: inout Lanes
    ) {
        guard let applied = learner?.applied else { return }
        let span = SlotLog<Acceptance>.maximumSpan
        // Ranges of an acceptor that keeps the rules do not have so many slots even in all.
        var rest = span
        for range in accepted.slots {
            var slot = max(range.first, applied + 1)
            let end = min(range.last, applied + span)
            while slot <= end, rest > 0 {
                count(slot, at: accepted.ballot, from: sender, into: &lanes)
                slot += 1
                rest -= 1
            }
        }
        applyChosen(at: now, into: &lanes)
        noticeLag(at: now)
    }

    private mutating func count(
        _ slot: Slot, at ballot: Ballot, from acceptor: NodeID, into lanes: inout Lanes
    ) {
        let majority = cluster.majority
        guard learner?.count(slot, at: ballot, from: acceptor, majority: majority) == true else {
            return
        }
        if let proposal = learner?.proposal(in: slot), proposal.ballot == ballot {
            learn(proposal.value, in: slot, into: &lanes)
        } else if let applied = learner?.applied, slot == applied + 1 {
            // It is chosen, and its value is still to come.
            learner?.note(chosen: slot)
        }
    }

    /// Looks again at slots whose votes came before their values.
    mutating func learnFromVotes(at now: Instant, into lanes: inout Lanes) {
        guard var slot = learner?.applied else { return }
        slot += 1
        while let proposal = learner?.proposal(in: slot),
            learner?.isChosen(slot, at: proposal.ballot, by: cluster.majority) == true
        {
            learn(proposal.value, in: slot, into: &lanes)
            slot += 1
        }
        applyChosen(at: now, into: &lanes)
    }

    mutating func receive(
        _ votes: Votes, from sender: NodeID, at now: Instant, into lanes: inout Lanes
    ) {
        guard let applied = learner?.applied, cluster.acceptors.contains(sender) else { return }
        if votes.first <= applied + 1 { complaint.note(sender) }
        for entry in votes.entries {
            if entry.slot == applied + 1 { complaint.begin(at: now, random: &random) }
            learner?.see(entry.acceptance, in: entry.slot)
            count(entry.slot, at: entry.acceptance.ballot, from: sender, into: &lanes)
        }
        applyChosen(at: now, into: &lanes)
        goOn(
            with: cluster.acceptors, since: applied, isAnswered: true, at: now, into: &lanes)
    }

    // MARK: - Catching up

    /// Begins or ends the wait for slots that are chosen and not here.
    mutating func noticeLag(at now: Instant) {
        guard let learner, learner.lags else { return catchUp.end() }
        if catchUp.time == .never { catchUp.begin(at: now, random: &random) }
    }

    mutating func fetchMissing(at now: Instant, into lanes: inout Lanes) {
        guard let learner, learner.lags else { return catchUp.end() }
        let leader = followed.map { cluster.owner(of: $0) }
        complaint.begin(at: now, random: &random)
        sendFetches(after: learner.applied, preferring: leader, at: now, into: &lanes)
        catchUp.didAsk(at: now, random: &random)
    }

    /// Asks for what may be chosen, as nobody says: a leader who is heard by others may lead.
    mutating func fetchUnheard(at now: Instant, into lanes: inout Lanes) {
        solitudeTime = now + LogTiming.solitude
        guard let learner, !learner.lags else { return }
        sendFetches(after: learner.applied, preferring: nil, at: now, into: &lanes)
    }

    private mutating func sendFetches(
        after applied: Slot, preferring leader: NodeID?, at now: Instant, into lanes: inout Lanes
    ) {
        let peers = cluster.learners.removing(node)
        if let peer = catchUp.nextPeer(of: peers, leader: leader, random: &random) {
            lanes.send(.fetch(catchUp.fetch(from: applied + 1)), to: peer)
        }
        guard cluster.form == .roles else { return }
        lanes.send(.fetch(catchUp.fetch(from: applied + 1)), to: cluster.acceptors)
        if complaint.isDue(cluster.majority, at: now, random: &random),
            let proposer = catchUp.nextPeer(of: cluster.proposers, leader: nil, random: &random)
        {
            lanes.send(.fetch(catchUp.fetch(from: applied + 1)), to: proposer)
        }
    }

    mutating func receive(
        _ fetch: Fetch, from sender: NodeID, at now: Instant, into lanes: inout Lanes
    ) {
        guard cluster.learners.contains(sender) else { return }
        if let learner {
            catchUp.serve(fetch, from: learner, to: sender, into: &lanes)
        } else if isVoting, let acceptor {
            let (entries, _) = acceptor.page(from: fetch.from, within: sizes)
            let first = max(fetch.from, acceptor.truncated + 1)
            lanes.send(.votes(Votes(first: first, entries: entries)), to: sender)
        } else if ballots != nil, preparation == nil {
            // A learner that hears a majority of the acceptors, but no leader.
            abdicate(at: now)
            vainRequests.insist(at: now)
            patienceTime = now
        }
    }

    mutating func receive(
        _ chosen: ChosenValues, from sender: NodeID, at now: Instant, into lanes: inout Lanes
    ) {
        if learner == nil, cluster.acceptors.contains(sender) {
            // An acceptor that votes for this leader has forgotten what earlier leaders told it to, so what
            // is chosen there is what this one proposes (``beat(at:into:)``). A leader that learns has the
            // acceptor's word only that something is chosen, and finds out what.
            tenure?.learn(chosenThrough: chosen.chosen)
            settle(at: now)
        }
        guard let before = learner?.applied, cluster.nodes.contains(sender) else { return }
        learner?.note(chosen: chosen.chosen)
        var slot = chosen.first
        for value in chosen.values {
            if let known = learner?.values[slot], known != value, slot <= before {
                dispute(slot, with: sender, at: now, into: &lanes)
            }
            learn(value, in: slot, into: &lanes)
            slot += 1
        }
        applyChosen(at: now, into: &lanes)
        // Only the last datagram of an answer asks for more.
        goOn(with: [sender], since: before, isAnswered: slot > chosen.chosen, at: now, into: &lanes)
    }

    mutating func receive(
        _ part: SnapshotPart, from sender: NodeID, at now: Instant, into lanes: inout Lanes
    ) {
        guard let applied = learner?.applied, cluster.learners.contains(sender),
            part.slot > applied
        else { return }
        guard let assembly = catchUp.take(part, from: sender) else { return }
        // Who has nothing else that says so must not give up between two pieces.
        learner?.note(chosen: part.slot)
        guard assembly.isComplete else {
            noticeLag(at: now)
            if catchUp.isBurstOver {
                lanes.send(.fetch(catchUp.fetch(from: applied + 1)), to: sender)
                catchUp.didAsk(at: now, random: &random)
            }
            return
        }
        catchUp.assembly = nil
        guard learner?.restore(assembly.bytes, at: assembly.slot, chain: assembly.chain) == true
        else { return }
        remember(.snapshot(assembly.slot, chain: assembly.chain, assembly.bytes), into: &lanes)
        journal.noteSnapshot(at: assembly.slot)
        if cluster.form == .replicas { acceptor?.truncate(through: assembly.slot) }
        // What it has proposed there may not be what was chosen.
        if let tenure, tenure.chosen < assembly.slot { abdicate(at: now) }
        desk.forgetWaiting()
        lanes.report(.restored(assembly.slot))
        applyChosen(at: now, into: &lanes)
        goOn(with: [sender], since: 0, isAnswered: true, at: now, into: &lanes)
    }

    /// Asks at once for more while there is more and it comes.
    ///
    /// - Parameters:
    ///   - before: up to where slots were applied before this answer.
    ///   - isAnswered: whether it is the answer's last datagram even if it is not the last of a burst.
    private mutating func goOn(
        with peers: NodeSet, since before: Slot, isAnswered: Bool, at now: Instant,
        into lanes: inout Lanes
    ) {
        noticeLag(at: now)
        guard let learner, learner.lags, learner.applied > before else { return }
        catchUp.didProgress(at: now, random: &random)
        guard isAnswered || catchUp.isBurstOver else { return }
        lanes.send(.fetch(catchUp.fetch(from: learner.applied + 1)), to: peers)
        catchUp.didAsk(at: now, random: &random)
    }
}
