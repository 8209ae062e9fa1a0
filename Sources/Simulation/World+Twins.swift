public import ConsensusCore

/// The one of two processes with one ID that stands still.
@usableFromInline
struct Twin<Subject: Automaton> {
    @usableFromInline let host: Int
    /// Which fault made the second one.
    @usableFromInline let fault: Int
    @usableFromInline var automaton: Subject
    @usableFromInline var disk: SimulatedDisk
    @usableFromInline var held: [HeldEffects<Subject>] = []
    @usableFromInline var state: HostState
    /// Whether it is the first one that stands still.
    @usableFromInline var isFirst = false

    init(host: Int, fault: Int, automaton: Subject, disk: SimulatedDisk, state: HostState) {
        self.host = host
        self.fault = fault
        self.automaton = automaton
        self.disk = disk
        self.state = state
    }
}

extension World {
    /// Where the lives of second processes begin to be counted.
    private static var firstTwinLife: Int { 128 }

    /// Starts a second process with a host's ID, whose turn it is then.
    mutating func beginTwin(_ host: Int, with disk: TwinDisk, for length: Interval, fault: Int) {
        let node = NodeID(index: host)
        guard hosts[host].status == .running, backlogs[host].isEmpty,
            !twins.contains(where: { $0.host == host }), observer.mayTwin(node, with: disk)
        else { return }
        var state = HostState(clock: hosts[host].clock)
        state.status = .running
        state.life = World.firstTwinLife + statistics.twins
        state.hadTwin = true
        state.hasForeignDisk = true
        state.slowness = hosts[host].slowness
        state.receiveBuffer = hosts[host].receiveBuffer
        hosts[host].hadTwin = true
        let contents = disk == .copy ? disks[host].durableCopy : SimulatedDisk()
        var heir = automaton(host, life: state.life)
        twins.append(
            Twin(host: host, fault: fault, automaton: heir, disk: contents, state: state))
        statistics.twins += 1
        line(.twinBegins, host, text: disk == .copy ? "with a copy of its disk" : "")
        exchange(twins.count - 1)
        observer.didTwin(node, life: state.life, with: disk, at: now)
        let (_, end) = replay(host, into: &heir)
        disks[host].settle(at: end)
        automata[host] = heir
        guard World.recoveryFault(of: &automata[host]) == nil else {
            statistics.refusedStarts += 1
            return endTwin(of: fault)
        }
        schedule(endOf: fault, after: length)
        scheduleTurn(host, fault: fault)
        automata[host].start(at: hosts[host].clock.local(at: now), into: &effects)
        honourLanes(host)
    }

    private mutating func scheduleTurn(_ host: Int, fault: Int) {
        guard case .twin(_, _, _, _, let turn) = plan.scheduled[fault] else { return }
        let length = momentDice(about: host).below(UInt64(max(turn.nanoseconds, 1)), .turn)
        queue.push(
            WorldEvent(.turn, host: host, index: fault),
            at: now + Interval(nanoseconds: Int64(length) + 1))
    }

    /// It is the other's turn, if both run.
    @usableFromInline
    mutating func takeTurn(of fault: Int) {
        guard let index = twins.firstIndex(where: { $0.fault == fault }) else { return }
        let host = twins[index].host
        if hosts[host].status == .running && backlogs[host].isEmpty
            && twins[index].state.status == .running
        {
            exchange(index)
            line(.turns, host, text: twins[index].isFirst ? "its twin" : "itself")
            observer.didTurn(NodeID(index: host), to: hosts[host].life, at: now)
        }
        scheduleTurn(host, fault: fault)
    }

    /// Puts the one that stood still in the place of the other.
    private mutating func exchange(_ index: Int) {
        let host = twins[index].host
        swap(&automata[host], &twins[index].automaton)
        swap(&disks[host], &twins[index].disk)
        swap(&held[host], &twins[index].held)
        swap(&hosts[host], &twins[index].state)
        twins[index].isFirst.toggle()
        note(.turns, host, UInt64(hosts[host].life))
        // Faults that ended meanwhile ended without it.
        if hosts[host].diskSlowUntil <= now { hosts[host].diskDelay = .zero }
        if hosts[host].diskFullUntil <= now { hosts[host].diskLimit = .max }
        hosts[host].lastSync = now
        for _ in held[host] { synchronize(host, after: .zero) }
        refreshWake(host)
    }

    /// The second process stops for good; the first has the host to itself.
    mutating func endTwin(of fault: Int) {
        guard let index = twins.firstIndex(where: { $0.fault == fault }) else { return }
        let host = twins[index].host
        note(.twinEnds, host)
        if twins[index].isFirst {
            for event in backlogs[host] where event.kind == .delivery {
                pool.release(Int(event.index))
            }
            backlogs[host].removeAll(keepingCapacity: true)
            exchange(index)
            observer.didTurn(NodeID(index: host), to: hosts[host].life, at: now)
        }
        line(.twinEnds, host)
        twins.remove(at: index)
    }

    mutating func endTwins() {
        while let last = twins.last { endTwin(of: last.fault) }
    }
}
