import ConsensusCore

/// Whom a node knows, in which life, and which life of each acceptor it remembers for good.
///
/// *Greeting.* A node acts on another's messages only once that one has shown that it knows this very
/// life: it has echoed the incarnation, which is drawn at random. So a datagram from before this life
/// began finds no hearing. Who is restarted with its storage keeps its incarnation, and stays known.
///
/// *Remembering.* An acceptor that restarts without what it promised must not vote again, or two values
/// could be chosen. Each acceptor records the first life of every other that it hears of. The founders of
/// the cluster (``Birth``) vote from its beginning; whoever holds the birth remembers them. A life that
/// comes later votes only once more than half of the *other* acceptors, all of them with a vote, have
/// recorded it as the first: any two such groups have a member in common, which knows of an earlier life
/// that voted, and refuses every later one for good.
///
/// *Record numbers.* A directory may be put back from an older copy. It looks whole, and has lost votes all
/// the same. So each acceptor numbers what it records, tells the number with its answers, and the others
/// keep the highest, on record too. A life that comes back asks a majority of the acceptors first; one that
/// is told of a higher number than it has, and once more when it asks again, is without a vote for good.
struct Acquaintance: Sendable {
    private let node: NodeID
    private let nodes: NodeSet
    private let majority: Majority
    /// By node: the life that has greeted this one, or 0.
    private var greeted: [UInt64]
    /// By acceptor: the first life heard of, or 0.
    private var remembered: [UInt64]
    /// By acceptor: the highest record number that the life remembered has told of.
    private var witnessed: [UInt64]
    /// The acceptors whose number has grown since it was last recorded.
    private var unrecorded: NodeSet = []
    /// The other acceptors that vote and remember this life.
    private var rememberers: NodeSet = []
    /// The acceptors that know of nothing newer of this life than it has.
    private var confirmers: NodeSet = []
    /// By acceptor: this life's record number when that one first said that it knew a higher one; nil if it
    /// has not.
    private var suspected: [UInt64?]
    /// Whether this life of an acceptor is one of the founders', or has been admitted.
    private(set) var isAdmitted = false
    /// Whether another life of this acceptor is remembered, or a newer state of this one: its votes are
    /// refused for good.
    private(set) var isRefused = false
    /// What answers to its greetings are known by; drawn at the start, and again to ask once more.
    private(set) var number: UInt64 = 0
    /// By node: before when it is not greeted again.
    private var quietUntil: [Instant]
    private(set) var wakeTime = Instant.never
    private var resends = Backoff(initial: .milliseconds(20), limit: .seconds(1))
    /// What is to be recorded; the node takes it after each event.
    private(set) var due: [LogRecord] = []

    /// What this node says of itself.
    struct Presence {
        var incarnation: UInt64
        /// The identifier of the birth it belongs to, or 0.
        var birth: UInt64
        /// How many records it has written in all, as far as it has told others or found at its start.
        var written: UInt64
    }

    init(node: NodeID, cluster: LogCluster) {
        self.node = node
        nodes = cluster.nodes
        majority = cluster.majority
        let count = cluster.nodeCount
        greeted = Array(repeating: 0, count: count)
        remembered = Array(repeating: 0, count: count)
        witnessed = Array(repeating: 0, count: count)
        suspected = Array(repeating: nil, count: count)
        quietUntil = Array(repeating: Instant(nanoseconds: .min), count: count)
    }

    var isVoting: Bool { isAdmitted && !isRefused && isConfirmed }

    /// Whether a majority of the acceptors knows of nothing newer of this life than it has.
    var isConfirmed: Bool { majority.isReached(by: confirmers) }

    private var isAcceptor: Bool { majority.voters.contains(node) }

    /// Whether this life of a node has greeted this one.
    func knows(_ origin: Origin) -> Bool {
        greeted[origin.node.index] == origin.stamp.incarnation
    }

    /// The others of which a life has greeted this one.
    var present: NodeSet {
        var result = NodeSet()
        for other in nodes.removing(node) where greeted[other.index] != 0 { result.insert(other) }
        return result
    }

    /// Whether all other acceptors have greeted this life.
    var hasMetAllAcceptors: Bool {
        majority.voters.removing(node).isSubset(of: present)
    }

