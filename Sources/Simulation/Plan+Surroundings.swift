import ConsensusCore

extension ScheduleDraw {
    /// Draws what befalls hosts from without: those who run them, their power, their disks' controllers,
    /// the speed of their machines, strangers.
    ///
    /// - Parameters:
    ///   - storing: the hosts that have something on their disks.
    ///   - amnesiacs: how many of them may lose what they have.
    mutating func drawSurroundings(of storing: NodeSet, amnesiacs: Int) {
        let hosts = storing.intersection(crashable)
        if mix.kinds.contains(.oldDisks) && amnesiacs > 0 {
            for _ in 0..<random.number(in: 1...amnesiacs) {
                guard let node = host(of: hosts) else { break }
                let copied = moment()
                // Some copies are so young that little but the last acknowledged write is missing.
                let age =
                    random.below(2) == 0
                    ? random.logarithmic(from: .microseconds(100), to: .milliseconds(20)) : length()
                faults.append(
                    .oldDisk(node, copied: copied, at: copied + age, comebackAfter: length()))
            }
        }
        if mix.kinds.contains(.leftovers) { drawNewBeginning(of: hosts) }
        if mix.kinds.contains(.powerCuts) {
            for _ in 0..<random.number(in: 1...3) { drawPowerCut(storing: hosts) }
        }
        if mix.kinds.contains(.syncErrors) {
            for _ in 0..<random.number(in: 1...3) {
                guard let node = host(of: hosts) else { break }
                faults.append(
                    .syncError(
                        node, at: moment(), tail: anyTail(),
                        comebackAfter: max(length(), .milliseconds(5))))
            }
        }
        if mix.kinds.contains(.lyingDisks), let node = host(of: hosts) {
            let isReplaced = mix.kinds.contains(.amnesia) && random.below(2) == 0
            let pause = length()
            faults.append(
                .bitRot(
                    node, at: moment(), damage: lie(),
                    comeback: isReplaced ? .withoutDisk(after: pause) : .withDisk(after: pause)))
        }
        if mix.kinds.contains(.twins), let node = host(of: hosts) {
            let turn = random.logarithmic(from: .milliseconds(1), to: .milliseconds(200))
            faults.append(
                .twin(
                    node, at: moment(), length: length(),
                    disk: random.below(2) == 0 ? .empty : .copy, turn: turn))
        }
        if mix.kinds.contains(.computing) {
            for index in 0..<hostCount where random.below(2) == 0 {
                let times = random.number(in: 1...[10, 50, 200][random.number(in: 0...2)])
                let buffer = 1 << random.number(in: 3...9)
                faults.append(.slowMachine(NodeID(index: index), times: times, buffer: buffer))
            }
        }
        if mix.kinds.contains(.forgeries) {
            for _ in 0..<random.number(in: 1...2) {
                let pause = random.logarithmic(from: .microseconds(200), to: .milliseconds(50))
                faults.append(
                    .forgeries(
                        at: moment(), length: length(), every: pause,
                        hearing: random.below(2) == 0 ? .everything : .itself))
            }
        }
    }

    private mutating func drawNewBeginning(of hosts: NodeSet) {
        var wiped = NodeSet()
        var kept = NodeSet()
        for node in hosts {
            switch random.below(5) {
            case 0, 1: wiped.insert(node)
            case 2, 3: kept.insert(node)
            default: continue
            }
        }
        guard !wiped.isEmpty else { return }
        faults.append(.newBeginning(wiped: wiped, kept: kept, at: moment(), within: length()))
    }

    /// Power goes all at once, mostly everywhere; disks are slow just then, so that there is something that
    /// was not synced.
    private mutating func drawPowerCut(storing: NodeSet) {
        let nodes =
            random.below(4) == 0
            ? NodeSet(bits: random.next()).intersection(crashable) : crashable
        let time = moment()
        let lead = Interval(nanoseconds: min(time.nanoseconds, 100_000_000))
        for node in storing where random.below(4) != 0 {
            let delay = random.logarithmic(from: .milliseconds(1), to: .milliseconds(100))
            faults.append(
                .slowDisk(
                    node, at: Instant(nanoseconds: time.nanoseconds - lead.nanoseconds),
                    length: .milliseconds(150), delay: delay))
        }
        faults.append(.powerCut(nodes, at: time, within: max(length(), .milliseconds(5))))
    }

    private mutating func anyTail() -> TailFate {
        switch random.below(3) {
        case 0: .torn(perThousand: random.number(in: 0...999))
        case 1: .lost
        default: .kept
        }
    }

    private mutating func lie() -> DiskDamage {
        let kind: DiskDamage.Kind
        switch random.below(3) {
        case 0: kind = .droppedWrite
        case 1: kind = .misdirectedWrite(random.number(in: 1...999))
        default: kind = .olderFile(random.number(in: 0...999))
        }
        return DiskDamage(kind, place: random.number(in: 0...999_999))
    }
}
