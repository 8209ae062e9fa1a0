import ConsensusCore

/// What a node does as an acceptor.
extension LogNode {
    private func hearsNoLeader(at now: Instant) -> Bool {
        leaderHeardTime + LogTiming.steadiness <= now
    }

    mutating func receive(
        _ canvass: Canvass, from sender: NodeID, at now: Instant, into lanes: inout Lanes
    ) {
        guard isVoting, cluster.proposers.contains(sender), tenure == nil,
            canvass.insists || hearsNoLeader(at: now)
        else { return }
        // A phase 1 of many pages would never end if others began theirs meanwhile.
        if let promised = acceptor?.promised, cluster.owner(of: promised) != sender,
            phaseOneTime + LogTiming.steadiness > now
        {
            return
        }
        lanes.send(
            .willing(Willing(attempt: canvass.attempt, promised: acceptor?.promised)), to: sender)
    }

    mutating func receive(
        _ prepare: LogPrepare, from sender: NodeID, at now: Instant, into lanes: inout Lanes
    ) {
        guard isVoting, cluster.owner(of: prepare.ballot) == sender else { return }
        let before = acceptor?.promised
        guard let promise = promise(prepare, into: &lanes) else {
            return sendNack(of: prepare.ballot, to: sender, into: &lanes)
        }
        if before != prepare.ballot {
            phaseOnePage = prepare.from
        } else if prepare.from > phaseOnePage {
            phaseOneTime = now
            phaseOnePage = prepare.from
        }
        if let tenure, prepare.ballot > tenure.ballot { abdicate(at: now) }
        if let preparation, prepare.ballot > preparation.ballot { abdicate(at: now) }
        note(prepare.ballot)
        lanes.send(.promise(promise), to: sender)
    }

    /// Promises a ballot and reports a page of what was accepted; nil if a higher one was promised.
    mutating func promise(_ prepare: LogPrepare, into lanes: inout Lanes) -> LogPromise? {
        let before = acceptor?.promised
        guard acceptor?.promise(prepare.ballot) == true, let acceptor else { return nil }
        if before != prepare.ballot { remember(.promised(prepare.ballot), into: &lanes) }
        let (entries, next) = acceptor.page(from: prepare.from, within: sizes)
        return LogPromise(
            ballot: prepare.ballot, from: prepare.from, truncated: acceptor.truncated,
            entries: entries, next: next, written: written ?? 0)
    }

    private mutating func sendNack(
        of ballot: Ballot, to sender: NodeID, into lanes: inout Lanes
    ) {
        guard let promised = acceptor?.promised, promised > ballot else { return }
        lanes.send(.nack(Nack(ballot: ballot, promised: promised)), to: sender)
    }

    mutating func receive(
        _ accept: LogAccept, from sender: NodeID, at now: Instant, into lanes: inout Lanes
    ) {
        guard cluster.owner(of: accept.ballot) == sender else { return }
        if isVoting, let promised = acceptor?.promised, accept.ballot < promised {
            return sendNack(of: accept.ballot, to: sender, into: &lanes)
        }
        guard follow(accept.ballot, at: now) else { return }
        askedSlot = max(askedSlot, accept.first + UInt64(accept.values.count) - 1)
        var slot = accept.first
        var accepted: SlotRange?
        for value in accept.values {
            if isVoting {
                if self.accept(value, at: accept.ballot, in: slot, into: &lanes) {
                    accepted = SlotRange(first: accepted?.first ?? slot, last: slot)
                }
            } else {
                learner?.see(Acceptance(ballot: accept.ballot, value: value), in: slot)
            }
            slot += 1
        }
        if let acceptor, accept.first <= acceptor.truncated {
            // It cannot vote on what it has forgotten; the leader need not ask for that any more.
            lanes.send(
                .chosen(ChosenValues(first: accept.first, values: [], chosen: acceptor.truncated)),
                to: sender)
        }
        if let accepted { owe(accepted, at: accept.ballot, now: now, into: &lanes) }
        if cluster.form == .roles { learnFromVotes(at: now, into: &lanes) }
        learn(through: accept.chosen, at: accept.ballot, now: now, into: &lanes)
        noteChosen(into: &lanes)
    }

