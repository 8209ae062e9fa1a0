public import ConsensusCore

/// How hostile the network of one run is.
///
/// Each run draws its own subset of the faults allowed and its own strengths: a run without loss
/// reaches states that a run with every fault at once never does (Groce et al., *Swarm Testing*,
/// 2012). Chances are in a million.
@frozen
public struct FaultMix: Hashable, Sendable {
    /// The kinds this run uses.
    public var kinds: FaultSet
    /// 0 to 300,000 when drawn.
    public var lossPerMillion: Int = 0
    /// What a bad link loses, one link in four being bad; 500,000 to 950,000 when drawn.
    public var badLinkLossPerMillion: Int = 0
    /// 0 to 500,000 when drawn.
    public var duplicationPerMillion: Int = 0
    /// What every datagram takes at least; 50 µs to 10 ms when drawn.
    public var delay: Interval = .milliseconds(1)
    /// What a datagram may take on top, each length equally likely; up to 100 ms when drawn.
    public var jitter: Interval = .zero
    public var spikesPerMillion: Int = 0
    /// The longest spike; up to 2 s when drawn.
    public var spike: Interval = .zero
    /// 0 to 50,000 when drawn.
    public var corruptionPerMillion: Int = 0

    /// A network in which every datagram arrives once, in order, after 1 ms.
    public static let calm = FaultMix()

    public init() {
        kinds = []
    }

    /// Draws each allowed kind with one chance in two, and its strength; one run in sixteen is calm.
    ///
    /// Faults of disks, which often cost a host for good, are drawn in one run of four, or in all if
    /// nothing else is allowed; so are those of surroundings.
    public init(drawnFrom random: inout RandomSource, among allowed: FaultSet) {
        kinds = []
        guard random.below(16) != 0 else { return }
        let late = FaultSet.ofDisks.union(.ofSurroundings)
        for (kind, _) in FaultSet.named
        where !late.contains(kind) && random.below(2) == 0 && allowed.contains(kind) {
            kinds.formUnion(kind)
        }
        let lowest: Interval = .microseconds(10)
        delay = random.logarithmic(from: .microseconds(50), to: .milliseconds(10))
        if kinds.contains(.loss) { lossPerMillion = random.number(in: 1_000...300_000) }
        if kinds.contains(.badLinks) {
            badLinkLossPerMillion = random.number(in: 500_000...950_000)
        }
        if kinds.contains(.duplication) {
            duplicationPerMillion = random.number(in: 1_000...500_000)
        }
        if kinds.contains(.reordering) {
            jitter = random.logarithmic(from: lowest, to: .milliseconds(100))
        }
        if kinds.contains(.spikes) {
            spikesPerMillion = random.number(in: 1_000...100_000)
            spike = random.logarithmic(from: .milliseconds(10), to: .seconds(2))
        }
        if kinds.contains(.corruption) {
            corruptionPerMillion = random.number(in: 1_000...50_000)
        }
        // From sources of their own, so that runs without them are what they were before there were any.
        var copy = random
        let number = copy.next()
        add(.ofDisks, among: allowed, from: RandomSource(seed: Dice.mix(number ^ 0x6469_736b)))
        add(
            .ofSurroundings, among: allowed,
            from: RandomSource(seed: Dice.mix(number ^ 0x7375_7272)))
    }

    /// Draws each allowed kind of a group with one chance in two, in one run of four or, if nothing else is
    /// allowed, in all.
    private mutating func add(
        _ group: FaultSet, among allowed: FaultSet, from source: RandomSource
    ) {
        var random = source
        guard random.below(4) == 0 || allowed.isSubset(of: group) else { return }
        for (kind, _) in FaultSet.named
        where group.contains(kind) && random.below(2) == 0 && allowed.contains(kind) {
            kinds.formUnion(kind)
        }
    }

    /// The mix without some kinds.
    public func removing(_ removed: FaultSet) -> FaultMix {
        var result = self
        result.kinds.subtract(removed)
        if removed.contains(.loss) { result.lossPerMillion = 0 }
        if removed.contains(.badLinks) { result.badLinkLossPerMillion = 0 }
        if removed.contains(.duplication) { result.duplicationPerMillion = 0 }
        if removed.contains(.reordering) { result.jitter = .zero }
        if removed.contains(.spikes) {
            result.spikesPerMillion = 0
            result.spike = .zero
        }
        if removed.contains(.corruption) { result.corruptionPerMillion = 0 }
        return result
    }
}

extension RandomSource {
    /// An interval whose order of magnitude, in powers of two, is equally likely; both ends included.
    ///
    /// - Precondition: `shortest` is at least 1 ns and at most `longest`.
    mutating func logarithmic(from shortest: Interval, to longest: Interval) -> Interval {
        precondition(shortest.nanoseconds >= 1 && shortest <= longest)
        var top = shortest
        var doublings = 0
        while top.nanoseconds <= longest.nanoseconds / 2 {
            top = top * 2
            doublings += 1
        }
        let low = shortest * (1 << Int64(number(in: 0...doublings)))
        return interval(in: low...max(low, min(low * 2, longest)))
    }
}
