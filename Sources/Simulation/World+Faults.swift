import ConsensusCore

extension World {
    /// Puts the hosts' starts and the scheduled faults into the queue.
    @usableFromInline
    mutating func prepareFaults() {
        var starts = [Instant](repeating: Instant(nanoseconds: 0), count: hosts.count)
        for (index, fault) in plan.scheduled.enumerated() {
            let time: Instant
            switch fault {
            case .lateStart(let node, let at):
                guard node.index < hosts.count else { continue }
                statistics.lateStarts += 1
                starts[node.index] = max(starts[node.index], at)
                continue
            case .crashAtPersist(let node, let point, _, _):
                guard node.index < hosts.count else { continue }
                hosts[node.index].nextPersistCrash = min(
                    hosts[node.index].nextPersistCrash, point)
                continue
            case .clockRate, .slowMachine: time = Instant(nanoseconds: 0)
            case .crash(_, let at, _, _), .pause(_, let at, _), .clockJump(_, let at, _),
                .slowDisk(_, let at, _, _), .clog(_, _, let at, _), .partition(_, let at, _),
                .fullDisk(_, let at, _, _, _), .hungDisk(_, let at, _, _, _),
                .bitRot(_, let at, _, _), .newBeginning(_, _, let at, _), .powerCut(_, let at, _),
                .syncError(_, let at, _, _), .twin(_, let at, _, _, _),
                .forgeries(let at, _, _, _):
                time = at
            case .oldDisk(_, let copied, let at, _):
                queue.push(WorldEvent(.copy, host: 0, index: index), at: copied)
                time = at
            }
            queue.push(WorldEvent(.faultBegins, host: 0, index: index), at: time)
        }
        for host in hosts.indices {
            queue.push(WorldEvent(.start, host: host), at: starts[host])
        }
    }

    @usableFromInline
    mutating func begin(fault index: Int) {
        note(.pauses, 0, UInt64(index))
        switch plan.scheduled[index] {
        case .lateStart, .crashAtPersist: break
        case .crash(let node, _, let tail, let comeback):
            guard node.index < hosts.count, hosts[node.index].isUp else { return }
            crash(node.index, action: .crashes, tail: tail, comeback: comeback)
        case .pause(let node, _, let length):
            guard node.index < hosts.count, hosts[node.index].isUp else { return }
            hosts[node.index].status = .paused
            hosts[node.index].pausedUntil = max(hosts[node.index].pausedUntil, now + length)
            statistics.pauses += 1
            line(.pauses, node.index)
            schedule(endOf: index, after: length)
        case .clockRate(let node, let rate):
            guard node.index < hosts.count else { return }
            hosts[node.index].clock.setRate(rate, at: now)
            line(.skews, node.index, text: "\(rate) millionths fast")
            refreshWake(node.index)
        case .clockJump(let node, _, let jump):
            guard node.index < hosts.count else { return }
            hosts[node.index].clock.jump(by: jump)
            statistics.jumps += 1
            let text = Instant(nanoseconds: jump.nanoseconds).inMilliseconds
            line(.jumps, node.index, text: "by \(text) ms")
            refreshWake(node.index)
        case .slowDisk(let node, _, let length, let delay):
            guard node.index < hosts.count else { return }
            hosts[node.index].diskDelay = max(hosts[node.index].diskDelay, delay)
            hosts[node.index].diskSlowUntil = max(
                hosts[node.index].diskSlowUntil, now + length)
            let text = Instant(nanoseconds: delay.nanoseconds).inMilliseconds
            line(.slowsDisk, node.index, text: "by \(text) ms")
            schedule(endOf: index, after: length)
        case .fullDisk(let node, _, let length, let room, _):
            guard node.index < hosts.count else { return }
            fillDisk(node.index, room: room, for: length, fault: index)
            schedule(endOf: index, after: length)
        case .hungDisk(let node, _, let length, let longest, let buffer):
            guard node.index < hosts.count else { return }
            hosts[node.index].receiveBuffer = buffer
            hangDisk(node.index, for: length, longest: longest, fault: index)
        case .bitRot(let node, _, let damage, let comeback):
            guard node.index < hosts.count else { return }
            rot(node.index, damage, comeback, fault: index)
        case .oldDisk, .newBeginning, .powerCut, .syncError, .twin, .slowMachine, .forgeries:
            beginInSurroundings(index)
        case .clog(let from, let to, _, let length):
            guard from.index < hosts.count, to.index < hosts.count else { return }
            let link = from.index * hosts.count + to.index
            cloggedUntil[link] = max(cloggedUntil[link], now + length)
            hasClogs = true
            statistics.clogs += 1
            line(.clogBegins, from.index, peer: to)
            schedule(endOf: index, after: length)
        case .partition(let partition, _, let length):
            statistics.partitions += 1
            line(.partitionBegins, nil, text: "\(partition)")
            changeBlocks(partition, by: 1)
            schedule(endOf: index, after: length)
        }
    }