    /// Accepts a value in a slot; returns whether the slot's vote may be sent.
    mutating func accept(
        _ value: [UInt8], at ballot: Ballot, in slot: Slot, into lanes: inout Lanes
    ) -> Bool {
        switch acceptor?.accept(value, at: ballot, in: slot) {
        case .accepted:
            if let chosen = learner?.values[slot], chosen != value {
                // What was accepted here until now may be the only record of what was chosen.
                remember(.learned(slot, chosen), into: &lanes)
            }
            remember(
                .accepted(
                    AcceptedEntry(
                        slot: slot, acceptance: Acceptance(ballot: ballot, value: value))),
                into: &lanes)
            return true
        case .repeated: return true
        case .refused, .outside, nil: return false
        }
    }

    /// Puts votes among those that are sent together.
    private mutating func owe(
        _ slots: SlotRange, at ballot: Ballot, now: Instant, into lanes: inout Lanes
    ) {
        if votesDue.ballot != ballot || votesDue.slots.count >= min(64, sizes.entries) {
            sendVotes(into: &lanes)
        }
        votesDue.ballot = ballot
        if let last = votesDue.slots.last, last.last + 1 == slots.first {
            votesDue.slots[votesDue.slots.count - 1].last = slots.last
        } else {
            votesDue.slots.append(slots)
        }
        hurry(at: now)
    }

    mutating func sendVotes(into lanes: inout Lanes) {
        guard !votesDue.slots.isEmpty else { return }
        let recipients: NodeSet = [cluster.owner(of: votesDue.ballot)]
        let watchers = cluster.form == .roles ? cluster.learners : []
        votesDue.written = written ?? 0
        lanes.send(.accepted(votesDue), to: recipients.union(watchers).removing(node))
        votesDue.slots.removeAll(keepingCapacity: true)
    }

    mutating func receive(
        _ heartbeat: LogHeartbeat, from sender: NodeID, at now: Instant, into lanes: inout Lanes
    ) {
        guard cluster.owner(of: heartbeat.ballot) == sender else { return }
        if isVoting, let promised = acceptor?.promised, heartbeat.ballot < promised {
            return sendNack(of: heartbeat.ballot, to: sender, into: &lanes)
        }
        guard follow(heartbeat.ballot, at: now) else { return }
        lanes.send(
            .pulse(
                Pulse(
                    ballot: heartbeat.ballot, round: heartbeat.round, isVoting: isVoting,
                    snapshot: learner?.snapshotSlot ?? 0, written: written ?? 0, claim: claim)),
            to: sender)
        acquaintance.note(written: heartbeat.written)
        compare(heartbeat.claim, of: sender, at: now, into: &lanes)
        // What is chosen has been proposed: a leader's word alone does not make it forget more than it has
        // been asked to accept, or one false word would leave a gap that nobody can fill.
        let forgettable = min(
            heartbeat.truncatable, max(askedSlot, (acceptor?.accepted.end ?? 1) - 1))
        if cluster.form == .roles, isVoting, let acceptor, forgettable > acceptor.truncated {
            // Without the promise, one that restarts could take an earlier leader's word for what is
            // chosen in the slots that this one had it forget. So one that cannot promise yet forgets none.
            if acceptor.promised != heartbeat.ballot,
                self.acceptor?.promise(heartbeat.ballot) == true
            {
                remember(.promised(heartbeat.ballot), into: &lanes)
            }
            self.acceptor?.truncate(through: forgettable)
            remember(.truncated(forgettable), into: &lanes)
        }
        learn(through: heartbeat.chosen, at: heartbeat.ballot, now: now, into: &lanes)
    }

    /// Notes a sign of life of the leader of a ballot; returns false if a higher one is followed.
    mutating func follow(_ ballot: Ballot, at now: Instant) -> Bool {
        if let followed, ballot < followed { return false }
        if let tenure, ballot > tenure.ballot { abdicate(at: now) }
        if let preparation, ballot > preparation.ballot { abdicate(at: now) }
        if !vainRequests.areMany(at: now) { canvass = nil }
        followed = ballot
        note(ballot)
        leaderHeardTime = now
        if learner != nil { solitudeTime = now + LogTiming.solitude }
        if ballots != nil, tenure == nil, preparation == nil {
            patienceTime = now + random.interval(in: LogTiming.patience)
        }
        return true
    }

    /// Notes that there is such a ballot.
    mutating func note(_ ballot: Ballot) {
        highestBallot = max(highestBallot ?? ballot, ballot)
    }
}
