import ConsensusCore

/// What a node does to belong to a cluster: it founds one with others, or joins one.
extension LogNode {
    /// The identifier of the birth that this node belongs to; 0 while there is none.
    var birth: UInt64 { founding.birth?.identifier ?? 0 }

    var presence: Acquaintance.Presence {
        Acquaintance.Presence(
            incarnation: incarnation, birth: birth, written: written ?? startWritten)
    }

    /// How many records it has written in all, for others to know; nil until a majority has confirmed that
    /// none is missing.
    ///
    /// Until then it tells no number, so that what others know of it is what earlier starts have told.
    var written: UInt64? {
        acceptor == nil || acquaintance.isConfirmed ? journal.written : nil
    }

    /// Takes note of another's birth once its life has greeted this one: one without is told this node's, one
    /// of another takes no part here, and that is said once.
    mutating func meet(_ origin: Origin, into lanes: inout Lanes) {
        guard acquaintance.knows(origin), let birth = founding.birth else { return }
        if origin.stamp.epoch == 0 {
            lanes.send(.born(birth), to: origin.node)
        } else if origin.stamp.epoch != birth.identifier,
            strangers[origin.node.index] != origin.stamp.epoch
        {
            strangers[origin.node.index] = origin.stamp.epoch
            lanes.report(
                .stranger(origin.node, birth: origin.stamp.epoch, own: birth.identifier))
        }
    }

    /// Belongs to a cluster from now on.
    mutating func join(_ birth: Birth, at now: Instant, into lanes: inout Lanes) {
        guard founding.birth == nil else { return }
        founding.learn(birth)
        acquaintance.join(birth, as: incarnation)
        remember(.born(birth, node, service: options.service), into: &lanes)
        acquaintance.greetSoon(at: now)
        beginPatience(at: now)
    }

    mutating func receive(
        _ birth: Birth, from origin: Origin, at now: Instant, into lanes: inout Lanes
    ) {
        // A sender that speaks of another birth than its own has nothing to say.
        guard origin.stamp.epoch == birth.identifier else { return }
        guard founding.birth == nil, birth.founders.isSubset(of: cluster.acceptors) else {
            return meet(origin, into: &lanes)
        }
        let other = strangers[origin.node.index]
        strangers[origin.node.index] = birth.identifier
        if let own = founding.acceptedBirth, own != birth, !acquaintance.agrees(with: birth),
            !isHeldByMajority(birth)
        {
            // What it has accepted may hold; a leftover of an earlier cluster must not take that away.
            guard other != birth.identifier else { return }
            return lanes.report(
                .stranger(origin.node, birth: birth.identifier, own: own.identifier))
        }
        join(birth, at: now, into: &lanes)
    }

    /// Whether so many acceptors have said that they belong to a birth that no other one can hold.
    private func isHeldByMajority(_ birth: Birth) -> Bool {
        let holders = cluster.acceptors.filter { strangers[$0.index] == birth.identifier }
        return holders.count >= cluster.majority.size
    }

    // MARK: - Agreeing on a birth

    mutating func wakeFounding(at now: Instant, into lanes: inout Lanes) {
        guard founding.isUnderWay, !acquaintance.isRefused else { return founding.rest() }
        let before = founding.ballotNumber
        guard
            let (message, acceptors) = founding.wake(
                hasMetAll: acquaintance.hasMetAllAcceptors, at: now, random: &random)
        else { return }
        if let number = founding.ballotNumber, number != before {
            remember(.foundingBallot(number), into: &lanes)
        }
        ask(message, acceptors, at: now, into: &lanes)
    }

    /// Sends a request of a founder's to acceptors, of which this node may be one.
    private mutating func ask(
        _ message: FoundingMessage, _ acceptors: NodeSet, at now: Instant, into lanes: inout Lanes
    ) {
        lanes.send(.founding(message), to: acceptors.removing(node))
        guard acceptors.contains(node), let answer = answer(message, into: &lanes) else { return }
        take(answer, from: node, life: incarnation, at: now, into: &lanes)
    }

    mutating func receive(
        _ message: FoundingMessage, from origin: Origin, at now: Instant, into lanes: inout Lanes
    ) {
        guard founding.isUnderWay, !acquaintance.isRefused else {
            return meet(origin, into: &lanes)
        }
        // Who lost its directory is another life than the one remembered, and founds nothing.
        guard origin.stamp.epoch == 0, cluster.acceptors.contains(origin.node),
            acquaintance.remembers(origin.stamp.incarnation, of: origin.node),
            founding.isNear(message, within: options.ballotLeap)
        else { return }
        switch message {
        case .prepare, .accept:
            if let answer = answer(message, into: &lanes) {
                lanes.send(.founding(answer), to: origin.node)
            }
        case .promise, .accepted, .nack:
            take(
                message, from: origin.node, life: origin.stamp.incarnation, at: now, into: &lanes)
        }
    }

    /// An acceptor's answer to a founder's request.
    private mutating func answer(
        _ message: FoundingMessage, into lanes: inout Lanes
    ) -> FoundingMessage? {
        let before = founding.acceptor
        switch message {
        case .prepare(let prepare):
            switch founding.receive(prepare) {
            case .promise(let promise):
                if before?.promised != prepare.ballot {
                    remember(.foundingPromised(prepare.ballot), into: &lanes)
                }
                return .promise(promise)
            case .nack(let nack): return .nack(nack)
            case nil: return nil
            }
        case .accept(let accept):
            guard let birth = Birth(accept.proposal.value), acquaintance.agrees(with: birth) else {
                return nil
            }
            switch founding.receive(accept) {
            case .accepted(let accepted):
                if before?.accepted != accept.proposal {
                    remember(.foundingAccepted(accept.proposal), into: &lanes)
                }
                return .accepted(accepted)
            case .nack(let nack): return .nack(nack)
            case nil: return nil
            }
        case .promise, .accepted, .nack: return nil
        }
    }

    /// Takes an acceptor's answer to a request of this founder's.
    private mutating func take(
        _ answer: FoundingMessage, from acceptor: NodeID, life: UInt64, at now: Instant,
        into lanes: inout Lanes
    ) {
        switch answer {
        case .promise(let promise):
            guard
                let accept = founding.receive(
                    promise, from: acceptor, life: life, at: now, random: &random)
            else { return }
            ask(.accept(accept), cluster.acceptors, at: now, into: &lanes)
        case .accepted(let accepted):
            guard let birth = founding.receive(accepted, from: acceptor) else { return }
            join(birth, at: now, into: &lanes)
            lanes.send(.born(birth), to: cluster.nodes.removing(node))
        case .nack(let nack):
            founding.receive(nack, from: acceptor, at: now, random: &random)
        case .prepare, .accept: return
        }
    }
}
