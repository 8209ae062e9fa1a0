public import ConsensusCore

/// A client of basic Paxos: it waits for the roles, has its value proposed, and reports the chosen one.
///
/// It asks every con node until the leader tells it who the proposers are, sends its value to the one it
/// prefers, and turns to the next when that stays silent. While it has no answer it repeats its request,
/// to the learners too. Once it has the value it says so to every con node, and ends when the leader
/// knows or ``Timing/farewellPatience`` is over.
public struct ClientNode: Automaton, Hashable, Sendable {
    public typealias Message = PaxosNode.Message
    public typealias Record = NodeRecord
    public typealias Input = Never
    public typealias Output = ClientOutput

    public let cluster: Cluster
    public let client: NodeID
    public let value: Value
    private let timeout: Interval
    private var random: RandomSource
    private let incarnation: UInt64
    private var enrollment = Enrollment()
    private var phase = Phase.joining

    /// The proposer asked at present: its position among the proposers.
    private var proposerPosition: Int
    private var attempt: UInt32 = 0
    private var resends = Backoff(initial: .milliseconds(30), limit: .milliseconds(250))
    private var resendTime = Instant.never
    /// When the present proposer was turned to.
    private var proposerBegan = Instant.never
    /// When the present proposer is taken for silent, or for unable to have a value chosen.
    private var proposerTime = Instant.never
    /// When the leader is asked again, since the run may have got another leader and epoch meanwhile.
    private var renewalTime = Instant.never
    private var deadline = Instant.never
    /// When the client begins to ask who is still there.
    private var rollCallTime = Instant.never
    private var present: NodeSet = []
    private var enrolled: NodeSet = []
    private var idle: NodeSet = []

    private enum Phase: Hashable {
        case joining
        case proposing
        /// The value is known and reported; the nodes are being told until the given time.
        case leaving(until: Instant)
        case over
    }

    /// - Parameters:
    ///   - client: the ID of a client of the cluster.
    ///   - value: what it proposes; at most ``maximumValueSize`` bytes.
    ///   - preferredProposer: which proposer it asks first, modulo their number; not negative.
    ///   - timeout: how long it waits for a chosen value from its start on; positive.
    public init(
        cluster: Cluster, client: NodeID, value: Value, preferredProposer: Int, timeout: Interval,
        seed: UInt64
    ) {
        precondition(cluster.isClient(client) && value.count <= maximumValueSize)
        precondition(preferredProposer >= 0 && timeout > .zero)
        self.cluster = cluster
        self.client = client
        self.value = value
        self.timeout = timeout
        proposerPosition = preferredProposer % cluster.proposers.count
        random = RandomSource(seed: seed)
        incarnation = random.nextIncarnation()
    }

    public var stamp: Stamp { Stamp(epoch: enrollment.epoch, incarnation: incarnation) }

    public var wakeTime: Instant {
        switch phase {
        case .joining: min(enrollment.askTime, deadline)
        case .proposing:
            min(min(resendTime, proposerTime), min(enrollment.askTime, renewalTime, deadline))
        case .leaving(let until): min(resendTime, until)
        case .over: .never
        }
    }

    /// The proposers are the first con nodes, so a position among them is an ID.
    private var proposer: NodeID { NodeID(index: proposerPosition) }

    private var position: Int { client.index - cluster.nodeCount }

    // MARK: - Events

    public mutating func recover(_ record: NodeRecord) {}

    /// It keeps no records.
    public var recoveryFault: String? { nil }
    public var wantsCheckpoint: Bool { false }
    public mutating func checkpoint() -> [NodeRecord] { [] }

    public mutating func start(at now: Instant, into lanes: inout Lanes) {
        deadline = now + timeout
        rollCallTime = now + max(timeout / 2, timeout + Interval.milliseconds(-1_500))
        enrollment.ask(at: now)
        ask(at: now, into: &lanes)
    }

    public mutating func handle(_ input: Never, at now: Instant, into lanes: inout Lanes) {}

    public mutating func receive(
        _ message: Message, from origin: Origin, at now: Instant, into lanes: inout Lanes
    ) {
        guard cluster.nodes.contains(origin.node) else { return }
        if now >= rollCallTime { present.insert(origin.node) }
        switch message {
        case .assign(let assign):
            receive(assign, from: origin, at: now, into: &lanes)
        case .pending:
            guard case .proposing = phase, origin.node == proposer else { return }
            proposerTime = proposerBegan + Timing.chosenPatience
        case .chosen(let chosen):
            guard enrollment.includes(origin.stamp.epoch),
                cluster.learners.contains(origin.node)
            else { return }
            receive(chosen, at: now, into: &lanes)
        case .doneReceipt:
            guard case .leaving = phase, enrollment.includes(origin.stamp.epoch) else { return }
            finish(into: &lanes)
        case .present(let present):
            guard now >= rollCallTime else { return }
            if present.isEnrolled { enrolled.insert(origin.node) } else { idle.insert(origin.node) }
        default: return
        }
    }

