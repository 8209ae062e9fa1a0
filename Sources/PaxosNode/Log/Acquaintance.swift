import ConsensusCore

/// Whom a node knows, in which life, and which life of each acceptor it remembers for good.
///
/// *Greeting.* A node acts on another's messages only once that one has shown that it knows this very
/// life: it has echoed the incarnation, which is drawn at random. So a datagram from before this life
/// began finds no hearing. Who is restarted with its storage keeps its incarnation, and stays known.
///
/// *Remembering.* An acceptor that restarts without what it promised must not vote again, or two values
/// could be chosen. A new life of an acceptor therefore votes only once a majority of the acceptors,
/// itself included, has recorded it as the one they remember; each remembers the first life it hears of,
/// and refuses all others for good. It asks on until every acceptor remembers it: then any majority
/// without the forgetful one knows better. (What stays is the cluster of which so few nodes were ever up
/// that nobody who remembers is there; then there is nobody to say that it is not the first start.)
struct Acquaintance: Sendable {
    private let node: NodeID
    private let nodes: NodeSet
    private let majority: Majority
    /// By node: the life that has greeted this one, or 0.
    private var greeted: [UInt64]
    /// By acceptor: the first life heard of, or 0.
    private var remembered: [UInt64]
    /// The acceptors that remember this life.
    private var rememberers: NodeSet = []
    /// Whether this life of an acceptor may vote.
    private(set) var isAdmitted = false
    /// Whether another life of this acceptor is remembered: its votes are refused for good.
    private(set) var isRefused = false
    /// By node: before when it is not greeted again.
    private var quietUntil: [Instant]
    private(set) var wakeTime = Instant.never
    private var resends = Backoff(initial: .milliseconds(20), limit: .seconds(1))

    init(node: NodeID, cluster: LogCluster) {
        self.node = node
        nodes = cluster.nodes
        majority = cluster.majority
        greeted = Array(repeating: 0, count: cluster.nodeCount)
        remembered = Array(repeating: 0, count: cluster.nodeCount)
        quietUntil = Array(
            repeating: Instant(nanoseconds: .min), count: cluster.nodeCount)
    }

    var isVoting: Bool { isAdmitted && !isRefused }

    private var isAcceptor: Bool { majority.voters.contains(node) }

    /// Whether this life of a node has greeted this one.
    func knows(_ origin: Origin) -> Bool {
        greeted[origin.node.index] == origin.stamp.incarnation
    }

    // MARK: Records

    mutating func recover(life: UInt64, of acceptor: NodeID) {
        guard majority.voters.contains(acceptor), life != 0 else { return }
        remembered[acceptor.index] = life
    }

    mutating func recoverAdmission() {
        isAdmitted = true
    }

    /// Calls `body` with every record that must be found again after a crash.
    func forEachRecord(_ body: (LogRecord) -> Void) {
        for acceptor in majority.voters where remembered[acceptor.index] != 0 {
            body(.life(acceptor, remembered[acceptor.index]))
        }
        if isAdmitted { body(.admitted) }
    }

    // MARK: Events

    /// Begins to greet.
    mutating func start(
        as incarnation: UInt64, at now: Instant, random: inout RandomSource,
        into lanes: inout LogNode.Lanes
    ) {
        if isAcceptor {
            if remembered[node.index] == 0 {
                remembered[node.index] = incarnation
                lanes.remember(.life(node, incarnation))
            }
            rememberers.insert(node)
            admit(into: &lanes)
        }
        wake(at: now, random: &random, into: &lanes)
    }

    /// Greets those that have not greeted, and acceptors that may not remember this life.
    mutating func wake(
        at now: Instant, random: inout RandomSource, into lanes: inout LogNode.Lanes
    ) {
        var isDone = true
        for other in nodes.removing(node) {
            let isRemembered =
                !isAcceptor || isRefused || !majority.voters.contains(other)
                || rememberers.contains(other)
            if greeted[other.index] != 0 && isRemembered { continue }
            isDone = false
            lanes.send(.hello(Hello(proof: greeted[other.index])), to: other)
        }
        wakeTime = isDone ? .never : now + resends.next(using: &random)
    }

    /// Answers a life that is not known: it is to greet first.
    mutating func challenge(
        _ origin: Origin, at now: Instant, into lanes: inout LogNode.Lanes
    ) {
        guard now >= quietUntil[origin.node.index] else { return }
        quietUntil[origin.node.index] = now + .milliseconds(10)
        lanes.send(.hello(Hello(proof: origin.stamp.incarnation)), to: origin.node)
    }

    mutating func receive(
        _ hello: Hello, from origin: Origin, as incarnation: UInt64, at now: Instant,
        into lanes: inout LogNode.Lanes
    ) {
        if hello.proof == incarnation {
            greeted[origin.node.index] = origin.stamp.incarnation
        } else if !knows(origin) {
            challenge(origin, at: now, into: &lanes)
        }
        var life: UInt64 = 0
        if majority.voters.contains(origin.node) && isAcceptor && knows(origin) {
            if remembered[origin.node.index] == 0 {
                remembered[origin.node.index] = origin.stamp.incarnation
                lanes.remember(.life(origin.node, origin.stamp.incarnation))
            }
            life = remembered[origin.node.index]
        }
        lanes.send(
            .welcome(Welcome(proof: origin.stamp.incarnation, remembered: life)), to: origin.node)
    }

    /// Returns whether this life has just been refused for good.
    mutating func receive(
        _ welcome: Welcome, from origin: Origin, as incarnation: UInt64,
        into lanes: inout LogNode.Lanes
    ) -> Bool {
        guard welcome.proof == incarnation else { return false }
        greeted[origin.node.index] = origin.stamp.incarnation
        guard isAcceptor, majority.voters.contains(origin.node) else { return false }
        guard welcome.remembered != 0 else {
            // It did not know this life; now it is told that this life knows it.
            lanes.send(.hello(Hello(proof: origin.stamp.incarnation)), to: origin.node)
            return false
        }
        if welcome.remembered == incarnation {
            rememberers.insert(origin.node)
            admit(into: &lanes)
        } else if !isAdmitted && !isRefused {
            isRefused = true
            return true
        }
        return false
    }

    private mutating func admit(into lanes: inout LogNode.Lanes) {
        guard !isAdmitted, !isRefused, majority.isReached(by: rememberers) else { return }
        isAdmitted = true
        lanes.remember(.admitted)
    }
}
