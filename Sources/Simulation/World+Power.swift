import ConsensusCore

// MARK: - Power cuts

extension World {
    /// Stops hosts in the same instant; each one's unsynced writes meet a fate of their own.
    mutating func cutPower(of nodes: NodeSet, within span: Interval) {
        statistics.powerCuts += 1
        line(.losesPower, nil, text: "in {\(nodes)}")
        for node in nodes where node.index < hosts.count && hosts[node.index].isUp {
            let dice = momentDice(about: node.index)
            let tail: TailFate
            switch dice.below(3, .tail) {
            case 0: tail = .torn(perThousand: Int(dice.below(1_000, .tornPart)))
            case 1: tail = .lost
            default: tail = .kept
            }
            let pause = drawnComeback(of: node.index, within: span)
            crash(
                node.index, action: .losesPower, tail: tail, comeback: .withDisk(after: pause))
        }
    }

    /// Decides about a host at this moment.
    func momentDice(about host: Int) -> Dice {
        let moment = UInt64(truncatingIfNeeded: now.nanoseconds)
        return Dice(seed: plan.seed, about: moment << 8 | UInt64(plan.originals[host]))
    }

    /// How long a host that goes down now, with others, takes to come back.
    func drawnComeback(of host: Int, within span: Interval) -> Interval {
        let length = momentDice(about: host).below(UInt64(max(span.nanoseconds, 1)), .comeback)
        return Interval(nanoseconds: Int64(length) + 1)
    }
}

// MARK: - Failing synchronizations

extension World {
    mutating func failNextSync(_ host: Int, fault: Int) {
        hosts[host].syncErrorFault = hosts[host].syncErrorFault ?? fault
    }

    /// The disk could not make durable what was written: the program ends, as nobody knows what is there.
    ///
    /// Returns false if the disk is well.
    @usableFromInline
    mutating func failsToSync(_ host: Int) -> Bool {
        guard let fault = hosts[host].syncErrorFault,
            case .syncError(_, _, let tail, let pause) = plan.scheduled[fault]
        else { return false }
        hosts[host].syncErrorFault = nil
        statistics.failedSyncs += 1
        crash(host, action: .failsToSync, tail: tail, comeback: .withDisk(after: pause))
        return true
    }

    /// Whether the new contents reach the disk if the checkpoint that is being made fails.
    @usableFromInline
    func keepsFailedCheckpoint(_ host: Int) -> Bool {
        guard let fault = hosts[host].syncErrorFault,
            case .syncError(_, _, .kept, _) = plan.scheduled[fault]
        else { return false }
        return true
    }
}
