public import ConsensusCore

extension Plan {
    /// What a drawn plan must keep to.
    public struct Limits: Hashable, Sendable {
        /// The faults that may be drawn.
        public var faults: FaultSet
        public var safetyTime: Interval = .seconds(5)
        public var livenessBound: Interval = .seconds(60)
        /// The hosts that may crash, for a while or for good; nil for all.
        public var crashable: NodeSet?
        /// The hosts that keep records, whose disks may be full, hung or damaged; nil for all.
        public var storing: NodeSet?
        /// How many hosts may crash for good; as many again may lose their disks' service for good.
        public var permanentCrashes: Int = 1
        /// How many hosts may come back without their disks.
        public var amnesiacs: Int = 1

        public init(faults: FaultSet = .standard) {
            self.faults = faults
        }
    }

    /// Draws the faults of one run from its seed.
    ///
    /// - Precondition: the shape has 1 to ``maximumHosts`` hosts.
    public init(drawing seed: UInt64, shape: [Int], within limits: Limits) {
        self.init(
            seed: seed, shape: shape, safetyTime: limits.safetyTime,
            livenessBound: limits.livenessBound)
        precondition(hostCount >= 1 && hostCount <= Plan.maximumHosts)
        var random = RandomSource(seed: Dice.mix(seed ^ 0x504c_414e))
        mix = FaultMix(drawnFrom: &random, among: limits.faults)
        var draw = ScheduleDraw(
            random: random, mix: mix, hostCount: hostCount, time: limits.safetyTime,
            crashable: limits.crashable ?? NodeSet(0..<hostCount))
        draw.drawHosts()
        draw.drawCrashes(permanent: limits.permanentCrashes, amnesiacs: limits.amnesiacs)
        draw.drawNetwork()
        draw.drawDisks(
            of: limits.storing ?? NodeSet(0..<hostCount), lasting: limits.permanentCrashes)
        draw.random = RandomSource(seed: Dice.mix(seed ^ 0x5355_5252))
        draw.drawSurroundings(
            of: limits.storing ?? NodeSet(0..<hostCount), amnesiacs: limits.amnesiacs)
        scheduled = draw.faults
    }
}

/// Draws the scheduled faults of one plan.
struct ScheduleDraw {
    var random: RandomSource
    let mix: FaultMix
    let hostCount: Int
    let time: Interval
    let crashable: NodeSet
    var faults: [ScheduledFault] = []

    init(
        random: RandomSource, mix: FaultMix, hostCount: Int, time: Interval, crashable: NodeSet
    ) {
        self.random = random
        self.mix = mix
        self.hostCount = hostCount
        self.time = max(time, .milliseconds(2))
        self.crashable = crashable.intersection(NodeSet(0..<hostCount))
    }

    /// A host that `allowed` names, or nil if it names none.
    mutating func host(of allowed: NodeSet) -> NodeID? {
        guard !allowed.isEmpty else { return nil }
        var skipped = random.below(UInt64(allowed.count))
        for node in allowed {
            if skipped == 0 { return node }
            skipped -= 1
        }
        return nil
    }

    mutating func host() -> NodeID { NodeID(index: random.number(in: 0...hostCount - 1)) }

    /// A time of the safety phase, early ones as likely as late ones by order of magnitude: much of
    /// what a protocol does, it does first.
    mutating func moment() -> Instant {
        let length =
            random.below(4) == 0
            ? random.interval(in: .zero...time)
            : random.logarithmic(from: .milliseconds(1), to: time)
        return Instant(nanoseconds: length.nanoseconds)
    }

    /// How long something lasts: 1 ms up to half the safety phase.
    mutating func length() -> Interval {
        random.logarithmic(from: .milliseconds(1), to: max(time / 2, .milliseconds(1)))
    }

    mutating func tail() -> TailFate {
        let canTear = mix.kinds.contains(.tornWrites)
        let canLose = mix.kinds.contains(.lostWrites)
        switch random.below(3) {
        case 0 where canTear: return .torn(perThousand: random.number(in: 0...999))
        case 1 where canLose: return .lost
        default: return .kept
        }
    }

    mutating func drawHosts() {
        for index in 0..<hostCount {
            let node = NodeID(index: index)
            if mix.kinds.contains(.lateStarts) && random.below(2) == 0 {
                let late = random.logarithmic(from: .microseconds(100), to: time / 2)
                faults.append(.lateStart(node, at: Instant(nanoseconds: late.nanoseconds)))
            }
            if mix.kinds.contains(.skew) && random.below(2) == 0 {
                let rate = random.number(in: -200_000...200_000)
                faults.append(.clockRate(node, perMillion: rate))
            }
        }
        if mix.kinds.contains(.pauses) {
            for _ in 0..<random.number(in: 1...4) {
                faults.append(.pause(host(), at: moment(), length: length()))
            }
        }
        if mix.kinds.contains(.jumps) {
            for _ in 0..<random.number(in: 1...3) {
                let jump = random.logarithmic(from: .milliseconds(1), to: .seconds(10))
                faults.append(.clockJump(host(), at: moment(), by: jump))
            }
        }
        if mix.kinds.contains(.slowDisks) {
            for _ in 0..<random.number(in: 1...4) {
                let delay = random.logarithmic(from: .microseconds(100), to: .milliseconds(500))
                faults.append(
                    .slowDisk(host(), at: moment(), length: length(), delay: delay))
            }
        }
    }

    mutating func drawCrashes(permanent: Int, amnesiacs: Int) {
        if mix.kinds.contains(.crashes) && permanent > 0 {
            for _ in 0..<random.number(in: 1...permanent) {
                addCrash(.never)
            }
        }
        if mix.kinds.contains(.restarts) {
            for _ in 0..<random.number(in: 1...4) {
                let comeback = Comeback.withDisk(after: length())
                addCrash(comeback)
            }
        }
        if mix.kinds.contains(.amnesia) && amnesiacs > 0 {
            for _ in 0..<random.number(in: 1...amnesiacs) {
                let comeback = Comeback.withoutDisk(after: length())
                addCrash(comeback)
            }
        }
        if mix.kinds.contains(.persistCrashes) {
            for _ in 0..<random.number(in: 1...4) {
                guard let node = host(of: crashable) else { return }
                let point = random.number(in: 1...(1 << random.number(in: 0...4)))
                let comeback = Comeback.withDisk(after: length())
                faults.append(
                    .crashAtPersist(node, point: point, tail: tail(), comeback: comeback))
            }
        }
    }

    mutating func addCrash(_ comeback: Comeback) {
        guard let node = host(of: crashable) else { return }
        faults.append(.crash(node, at: moment(), tail: tail(), comeback: comeback))
    }

    mutating func drawNetwork() {
        guard hostCount >= 2 else { return }
        if mix.kinds.contains(.clogs) {
            for _ in 0..<random.number(in: 1...8) {
                let from = host()
                let to = host()
                guard from != to else { continue }
                faults.append(.clog(from: from, to: to, at: moment(), length: length()))
            }
        }
        if mix.kinds.contains(.partitions) {
            for _ in 0..<random.number(in: 1...4) {
                faults.append(.partition(partition(), at: moment(), length: length()))
            }
        }
    }

    mutating func partition() -> Partition {
        let half = NodeSet(bits: random.next()).intersection(NodeSet(0..<hostCount))
        switch random.below(5) {
        case 0: return .split([host()])
        case 1: return .oneWay(from: [host()])
        case 2: return .oneWay(from: half)
        case 3: return .bridge(half, over: host())
        default: return .split(half)
        }
    }
}
