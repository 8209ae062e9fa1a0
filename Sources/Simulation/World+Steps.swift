public import ConsensusCore

extension World {
    /// Takes one event.
    @inlinable
    mutating func take(_ event: WorldEvent) {
        let host = Int(event.host)
        if hosts[host].slowness > 0 && postpones(event, on: host) { return }
        process(event)
    }

    /// Takes an event for which its host has the time.
    @inlinable
    mutating func process(_ event: WorldEvent) {
        let host = Int(event.host)
        switch event.kind {
        case .delivery: takeDelivery(event, on: host)
        case .wake: takeWake(host)
        case .sync:
            guard hosts[host].life == Int(event.index), hosts[host].isUp else { return }
            if hosts[host].isHung && hosts[host].hangEnd <= now {
                endHang(host)
            } else if hosts[host].status == .paused {
                backlogs[host].append(event)
            } else {
                releaseHeld(host)
            }
        case .input: takeInput(event, on: host)
        case .start:
            if hosts[host].status == .notStarted && !isHealed { start(host) }
        case .restart:
            guard hosts[host].life == Int(event.index), !isHealed else { return }
            restart(host, memory: event.key == 0 ? .kept : .wiped)
        case .faultBegins:
            if !isHealed { begin(fault: Int(event.index)) }
        case .faultEnds:
            if !isHealed { end(fault: Int(event.index)) }
        case .copy:
            if !isHealed { copyDisk(for: Int(event.index)) }
        case .idle: takeIdle(host)
        case .turn:
            if !isHealed { takeTurn(of: Int(event.index)) }
        case .forgery:
            if !isHealed { takeForgery(event) }
        }
    }

    @inlinable
    mutating func takeDelivery(_ event: WorldEvent, on host: Int) {
        let slot = Int(event.index)
        let key = DeliveryKey(rawValue: event.key)
        guard hosts[host].status == .running else {
            if hosts[host].status == .paused {
                if hosts[host].isHung && overflow(event, on: host) { return }
                backlogs[host].append(event)
                return
            }
            statistics.unheard += 1
            note(.findsHostDown, host, event.key)
            if options.contains(.traces) {
                line(.findsHostDown, host, peer: sender(of: key), delivery: key)
            }
            pool.release(slot)
            return
        }
        if !door.guests.isEmpty && !passesDoor(slot, key: key, on: host) {
            pool.release(slot)
            return
        }
        let datagram: Datagram<Subject.Message>
        do {
            datagram = try pool.decode(slot, cluster: cluster)
        } catch {
            statistics.rejected += 1
            note(.rejects, host, event.key)
            if options.contains(.traces) {
                line(.rejects, host, peer: sender(of: key), delivery: key, text: "\(error)")
            }
            pool.release(slot)
            return
        }
        charge(host, pool.slots[slot].writer.bytes.count, at: ComputingCost.receivedByte)
        pool.release(slot)
        statistics.delivered += 1
        let origin = datagram.header.origin
        let lamportTime = max(hosts[host].lamportTime, datagram.header.lamportTime) &+ 1
        hosts[host].lamportTime = lamportTime
        note(.receives, host, event.key)
        if options.contains(.traces) {
            line(
                .receives, host, peer: origin.node, delivery: key,
                text: observer.describe(message: datagram.message))
        }
        observer.didReceive(
            datagram.message, from: origin, on: NodeID(index: host), at: now)
        automata[host].receive(
            datagram.message, from: origin, at: hosts[host].clock.local(at: now),
            into: &effects)
        honourLanes(host)
    }

    @inlinable
    mutating func takeWake(_ host: Int) {
        guard hosts[host].queuedWake == now else { return }
        hosts[host].queuedWake = .never
        guard hosts[host].status == .running else { return }
        guard hosts[host].slowness == 0 || hosts[host].busyUntil <= now else {
            return scheduleWake(host)
        }
        let local = hosts[host].clock.local(at: now)
        guard World.wakeTime(of: &automata[host]) <= local else {
            scheduleWake(host)
            return
        }
        wake(host, local: local)
    }

