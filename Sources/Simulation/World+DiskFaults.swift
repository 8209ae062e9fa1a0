import ConsensusCore

/// What became of storage that was damaged while its host was down.
public enum DamagedRead: Hashable, Sendable {
    /// The program does not start; why, in a few words.
    case refused(String)
    /// The damage lay where nothing is kept: the program starts with all it had.
    case whole
    /// The program starts although something it had recorded is missing or different; what, in words.
    case lost(String)
}

// MARK: - Full disks

extension World {
    mutating func fillDisk(_ host: Int, room: Int, for length: Interval, fault: Int) {
        hosts[host].diskLimit = min(hosts[host].diskLimit, disks[host].size + max(room, 0))
        hosts[host].diskFullUntil = max(hosts[host].diskFullUntil, now + length)
        hosts[host].fullDiskFault = fault
        line(.fillsDisk, host, text: "for \(room) bytes more")
    }

    /// The disk has taken what there was room for of the write just made, and the program ends.
    @usableFromInline
    mutating func failWrite(_ host: Int) {
        guard case .fullDisk(_, _, _, _, let comeback) = plan.scheduled[hosts[host].fullDiskFault]
        else { return }
        statistics.failedWrites += 1
        disks[host].truncate(to: hosts[host].diskLimit)
        crash(host, action: .outOfRoom, tail: .kept, comeback: comeback)
    }
}

// MARK: - Hung disks

extension World {
    mutating func hangDisk(_ host: Int, for length: Interval, longest: Interval?, fault: Int) {
        hosts[host].diskHangsUntil = max(hosts[host].diskHangsUntil, now + length)
        hosts[host].hungDiskFault = fault
        let longest = longest.map { Instant(nanoseconds: $0.nanoseconds).inMilliseconds }
        line(.hangsDisk, host, text: longest.map { "up to \($0) ms a write" } ?? "for ever")
    }

    /// Has the host stand still until its disk is done, as a program does in `fdatasync`.
    @usableFromInline
    mutating func hang(_ host: Int) {
        guard case .hungDisk(_, _, _, let longest, _) = plan.scheduled[hosts[host].hungDiskFault]
        else { return }
        statistics.hungWrites += 1
        hosts[host].status = .paused
        hosts[host].isHung = true
        note(.waitsForDisk, host)
        guard let longest else {
            hosts[host].hangEnd = .never
            hosts[host].isGone = true
            line(.waitsForDisk, host, text: "for ever")
            return
        }
        let write = UInt64(hosts[host].persistCount) << 8 | UInt64(plan.originals[host])
        let dice = Dice(seed: plan.seed, about: write)
        let delay = Interval(
            nanoseconds: Int64(dice.below(UInt64(longest.nanoseconds), .hang)))
        synchronize(host, after: delay)
        hosts[host].hangEnd = hosts[host].lastSync
        let text = Instant(nanoseconds: delay.nanoseconds).inMilliseconds
        line(.waitsForDisk, host, text: "for \(text) ms")
    }

    /// Loses a datagram for which a host that stands still has no room; returns whether it does.
    @usableFromInline
    mutating func overflow(_ event: WorldEvent, on host: Int) -> Bool {
        guard backlogs[host].count >= hosts[host].receiveBuffer else { return false }
        statistics.overflowed += 1
        note(.overflows, host, event.key)
        let key = DeliveryKey(rawValue: event.key)
        line(.overflows, host, peer: sender(of: key), delivery: key)
        pool.release(Int(event.index))
        return true
    }

    /// The disk is done; the host goes on, unless it is stopped besides.
    @usableFromInline
    mutating func endHang(_ host: Int) {
        if hosts[host].pausedUntil <= now { resume(host) }
    }

    /// Does what waited for the disk, before anything that has come meanwhile.
    mutating func finishWrites(_ host: Int) {
        hosts[host].isHung = false
        backlogs[host].removeAll { $0.kind == .sync }
        while !held[host].isEmpty { releaseHeld(host) }
        if hosts[host].status == .running { checkpointIfWanted(host) }
    }
}

// MARK: - Damaged disks

extension World {
    /// Damages what a host has stored; one that is up goes down first.
    mutating func rot(_ host: Int, _ damage: DiskDamage, _ comeback: Comeback, fault: Int) {
        guard disks[host].size > 0, hosts[host].status != .notStarted else { return }
        if hosts[host].isUp {
            crash(host, action: .crashes, tail: .kept, comeback: comeback)
        }
        statistics.rottenDisks += 1
        note(.rots, host)
        line(.rots, host, text: "\(damage)")
        hosts[host].rotFault = fault
        // Until it is found out, nobody is to count on this host.
        hosts[host].isGone = true
    }

    /// Whether a host whose disk is damaged may start: with all it had, or, once that has been refused,
    /// without it.
    @usableFromInline
    mutating func opens(_ host: Int, damagedBy fault: Int, _ memory: Memory) -> Bool {
        guard case .bitRot(_, _, let damage, _) = plan.scheduled[fault] else { return true }
        var records: [Subject.Record] = []
        var offset = 0
        while let body = disks[host].body(at: offset) {
            offset = body.upperBound
            if let record = decodeRecord(host, body) { records.append(record) }
        }
        switch readDamaged(NodeID(index: host), records, damage) {
        case .whole: return true
        case .lost(let what):
            self.fault = Violation(
                property: "damage is noticed",
                explanation: "node \(host) starts from a damaged disk, \(what)")
            return false
        case .refused(let reason):
            statistics.refusedStarts += 1
            note(.refusesToStart, host)
            line(.refusesToStart, host, text: reason)
            return memory == .wiped && observer.mayLoseDisk(NodeID(index: host))
        }
    }
}
