import ConsensusCore

extension World {
    /// Replaces what the disk holds by the automaton's checkpoint, if it wants that and all that it has
    /// recorded before is durable.
    @inlinable
    mutating func checkpointIfWanted(_ host: Int) {
        if World.wantsCheckpoint(&automata[host]) && held[host].isEmpty { checkpoint(host) }
    }

    /// Replaces what the disk holds, all at once.
    ///
    /// It is a persist point like any other write: a crash that strikes there finds the new contents on
    /// the disk if all that was written reached it, else the old.
    @usableFromInline
    mutating func checkpoint(_ host: Int) {
        let records = automata[host].checkpoint()
        if hosts[host].diskLimit < .max && !hasRoom(for: records, on: host) {
            failWrite(host)
            return
        }
        hosts[host].persistCount += 1
        let strike =
            hosts[host].persistCount >= hosts[host].nextPersistCrash ? persistCrash(host) : nil
        let isFailing = strike == nil && hosts[host].syncErrorFault != nil
        if isFailing {
            if keepsFailedCheckpoint(host) { replaceDisk(host, records) }
            _ = failsToSync(host)
            return
        }
        if strike.map({ $0.tail == .kept }) ?? true { replaceDisk(host, records) }
        if let strike {
            crashAtPersist(host, tail: .kept, strike.comeback)
        } else if hosts[host].diskHangsUntil > now {
            hang(host)
        }
    }

    /// Whether there is room for a checkpoint beside what it is to replace.
    private func hasRoom(for records: [Subject.Record], on host: Int) -> Bool {
        var copy = SimulatedDisk()
        for record in records { _ = copy.append(record) }
        return disks[host].size + copy.size <= hosts[host].diskLimit
    }

    private mutating func replaceDisk(_ host: Int, _ records: [Subject.Record]) {
        statistics.checkpoints += 1
        disks[host].removeAll()
        for record in records {
            let frame = disks[host].size
            let checksum = disks[host].append(record)
            readBack(record, on: host, at: frame)
            note(.checkpoints, host, UInt64(checksum))
        }
        disks[host].settle(at: disks[host].size)
        charge(host, disks[host].size, at: ComputingCost.checkpointByte)
        note(.checkpoints, host, UInt64(records.count))
        line(.checkpoints, host, text: "in \(records.count) records")
        observer.didCheckpoint(records, on: NodeID(index: host), at: now)
    }
}