    /// Whether this is the life of an acceptor that is remembered.
    func remembers(_ life: UInt64, of acceptor: NodeID) -> Bool {
        remembered[acceptor.index] == life
    }

    /// Whether none of a birth's founders is another life than the one remembered.
    func agrees(with birth: Birth) -> Bool {
        birth.founders.isSubset(of: majority.voters)
            && birth.founders.allSatisfy {
                remembered[$0.index] == 0 || remembered[$0.index] == birth.life(of: $0)
            }
    }

    /// The highest record number known of each acceptor, in ascending order.
    var recordNumbers: [UInt64] { majority.voters.map { witnessed[$0.index] } }

    // MARK: Records

    mutating func recover(life: UInt64, of acceptor: NodeID) {
        guard majority.voters.contains(acceptor), life != 0 else { return }
        remembered[acceptor.index] = life
    }

    mutating func recover(written number: UInt64, of acceptor: NodeID) {
        guard majority.voters.contains(acceptor) else { return }
        witnessed[acceptor.index] = max(witnessed[acceptor.index], number)
    }

    mutating func recoverAdmission() {
        isAdmitted = true
    }

    mutating func recoverRefusal() {
        isRefused = true
    }

    /// Takes note of the birth of the cluster: its founders are remembered, and vote.
    mutating func join(_ birth: Birth, as incarnation: UInt64) {
        for founder in birth.founders where majority.voters.contains(founder) {
            remembered[founder.index] = birth.life(of: founder) ?? 0
        }
        if birth.life(of: node) == incarnation { isAdmitted = true }
    }

    /// Calls `body` with every record that must be found again after a crash.
    func forEachRecord(_ body: (LogRecord) -> Void) {
        for acceptor in majority.voters where remembered[acceptor.index] != 0 {
            body(.life(acceptor, remembered[acceptor.index]))
            let number = witnessed[acceptor.index]
            if acceptor != node, number > 0 { body(.witnessed(acceptor, number)) }
        }
        if isAdmitted { body(.admitted) }
        if isRefused { body(.refused) }
    }

    /// The records that are due; there are none then.
    mutating func takeDue() -> [LogRecord] {
        defer { due.removeAll(keepingCapacity: true) }
        return due
    }

    /// The record numbers that have grown since they were last recorded.
    mutating func takeWitnessed() -> [LogRecord] {
        defer { unrecorded = [] }
        return unrecorded.map { .witnessed($0, witnessed[$0.index]) }
    }

    // MARK: Events

    /// Begins to greet.
    mutating func start(
        as presence: Presence, at now: Instant, random: inout RandomSource,
        into lanes: inout LogNode.Lanes
    ) {
        number = random.nextNonZero()
        if isAcceptor {
            if remembered[node.index] == 0 {
                remembered[node.index] = presence.incarnation
                due.append(.life(node, presence.incarnation))
            }
            confirmers.insert(node)
        }
        wake(as: presence, at: now, random: &random, into: &lanes)
    }

    /// Has all that is still to be said be said soon.
    mutating func greetSoon(at now: Instant) {
        resends.reset()
        wakeTime = now
    }

    /// Greets those that have not greeted, and acceptors that may not remember this life.
    mutating func wake(
        as presence: Presence, at now: Instant, random: inout RandomSource,
        into lanes: inout LogNode.Lanes
    ) {
        var isDone = presence.birth != 0
        for other in nodes.removing(node) {
            let isRemembered =
                !isAcceptor || isRefused || !majority.voters.contains(other)
                || confirmers.contains(other) && (isAdmitted || rememberers.contains(other))
            if greeted[other.index] != 0 && isRemembered && presence.birth != 0 { continue }
            isDone = false
            lanes.send(.hello(Hello(proof: greeted[other.index], number: number)), to: other)
        }
        wakeTime = isDone ? .never : now + resends.next(using: &random)
    }

    /// Answers a life that is not known: it is to greet first.
    mutating func challenge(
        _ origin: Origin, as presence: Presence, at now: Instant, into lanes: inout LogNode.Lanes
    ) {
        guard now >= quietUntil[origin.node.index] else { return }
        quietUntil[origin.node.index] = now + .milliseconds(10)
        lanes.send(
            .hello(Hello(proof: origin.stamp.incarnation, number: number)), to: origin.node)
    }

