public import ConsensusCore

/// The faults a node injects into what it sends, for every recipient anew.
public struct Faults: Hashable, Sendable {
    /// The chance that a copy is lost, in millionths.
    public var dropPerMillion: Int
    /// The chance that a copy that is not lost is sent twice, in millionths.
    public var duplicatePerMillion: Int
    /// How long a copy is held back, drawn for each.
    public var delay: ClosedRange<Interval>
    /// What the draws begin from.
    public var seed: UInt64

    /// - Precondition: the chances are from 0 to 1,000,000 and no delay is negative; the readers of
    ///   options see to that.
    public init(
        dropPerMillion: Int = 0, duplicatePerMillion: Int = 0,
        delay: ClosedRange<Interval> = .zero ... .zero, seed: UInt64 = 0
    ) {
        precondition((0...1_000_000).contains(dropPerMillion))
        precondition((0...1_000_000).contains(duplicatePerMillion))
        precondition(delay.lowerBound >= .zero)
        self.dropPerMillion = dropPerMillion
        self.duplicatePerMillion = duplicatePerMillion
        self.delay = delay
        self.seed = seed
    }

    /// No faults but the network's own.
    public static let none = Faults()

    /// Whether anything would ever happen.
    var isNone: Bool {
        dropPerMillion == 0 && duplicatePerMillion == 0 && delay.upperBound == .zero
    }
}

/// A fault that was injected, for the trace.
@usableFromInline
struct InjectedFault {
    enum Kind {
        case dropped
        case duplicated
        case delayed(Interval)
    }

    let kind: Kind
    let recipient: NodeID
}

/// Draws the faults of one node.
struct FaultInjector {
    private let faults: Faults
    private var random: RandomSource

    /// - Parameter node: goes into the seed, so that nodes that were given the same one differ.
    init(_ faults: Faults, node: NodeID) {
        self.faults = faults
        var mixed = RandomSource(seed: faults.seed)
        random = RandomSource(seed: mixed.next() &+ UInt64(node.rawValue))
    }

    /// How many copies of a datagram go to a recipient: none, one or two.
    mutating func copies() -> Int {
        if random.happens(perMillion: faults.dropPerMillion) { return 0 }
        return random.happens(perMillion: faults.duplicatePerMillion) ? 2 : 1
    }

    /// How long one copy is held back.
    mutating func delay() -> Interval {
        faults.delay.upperBound == .zero ? .zero : random.interval(in: faults.delay)
    }
}
