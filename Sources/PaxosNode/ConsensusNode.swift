public import ConsensusCore

/// A con node of basic Paxos: it takes part in the election, is given one role, plays it, and ends with
/// the run.
///
/// The parts decide, each in a file of its own, and this type connects them:
/// ``RingElection`` who leads, ``RoleAssignment`` (of the leader) and ``Enrollment`` who plays what,
/// ``Proposer``, ``Acceptor`` and ``Learner`` what is chosen, ``Ending`` (of the leader) when all is
/// over.
public struct ConsensusNode: Automaton, Hashable, Sendable {
    public typealias Message = PaxosNode.Message
    public typealias Record = NodeRecord
    public typealias Input = Never
    public typealias Output = NodeOutput

    public let cluster: Cluster
    public let node: NodeID
    public let options: NodeOptions
    package internal(set) var incarnation: UInt64
    var random: RandomSource

    var election: RingElection
    var enrollment = Enrollment()
    /// Which lives of the acceptors this node counts votes of.
    package internal(set) var roster = Roster()
    /// The clients known to be done.
    var done = ClientSet()
    /// Which lives a leader is known to remember.
    var vouched = Roster()
    /// Whether a leader remembers this life, so that it may vote.
    package internal(set) var isAdmitted = false
    /// Whether this node's votes are refused for the rest of the run.
    package internal(set) var isRefused = false

    /// The state of the one role this node plays, once it was told which; the others are nil.
    package var proposer: Proposer?
    package var acceptor: Acceptor?
    package var learner: Learner?
    var pacing: ProposerPacing

    /// The clients that have asked for an assignment, so that whoever comes to lead knows of them.
    var guests: [Origin] = []
    /// While this node leads.
    var assignment: RoleAssignment?
    var ending: Ending?
    var heartbeatTime = Instant.never
    /// When this node began to follow its present leader.
    var followedSince = Instant(nanoseconds: .min)
    /// Since when the leader has not taken note of clients this node told it of.
    var ignoredSince: Instant?
    var hasReportedLeading = false
    var hasReportedRole = false
    var hasFinished = false

    /// - Parameters:
    ///   - node: a con node of the cluster.
    ///   - seed: where all random draws of this life come from; two lives must not share one.
    public init(cluster: Cluster, node: NodeID, seed: UInt64, options: NodeOptions = NodeOptions())
    {
        precondition(cluster.nodes.contains(node))
        self.cluster = cluster
        self.node = node
        self.options = options
        random = RandomSource(seed: seed)
        incarnation = random.nextIncarnation()
        election = RingElection(node: node, nodes: cluster.nodes, incarnation: incarnation)
        pacing = ProposerPacing(backsOff: options.backoff == .on)
    }

    public var stamp: Stamp { Stamp(epoch: enrollment.epoch, incarnation: incarnation) }

    public var wakeTime: Instant {
        guard !hasFinished else { return .never }
        return min(
            min(election.wakeTime, enrollment.askTime, heartbeatTime),
            min(pacing.wakeTime, assignment?.wakeTime ?? .never, ending?.wakeTime ?? .never))
    }

    /// Whether this node has been told its role.
    var hasRole: Bool { proposer != nil || acceptor != nil || learner != nil }

    /// Whether this node's votes and requests count: it holds a role and was not refused.
    var isEnrolled: Bool { enrollment.isEnrolled && !isRefused && hasRole }

    /// Whether this life of a client has asked for an assignment: it may give up before it has one, and
    /// then knows no epoch.
    ///
    /// One that names an epoch of another run has left that run, not this one.
    private func isGuest(_ origin: Origin) -> Bool {
        guests.contains {
            $0.node == origin.node && $0.stamp.incarnation == origin.stamp.incarnation
        }
    }

    // MARK: - Events

    public mutating func recover(_ record: NodeRecord) {
        switch record {
        case .incarnation(let incarnation):
            self.incarnation = incarnation
            election = RingElection(node: node, nodes: cluster.nodes, incarnation: incarnation)
        case .epoch(let epoch):
            if epoch != 0 { _ = enrollment.enter(epoch) }
            takePart()
        case .ballot(let number):
            proposer?.ballots.recover(number)
        case .promised(let ballot):
            acceptor?.recover(promised: ballot)
        case .accepted(let proposal):
            acceptor?.recover(accepted: proposal)
        case .done(let position):
            if position < cluster.clientCount { done.insert(Int(position)) }
        case .life(let node, let incarnation):
            guard cluster.acceptors.contains(node) else { return }
            roster.note(node, incarnation: incarnation)
            isRefused = isRefused || node == self.node && incarnation != self.incarnation
        case .admitted:
            isAdmitted = true
        }
    }