    @usableFromInline
    mutating func end(fault index: Int) {
        switch plan.scheduled[index] {
        case .pause(let node, _, _):
            guard hosts[node.index].status == .paused, hosts[node.index].pausedUntil <= now,
                !hosts[node.index].isHung || hosts[node.index].hangEnd <= now
            else { return }
            resume(node.index)
        case .slowDisk(let node, _, _, _):
            if hosts[node.index].diskSlowUntil <= now { hosts[node.index].diskDelay = .zero }
        case .fullDisk(let node, _, _, _, _):
            if hosts[node.index].diskFullUntil <= now { hosts[node.index].diskLimit = .max }
        case .clog(let from, let to, _, _):
            if cloggedUntil[from.index * hosts.count + to.index] <= now {
                line(.clogEnds, from.index, peer: to)
            }
        case .partition(let partition, _, _):
            line(.partitionEnds, nil, text: "\(partition)")
            changeBlocks(partition, by: -1)
        case .twin: endTwin(of: index)
        case .forgeries: recording.hearing = nil
        case .lateStart, .crash, .crashAtPersist, .clockRate, .clockJump, .hungDisk, .bitRot,
            .oldDisk, .newBeginning, .powerCut, .syncError, .slowMachine:
            break
        }
    }

    /// Begins a fault of those ``FaultSet/ofSurroundings``.
    private mutating func beginInSurroundings(_ index: Int) {
        switch plan.scheduled[index] {
        case .oldDisk(let node, _, _, let pause):
            putBack(node.index, comebackAfter: pause, fault: index)
        case .newBeginning(let wiped, let kept, _, let span):
            beginAnew(wiped: wiped, kept: kept, within: span)
        case .powerCut(let nodes, _, let span):
            cutPower(of: nodes, within: span)
        case .syncError(let node, _, _, _):
            guard node.index < hosts.count else { return }
            failNextSync(node.index, fault: index)
        case .twin(let node, _, let length, let disk, _):
            guard node.index < hosts.count else { return }
            beginTwin(node.index, with: disk, for: length, fault: index)
        case .slowMachine(let node, let times, let buffer):
            guard node.index < hosts.count else { return }
            slowDown(node.index, times: times, buffer: buffer)
        case .forgeries(_, let length, _, let hearing):
            beginForging(index, hearing)
            schedule(endOf: index, after: length)
        default: break
        }
    }

    mutating func schedule(endOf fault: Int, after length: Interval) {
        queue.push(WorldEvent(.faultEnds, host: 0, index: fault), at: now + length)
    }

    mutating func changeBlocks(_ partition: Partition, by change: Int) {
        for from in hosts.indices {
            for to in hosts.indices
            where partition.blocks(from: NodeID(index: from), to: NodeID(index: to)) {
                let link = from * hosts.count + to
                blocked[link] = UInt16(Int(blocked[link]) + change)
            }
        }
    }

    /// Lets a paused host take what has waited for it, in the order it came.
    mutating func resume(_ host: Int) {
        note(.resumes, host)
        line(.resumes, host)
        hosts[host].status = .running
        if hosts[host].isHung {
            finishWrites(host)
            guard hosts[host].status == .running else { return }
        }
        for event in backlogs[host] { queue.push(event, at: now) }
        backlogs[host].removeAll(keepingCapacity: true)
        refreshWake(host)
    }

    /// Reckons anew when a host is to be woken, its clock having changed.
    mutating func refreshWake(_ host: Int) {
        hosts[host].queuedWake = .never
        if hosts[host].status == .running { scheduleWake(host) }
    }

    /// Ends the faults among a healthy set and leaves the rest as broken as it is; returns false if
    /// there is no such set.
    @usableFromInline
    mutating func heal() -> Bool {
        var random = RandomSource(seed: Dice.mix(plan.seed ^ 0x4845_414c))
        let conditions = hosts.map { HostCondition($0) }
        guard let chosen = chooseHealthy(plan, conditions, &random) else { return false }
        endTwins()
        recording.hearing = nil
        healthy = chosen.intersection(NodeSet(0..<hosts.count))
        guard observer.canProgress(healthy) else { return false }
        isHealed = true
        note(.heals, 0, healthy.bits)
        line(.heals, nil, text: "\(healthy)")
        observer.didHeal(healthy, at: now)
        for from in healthy {
            for to in healthy {
                blocked[from.index * hosts.count + to.index] = 0
                cloggedUntil[from.index * hosts.count + to.index] = Instant(nanoseconds: 0)
            }
        }
        for node in healthy {
            let host = node.index
            hosts[host].clock.setRate(0, at: now)
            hosts[host].diskDelay = .zero
            hosts[host].diskLimit = .max
            hosts[host].diskHangsUntil = Instant(nanoseconds: 0)
            hosts[host].nextPersistCrash = .max
            hosts[host].syncErrorFault = nil
            speedUp(host)
            switch hosts[host].status {
            case .running: refreshWake(host)
            case .paused: resume(host)
            case .notStarted: start(host)
            case .crashed: restart(host, memory: .kept)
            }
        }
        return true
    }
}