    public mutating func wake(at now: Instant, into lanes: inout Lanes) {
        switch phase {
        case .joining, .proposing:
            if now >= deadline { return giveUp(into: &lanes) }
            if now >= renewalTime {
                renewalTime = .never
                enrollment.ask(at: now)
            }
            if now >= enrollment.askTime { ask(at: now, into: &lanes) }
            guard case .proposing = phase else { return }
            if now >= proposerTime { changeProposer(at: now) }
            if now >= resendTime { request(at: now, into: &lanes) }
        case .leaving(let until):
            if now >= until { return finish(into: &lanes) }
            if now >= resendTime { sayDone(at: now, into: &lanes) }
        case .over: return
        }
    }

    public func checkInvariants() {}

    // MARK: - Steps

    /// Asks every con node for an assignment; at first only the leader answers.
    private mutating func ask(at now: Instant, into lanes: inout Lanes) {
        let join = enrollment.nextQuestion(at: now, random: &random)
        lanes.send(.join(join), to: cluster.nodes)
        if now >= rollCallTime { lanes.send(.probe, to: cluster.nodes) }
    }

    private mutating func receive(
        _ assign: Assign, from origin: Origin, at now: Instant, into lanes: inout Lanes
    ) {
        guard assign.proof == incarnation, assign.role == nil, origin.stamp.epoch != 0,
            assign.agrees(with: cluster)
        else { return }
        enrollment.enterLatest(origin.stamp.epoch)
        renewalTime = now + Timing.assignmentRenewal
        enrollment.stopAsking()
        let confirm = Confirm(
            claim: assign.claim, epoch: origin.stamp.epoch, roster: Roster(), done: ClientSet(),
            heard: [])
        lanes.send(.confirm(confirm), to: origin.node)
        guard phase == .joining else { return }
        phase = .proposing
        turnToProposer(at: now)
        request(at: now, into: &lanes)
    }

    private mutating func request(at now: Instant, into lanes: inout Lanes) {
        let request = Message.request(Request(client: client, value: value, attempt: attempt))
        if attempt == 0 {
            lanes.send(request, to: proposer)
        } else {
            lanes.send(request, to: cluster.learners.union([proposer]))
        }
        if now >= rollCallTime { lanes.send(.probe, to: cluster.nodes) }
        attempt += 1
        resendTime = now + resends.next(using: &random)
    }

    /// Turns to the next proposer.
    private mutating func changeProposer(at now: Instant) {
        proposerPosition = (proposerPosition + 1) % cluster.proposers.count
        turnToProposer(at: now)
        resendTime = now
    }

    private mutating func turnToProposer(at now: Instant) {
        proposerBegan = now
        proposerTime = now + Timing.proposerPatience
    }

    private mutating func receive(
        _ chosen: Chosen, at now: Instant, into lanes: inout Lanes
    ) {
        guard phase == .proposing else { return }
        lanes.report(.chosen(chosen.value))
        phase = .leaving(until: now + Timing.farewellPatience)
        resends.reset()
        sayDone(at: now, into: &lanes)
    }

    private mutating func sayDone(at now: Instant, into lanes: inout Lanes) {
        var clients = ClientSet()
        clients.insert(position)
        lanes.send(.done(Done(clients: clients)), to: cluster.nodes)
        resendTime = now + resends.next(using: &random)
    }

    private mutating func giveUp(into lanes: inout Lanes) {
        var clients = ClientSet()
        clients.insert(position)
        lanes.send(.done(Done(clients: clients)), to: cluster.nodes)
        lanes.report(
            .timedOut(
                Silence(
                    timeout: timeout, cluster: cluster, present: present, enrolled: enrolled,
                    idle: idle.subtracting(enrolled),
                    wasAssigned: phase == .proposing)))
        finish(into: &lanes)
    }

    private mutating func finish(into lanes: inout Lanes) {
        guard phase != .over else { return }
        phase = .over
        lanes.report(.finished)
    }
}

/// What a client reports.
public enum ClientOutput: Hashable, Sendable {
    /// The chosen value; at most once.
    case chosen(Value)
    /// No value was learned in time.
    case timedOut(Silence)
    /// The client is done, one way or the other.
    case finished
}