    public mutating func start(at now: Instant, into lanes: inout Lanes) {
        lanes.remember(.incarnation(incarnation))
        if isEnrolled { reportRole(into: &lanes) }
        // A run that is under way has a leader, who answers; the others learn that this node is there.
        enrollment.ask(at: now)
        let join = enrollment.nextQuestion(at: now, random: &random)
        lanes.send(.join(join), to: cluster.nodes.removing(node))
        apply(election.start(at: now, random: &random, into: &lanes), at: now, into: &lanes)
    }

    public mutating func handle(_ input: Never, at now: Instant, into lanes: inout Lanes) {}

    public mutating func wake(at now: Instant, into lanes: inout Lanes) {
        guard !hasFinished else { return }
        apply(
            election.wake(at: now, random: &random, into: &lanes), at: now, into: &lanes)
        if now >= enrollment.askTime { askToJoin(at: now, into: &lanes) }
        wakeProposer(at: now, into: &lanes)
        lead(at: now, into: &lanes)
    }

    public mutating func receive(
        _ message: Message, from origin: Origin, at now: Instant, into lanes: inout Lanes
    ) {
        guard !hasFinished, origin.node != node else { return }
        election.hears(origin.node)
        switch message {
        case .token, .elected, .receipt, .probe, .present, .heartbeat:
            receiveElection(message, from: origin, at: now, into: &lanes)
        case .join, .assign, .confirm, .refuse:
            receiveAssignment(message, from: origin, at: now, into: &lanes)
        case .request, .pending, .prepare, .promise, .accept, .accepted, .nack, .chosen:
            guard isEnrolled else { break }
            guard enrollment.includes(origin.stamp.epoch) else {
                if origin.stamp.epoch != 0 { reconcile(with: origin, at: now, into: &lanes) }
                break
            }
            receivePaxos(message, from: origin, at: now, into: &lanes)
        case .done, .doneReceipt, .shutdown, .shutdownReceipt:
            let isKnown =
                enrollment.includes(origin.stamp.epoch)
                || origin.stamp.epoch == 0 && isGuest(origin)
            guard isKnown else { break }
            receiveEnding(message, from: origin, at: now, into: &lanes)
        }
        lead(at: now, into: &lanes)
    }

    /// What it records is few records, each of which it can take back.
    public var recoveryFault: String? { nil }
    public var wantsCheckpoint: Bool { false }

    public mutating func checkpoint() -> [NodeRecord] {
        preconditionFailure("asked for a checkpoint that it did not want")
    }

    public func checkInvariants() {
        acceptor?.checkInvariants()
        let roles = [proposer != nil, acceptor != nil, learner != nil]
        precondition(roles.count(where: \.self) <= 1, "plays more than one role")
        precondition(
            assignment == nil || election.isLeader, "assigns roles without being the leader")
        precondition(
            enrollment.isEnrolled || assignment?.hasBegun != true,
            "assigns roles without an epoch")
    }
}

/// How a con node is to behave.
public struct NodeOptions: Hashable, Sendable {
    /// Whether a proposer waits, a random and growing time, before it tries again after a nack.
    public var backoff: BackoffChoice
    /// What a node does when the clients are done.
    public var whenClientsAreDone: Completion

    public enum BackoffChoice: Hashable, Sendable {
        case on
        case off
    }

    public enum Completion: Hashable, Sendable {
        case end
        case stay
    }

    public init(backoff: BackoffChoice = .on, whenClientsAreDone: Completion = .end) {
        self.backoff = backoff
        self.whenClientsAreDone = whenClientsAreDone
    }
}

/// What a con node reports.
public enum NodeOutput: Hashable, Sendable {
    /// It was elected leader; at most once a life.
    case elected
    /// It plays this role; once a life.
    case assigned(Role)
    /// A learner has learned the chosen value.
    case learned(Value)
    /// Its votes are refused for this run: an earlier life of it took part and is forgotten.
    case refused
    /// The run is over, for this node too.
    case finished
}

extension RandomSource {
    /// Draws an incarnation: neither of the two values that rosters keep for themselves.
    mutating func nextIncarnation() -> UInt64 {
        while true {
            let candidate = next()
            if candidate != 0 && candidate != Roster.void { return candidate }
        }
    }
}
