/// The kinds of faults a run may inject, by name.
@frozen
public struct FaultSet: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32

    @inlinable
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Datagrams vanish.
    public static let loss = FaultSet(rawValue: 1 << 0)
    /// Datagrams arrive twice.
    public static let duplication = FaultSet(rawValue: 1 << 1)
    /// Delays vary, so that datagrams overtake each other.
    public static let reordering = FaultSet(rawValue: 1 << 2)
    /// Now and then a datagram takes far longer.
    public static let spikes = FaultSet(rawValue: 1 << 3)
    /// A link holds everything back for a while and then delivers it all.
    public static let clogs = FaultSet(rawValue: 1 << 4)
    /// Halves that cannot hear each other, one node cut off, one-way silence, a bridge.
    public static let partitions = FaultSet(rawValue: 1 << 5)
    /// A host stops for good.
    public static let crashes = FaultSet(rawValue: 1 << 6)
    /// A host crashes and comes back with its disk.
    public static let restarts = FaultSet(rawValue: 1 << 7)
    /// A host crashes and comes back with an empty disk.
    public static let amnesia = FaultSet(rawValue: 1 << 8)
    /// A host crashes between writing a record and sending what depends on it.
    public static let persistCrashes = FaultSet(rawValue: 1 << 9)
    /// A crash leaves part of the last write.
    public static let tornWrites = FaultSet(rawValue: 1 << 10)
    /// A crash loses writes that were not yet synced.
    public static let lostWrites = FaultSet(rawValue: 1 << 11)
    /// A host stands still for a while, as under SIGSTOP.
    public static let pauses = FaultSet(rawValue: 1 << 12)
    /// Clocks run fast or slow.
    public static let skew = FaultSet(rawValue: 1 << 13)
    /// Clocks jump forward.
    public static let jumps = FaultSet(rawValue: 1 << 14)
    /// Making a record durable takes time, in which the host goes on.
    public static let slowDisks = FaultSet(rawValue: 1 << 15)
    /// Datagrams arrive truncated, with flipped bits, oversized, or from another cluster.
    public static let corruption = FaultSet(rawValue: 1 << 16)
    /// Hosts start late and in any order.
    public static let lateStarts = FaultSet(rawValue: 1 << 17)
    /// Some links, each in one direction, lose most of what they carry.
    public static let badLinks = FaultSet(rawValue: 1 << 18)
    /// A disk has no room for a write, and its host ends.
    public static let fullDisks = FaultSet(rawValue: 1 << 19)
    /// A host stands still until its disk is done with a write, for long or for ever.
    public static let hungDisks = FaultSet(rawValue: 1 << 20)
    /// What a host has stored is damaged while it is down.
    public static let bitRot = FaultSet(rawValue: 1 << 21)

    /// A host comes back with an older copy of its own disk.
    public static let oldDisks = FaultSet(rawValue: 1 << 22)
    /// Hosts start anew together, some with empty disks and others with those they had.
    public static let leftovers = FaultSet(rawValue: 1 << 23)
    /// Many hosts lose power in the same instant.
    public static let powerCuts = FaultSet(rawValue: 1 << 24)
    /// A disk fails to make a write durable, and its host ends.
    public static let syncErrors = FaultSet(rawValue: 1 << 25)
    /// A disk has dropped writes that it acknowledged, or put them elsewhere.
    public static let lyingDisks = FaultSet(rawValue: 1 << 26)
    /// Two processes run with one ID, each with a disk of its own.
    public static let twins = FaultSet(rawValue: 1 << 27)
    /// Computing takes time.
    public static let computing = FaultSet(rawValue: 1 << 28)
    /// A guest sends what it has recorded again, changed or not.
    public static let forgeries = FaultSet(rawValue: 1 << 29)

    /// Every kind with its name on a command line, in the order they are shown.
    public static let named: [(kind: FaultSet, name: String)] = [
        (.loss, "loss"), (.duplication, "duplication"), (.reordering, "reordering"),
        (.spikes, "spikes"), (.clogs, "clogs"), (.partitions, "partitions"),
        (.crashes, "crashes"), (.restarts, "restarts"), (.amnesia, "amnesia"),
        (.persistCrashes, "persist-crashes"), (.tornWrites, "torn-writes"),
        (.lostWrites, "lost-writes"), (.pauses, "pauses"), (.skew, "skew"), (.jumps, "jumps"),
        (.slowDisks, "slow-disks"), (.corruption, "corruption"), (.lateStarts, "late-starts"),
        (.badLinks, "bad-links"), (.fullDisks, "full-disks"), (.hungDisks, "hung-disks"),
        (.bitRot, "bit-rot"), (.oldDisks, "old-disks"), (.leftovers, "leftovers"),
        (.powerCuts, "power-cuts"), (.syncErrors, "sync-errors"), (.lyingDisks, "lying-disks"),
        (.twins, "twins"), (.computing, "computing"), (.forgeries, "forgeries"),
    ]

    public static let all = FaultSet(rawValue: 1 << 30 - 1)
    /// The faults of a disk itself, which only hosts that keep records can have.
    public static let ofDisks: FaultSet = [.fullDisks, .hungDisks, .bitRot]
    /// The faults of the world around the hosts and of those who run them, drawn apart from the others.
    public static let ofSurroundings: FaultSet = [
        .oldDisks, .leftovers, .powerCuts, .syncErrors, .lyingDisks, .twins, .computing, .forgeries,
    ]
    /// The faults in which what stable storage promises is taken away, or a stranger speaks: a protocol
    /// survives them by measures of its own.
    public static let special: FaultSet = [.amnesia, .oldDisks, .leftovers, .twins, .forgeries]
    /// All faults that an algorithm with stable storage must survive: everything but the ``special``.
    public static let standard = FaultSet.all.subtracting(.special)

    /// Reads names separated by commas; `default`, `all` and `none` stand for whole sets.
    ///
    /// - Parameter standard: what `default` stands for.
    /// - Throws: ``FaultNameError`` for a name there is not, including an empty one.
    public init(
        parsing text: String, standard: FaultSet = .standard
    ) throws(FaultNameError) {
        var result: FaultSet = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            switch part {
            case "default": result.formUnion(standard)
            case "all": result.formUnion(.all)
            case "none": break
            default:
                guard let match = FaultSet.named.first(where: { $0.name == part }) else {
                    throw FaultNameError(name: String(part))
                }
                result.formUnion(match.kind)
            }
        }
        self = result
    }
}

extension FaultSet: CustomStringConvertible {
    /// The names as ``init(parsing:)`` reads them.
    public var description: String {
        if isEmpty { return "none" }
        return FaultSet.named.filter { contains($0.kind) }.map(\.name).joined(separator: ",")
    }
}

/// A name of a fault that there is not.
public struct FaultNameError: Error, Hashable, Sendable, CustomStringConvertible {
    public let name: String

    public var description: String {
        let names = FaultSet.named.map(\.name).joined(separator: ", ")
        return "There is no fault named '\(name)'; name default, all, none, or any of \(names)."
    }
}