    mutating func receive(
        _ hello: Hello, from origin: Origin, as presence: Presence, at now: Instant,
        into lanes: inout LogNode.Lanes
    ) {
        if hello.proof == presence.incarnation {
            greeted[origin.node.index] = origin.stamp.incarnation
        } else if !knows(origin) {
            challenge(origin, as: presence, at: now, into: &lanes)
        }
        var welcome = Welcome(
            proof: origin.stamp.incarnation, remembered: 0, written: 0, isVoting: isVoting,
            number: hello.number)
        if majority.voters.contains(origin.node), isAcceptor, knows(origin),
            belongsTogether(origin, presence)
        {
            if remembered[origin.node.index] == 0 {
                remembered[origin.node.index] = origin.stamp.incarnation
                due.append(.life(origin.node, origin.stamp.incarnation))
            }
            welcome.remembered = remembered[origin.node.index]
            welcome.written = witnessed[origin.node.index]
        }
        lanes.send(.welcome(welcome), to: origin.node)
    }

    /// Returns why this life has just been refused for good, if it has.
    mutating func receive(
        _ welcome: Welcome, from origin: Origin, as presence: Presence, at now: Instant,
        random: inout RandomSource, into lanes: inout LogNode.Lanes
    ) -> LostVote? {
        guard welcome.proof == presence.incarnation else { return nil }
        greeted[origin.node.index] = origin.stamp.incarnation
        // A life that was started again may have lost what it had when an earlier start was answered.
        guard isAcceptor, majority.voters.contains(origin.node), welcome.number == number,
            belongsTogether(origin, presence)
        else { return nil }
        guard welcome.remembered != 0 else {
            // It did not know this life; now it is told that this life knows it.
            lanes.send(
                .hello(Hello(proof: origin.stamp.incarnation, number: number)), to: origin.node)
            return nil
        }
        guard welcome.remembered == presence.incarnation else {
            return isAdmitted ? nil : refuse(.forgotten)
        }
        // It has been told a number that only a durable record had: what is here is older.
        let written = suspected[origin.node.index] ?? presence.written
        guard welcome.written <= written else {
            // One forged datagram must not take its vote for good: it asks once more, by another number.
            guard suspected[origin.node.index] == nil else { return refuse(.restored) }
            suspected[origin.node.index] = written
            confirmers.remove(origin.node)
            number = random.nextNonZero()
            greetSoon(at: now)
            return nil
        }
        suspected[origin.node.index] = nil
        confirmers.insert(origin.node)
        if welcome.isVoting, presence.birth != 0, origin.stamp.epoch == presence.birth {
            rememberers.insert(origin.node)
            if !isAdmitted, !isRefused, rememberers.count > (majority.voters.count - 1) / 2 {
                isAdmitted = true
                due.append(.admitted)
            }
        }
        return nil
    }

    private mutating func refuse(_ reason: LostVote) -> LostVote? {
        guard !isRefused else { return nil }
        isRefused = true
        due.append(.refused)
        return reason
    }

    /// Whether a node may belong to the same birth as this one, as far as both know theirs.
    private func belongsTogether(_ origin: Origin, _ presence: Presence) -> Bool {
        presence.birth == 0 || origin.stamp.epoch == 0 || origin.stamp.epoch == presence.birth
    }

    /// Takes note of a record number that an acceptor has told; returns false of an old one.
    mutating func note(written number: UInt64, of acceptor: NodeID) -> Bool {
        guard majority.voters.contains(acceptor), acceptor != node else { return true }
        guard number >= witnessed[acceptor.index] else { return false }
        if number > witnessed[acceptor.index] {
            witnessed[acceptor.index] = number
            unrecorded.insert(acceptor)
        }
        return true
    }

    /// Takes note of the record numbers that another has been told, of each acceptor in ascending order.
    mutating func note(written numbers: [UInt64]) {
        guard numbers.count == majority.voters.count else { return }
        for (acceptor, number) in zip(majority.voters, numbers) {
            _ = note(written: number, of: acceptor)
        }
    }
}

/// Why a life of an acceptor has no vote.
public enum LostVote: Hashable, Sendable {
    /// Another life of the node was there before, of which this one remembers nothing.
    case forgotten
    /// What it has recorded is older than what it once had told others of.
    case restored
}
