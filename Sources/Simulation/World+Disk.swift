public import ConsensusCore

extension World {
    /// Writes the step's records; sends and reports once they, and all before them, are durable.
    @inlinable
    mutating func persist(_ host: Int) {
        let stamp = World.stamp(of: &automata[host])
        if !effects.records.isEmpty {
            write(host)
            if flaws.contains(.answersBeforeDurable) { releaseEarly(host, stamp: stamp) }
            if disks[host].size > hosts[host].diskLimit {
                failWrite(host)
                return
            }
            hosts[host].persistCount += 1
            if hosts[host].persistCount >= hosts[host].nextPersistCrash {
                let (tail, comeback) = persistCrash(host)
                crashAtPersist(host, tail: tail, comeback)
                return
            }
        }
        if hosts[host].diskHangsUntil > now && !effects.records.isEmpty {
            hold(host, stamp: stamp)
            hang(host)
            return
        }
        let delay = effects.records.isEmpty ? .zero : hosts[host].diskDelay
        if delay > .zero || !held[host].isEmpty {
            if delay > .zero { statistics.slowWrites += 1 }
            hold(host, stamp: stamp)
            synchronize(host, after: delay)
            return
        }
        if !effects.records.isEmpty && failsToSync(host) { return }
        becomeDurable(host, to: disks[host].size)
        release(host, stamp: stamp)
    }

    @inlinable
    mutating func write(_ host: Int) {
        var index = 0
        while index < effects.records.count {
            let frame = disks[host].size
            let checksum = disks[host].append(effects.records[index])
            readBack(effects.records[index], on: host, at: frame)
            charge(host, disks[host].size - frame, at: ComputingCost.recordByte)
            note(.records, host, UInt64(checksum))
            index += 1
        }
    }

    /// The records in the lanes are durable.
    @inlinable
    mutating func becomeDurable(_ host: Int, to offset: Int) {
        disks[host].durable = offset
        var index = 0
        while index < effects.records.count {
            didRecord(effects.records[index], host)
            index += 1
        }
        effects.records.removeAll(keepingCapacity: true)
    }

    @inlinable
    mutating func didRecord(_ record: Subject.Record, _ host: Int) {
        statistics.records += 1
        if options.contains(.traces) {
            line(.records, host, text: observer.describe(record: record))
        }
        observer.didRecord(record, on: NodeID(index: host), at: now)
    }

    /// Keeps the step's effects until the disk is done.
    @inlinable
    mutating func hold(_ host: Int, stamp: Stamp) {
        var taken = Subject.Lanes()
        swap(&taken, &effects)
        held[host].append(
            HeldEffects(effects: taken, stamp: stamp, durable: disks[host].size))
    }

    /// Has the disk be done with all that was written so far after this long, unless others last longer.
    @inlinable
    mutating func synchronize(_ host: Int, after delay: Interval) {
        let time = max(hosts[host].lastSync, now + delay)
        hosts[host].lastSync = time
        queue.push(WorldEvent(.sync, host: host, index: hosts[host].life), at: time)
    }

    /// The disk is done with the oldest step that waits for it.
    @inlinable
    mutating func releaseHeld(_ host: Int) {
        guard !held[host].isEmpty else { return }
        if !held[host][0].effects.records.isEmpty && failsToSync(host) { return }
        let oldest = held[host].removeFirst()
        effects = oldest.effects
        becomeDurable(host, to: oldest.durable)
        release(host, stamp: oldest.stamp)
        checkpointIfWanted(host)
    }

    /// The planted bug: everything leaves although the records are not yet durable.
    @usableFromInline
    mutating func releaseEarly(_ host: Int, stamp: Stamp) {
        let records = effects.records
        release(host, stamp: stamp)
        effects.records = records
    }

    /// What the plan says of a crash at the write just made, the host's next such crash being set.
    @usableFromInline
    mutating func persistCrash(_ host: Int) -> (tail: TailFate, comeback: Comeback) {
        var fate = TailFate.kept
        var comeback = Comeback.never
        var next = Int.max
        let count = hosts[host].persistCount
        for fault in plan.scheduled {
            guard case .crashAtPersist(let node, let point, let tail, let back) = fault,
                node.index == host
            else { continue }
            if point == count {
                fate = tail
                comeback = back
            } else if point > count {
                next = min(next, point)
            }
        }
        hosts[host].nextPersistCrash = next
        return (fate, comeback)
    }