    /// Has a host act on its deadline if that has come.
    @inlinable
    mutating func wakeIfDue(_ host: Int) {
        let local = hosts[host].clock.local(at: now)
        if World.wakeTime(of: &automata[host]) <= local { wake(host, local: local) }
    }

    @inlinable
    mutating func wake(_ host: Int, local: Instant) {
        statistics.wakes += 1
        note(.wakes, host)
        if options.contains(.traces) { line(.wakes, host) }
        automata[host].wake(at: local, into: &effects)
        honourLanes(host)
    }

    @inlinable
    mutating func takeInput(_ event: WorldEvent, on host: Int) {
        if hosts[host].status == .paused { backlogs[host].append(event) }
        guard hosts[host].status == .running else { return }
        note(.takesInput, host, UInt64(event.index))
        if options.contains(.traces) { line(.takesInput, host) }
        automata[host].handle(
            inputs[Int(event.index)].input, at: hosts[host].clock.local(at: now),
            into: &effects)
        honourLanes(host)
    }

    /// Begins a host's first life.
    @inlinable
    mutating func start(_ host: Int) {
        note(.starts, host)
        if options.contains(.traces) { line(.starts, host) }
        hosts[host].status = .running
        observer.didStart(NodeID(index: host), at: now)
        automata[host].start(at: hosts[host].clock.local(at: now), into: &effects)
        honourLanes(host)
    }

    /// Does what the step just taken wants done, in the order of the lanes.
    @inlinable
    mutating func honourLanes(_ host: Int) {
        statistics.steps += 1
        charge(host, 1, at: ComputingCost.step)
        if options.contains(.checksInvariants) { World.check(&automata[host]) }
        if !effects.isEmpty {
            if effects.records.isEmpty && held[host].isEmpty {
                release(host, stamp: World.stamp(of: &automata[host]))
            } else {
                persist(host)
            }
            guard hosts[host].status == .running else { return }
        }
        checkpointIfWanted(host)
        guard hosts[host].status == .running else { return }
        scheduleWake(host)
    }

    /// Sends and reports, and empties the lanes.
    @inlinable
    mutating func release(_ host: Int, stamp: Stamp) {
        var index = 0
        while index < effects.envelopes.count {
            send(index, from: host, stamp: stamp)
            index += 1
        }
        index = 0
        while index < effects.outputs.count {
            statistics.outputs += 1
            note(.reports, host)
            if options.contains(.traces) {
                line(.reports, host, text: observer.describe(output: effects.outputs[index]))
            }
            observer.didOutput(effects.outputs[index], on: NodeID(index: host), at: now)
            index += 1
        }
        effects.removeAll()
    }

    /// Sees to it that the host is woken when its automaton wants to be.
    ///
    /// A wake already queued for an earlier time stays and finds out then: most deadlines move later
    /// again and again, and are not worth an event each time.
    @inlinable
    mutating func scheduleWake(_ host: Int) {
        let wanted = World.wakeTime(of: &automata[host])
        guard wanted != .never else { return }
        let time = max(now, hosts[host].busyUntil, hosts[host].clock.time(showing: wanted))
        guard time < hosts[host].queuedWake else { return }
        hosts[host].queuedWake = time
        queue.push(WorldEvent(.wake, host: host), at: time)
    }

    // Reading a property of an array's element copies the whole element first; what is passed as
    // inout stays in its place. An automaton is a kilobyte with many references.

    @inlinable
    static func wakeTime(of automaton: inout Subject) -> Instant { automaton.wakeTime }

    @inlinable
    static func stamp(of automaton: inout Subject) -> Stamp { automaton.stamp }

    @inlinable
    static func wantsCheckpoint(_ automaton: inout Subject) -> Bool { automaton.wantsCheckpoint }

    @inlinable
    static func check(_ automaton: inout Subject) { automaton.checkInvariants() }
}