    @usableFromInline
    mutating func crashAtPersist(_ host: Int, tail: TailFate, _ comeback: Comeback) {
        statistics.persistCrashes += 1
        crash(host, action: .crashesAtPersist, tail: tail, comeback: comeback)
    }

    /// Stops a host; what was on its way out of it or waited in it is gone.
    @usableFromInline
    mutating func crash(
        _ host: Int, action: TraceEvent.Action, tail: TailFate, comeback: Comeback
    ) {
        statistics.crashes += 1
        note(action, host)
        line(action, host)
        hosts[host].status = .crashed
        hosts[host].isHung = false
        effects.removeAll()
        held[host].removeAll(keepingCapacity: true)
        for event in backlogs[host] where event.kind == .delivery {
            pool.release(Int(event.index))
        }
        backlogs[host].removeAll(keepingCapacity: true)
        if disks[host].crash(tail) {
            statistics.lostTails += 1
            note(.losesTail, host, UInt64(disks[host].size))
            line(.losesTail, host, text: tail == .lost ? "" : "(the last one torn)")
        }
        while let body = disks[host].body(at: disks[host].durable) {
            disks[host].durable = body.upperBound
            if let record = decodeRecord(host, body) { didRecord(record, host) }
        }
        observer.didCrash(NodeID(index: host), at: now)
        let life = hosts[host].life
        switch comeback {
        case .never:
            hosts[host].isGone = true
        case .withDisk(let length):
            queue.push(WorldEvent(.restart, host: host, index: life, key: 0), at: now + length)
        case .withoutDisk(let length):
            queue.push(WorldEvent(.restart, host: host, index: life, key: 1), at: now + length)
        }
    }

    /// Brings a crashed host back: a new automaton that replays what the disk holds and starts.
    @usableFromInline
    mutating func restart(_ host: Int, memory: Memory) {
        guard hosts[host].status == .crashed else { return }
        if let rot = hosts[host].rotFault {
            guard opens(host, damagedBy: rot, memory) else { return }
            hosts[host].rotFault = nil
        }
        let isEmptied = hosts[host].isEmptied
        let isSpared = memory == .wiped && !observer.mayLoseDisk(NodeID(index: host))
        let memory: Memory = isEmptied ? .wiped : isSpared ? .kept : memory
        let life = hosts[host].life + 1
        hosts[host].life = life
        hosts[host].sendIndex = 0
        hosts[host].status = .running
        hosts[host].isGone = false
        hosts[host].queuedWake = .never
        hosts[host].lastSync = now
        hosts[host].busyUntil = now
        hosts[host].idleTime = .never
        statistics.restarts += 1
        if memory == .wiped {
            statistics.amnesiacs += 1
            if isEmptied { hosts[host].beganAnew = true } else { hosts[host].isAmnesiac = true }
            hosts[host].isEmptied = false
            hosts[host].hasForeignDisk = false
            disks[host].removeAll()
        }
        let action: TraceEvent.Action = memory == .kept ? .restarts : .restartsWithoutDisk
        note(action, host, UInt64(life))
        observer.didRestart(NodeID(index: host), life: life, memory: memory, at: now)
        var heir = automaton(host, life: life)
        let (count, end) = replay(host, into: &heir)
        if flaws.contains(.trustsTornTail), let record = decodeTornRecord(host, end) {
            heir.recover(record)
        }
        automata[host] = heir
        beginLifeAtDoor(host)
        disks[host].settle(at: end)
        charge(host, end, at: ComputingCost.recordByte)
        line(action, host, text: count == 0 ? "" : "with \(count) records")
        if let reason = World.recoveryFault(of: &automata[host]) {
            return refuseToStart(host, because: reason)
        }
        automata[host].start(at: hosts[host].clock.local(at: now), into: &effects)
        honourLanes(host)
    }
}
