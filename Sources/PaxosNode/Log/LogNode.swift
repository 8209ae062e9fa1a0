public import ConsensusCore

/// A con node of Multi-Paxos: the roles of ``LogCluster`` for a log of commands, and what they are
/// applied to.
///
/// One proposer leads: phase 1 is done once, for all slots, and then each slot takes one accept and one
/// answer (Lamport, *Paxos Made Simple*, section 3). The parts decide, each in a file of its own, and
/// this type connects them: ``Acquaintance`` whose messages and votes count, ``SlotAcceptor``,
/// ``Preparation``, ``Tenure`` and ``SlotLearner`` what is chosen.
///
/// Deviations and additions:
/// - Whoever wants to lead first canvasses a majority of acceptors that do not hear a leader either. If
///   clients have asked it in vain for long, it is enough that they do not lead.
/// - A leader that does not hear a majority of the acceptors, or no learner, stops leading.
/// - Queries are answered without a slot: after the query came, a majority of the acceptors confirms that
///   it has promised no higher ballot, so whatever had been answered before is in slots below the
///   leader's next; once those are applied the state has it (Ongaro, *Consensus: Bridging Theory and
///   Practice*, section 6.4, for Raft).
/// - What waits to be sent (commands, votes, answers) is sent at the next ``wake(at:into:)``, which is
///   due at once: a host takes all that has arrived before, and it leaves together.
/// - A leader's own vote comes one wake after it asked the others, so that their disks and its own work
///   at the same time.
public struct LogNode: Automaton, Sendable {
    public typealias Message = LogMessage
    public typealias Record = LogRecord
    public typealias Input = Never
    public typealias Output = LogOutput

    public let cluster: LogCluster
    public let node: NodeID
    public let options: LogOptions
    package internal(set) var incarnation: UInt64
    var random: RandomSource
    var acquaintance: Acquaintance
    var founding: Founding
    /// By node: the other birth that it was last found to belong to, or 0.
    var strangers: [UInt64]
    var hearsay: Hearsay
    var doubt: Doubt
    /// Whether this life has begun before, and its records were taken back.
    private(set) var hasRecovered = false
    public private(set) var recoveryFault: String?

    /// The state of the roles this node plays; of the others nil.
    package var acceptor: SlotAcceptor?
    package var learner: SlotLearner?
    package var ballots: BallotSequence?

    // A proposer is in one of these, or follows.
    var canvass: Canvassing?
    package var preparation: Preparation?
    package var tenure: Tenure?
    var reign = Reign()

    /// The highest ballot known to be led, and when its leader was last heard.
    var followed: Ballot?
    var leaderHeardTime = Instant(nanoseconds: .min)
    /// When phase 1 of a ballot last went on by a page, and to which.
    var phaseOneTime = Instant(nanoseconds: .min)
    var phaseOnePage: Slot = 0
    /// The highest ballot heard of in any way.
    var highestBallot: Ballot?
    /// The requests of clients that came since a leader's last answer.
    var vainRequests = VainRequests()
    /// When a proposer that follows loses patience.
    var patienceTime = Instant.never
    /// When an unanswered prepare or accept is sent again.
    var resendTime = Instant.never
    var resends = Backoff(initial: LogTiming.resend, limit: LogTiming.resendLimit)

    var desk: ClientDesk
    var openings = OpeningLimit()
    var catchUp: CatchUp
    var complaint = Complaint()
    /// When a learner that hears no leader asks others what is chosen.
    var solitudeTime = Instant.never
    var journal = Journal()
    /// How many records it had written before it started.
    private(set) var startWritten: UInt64 = 0
    /// The highest slot that a leader has asked this acceptor to accept something in, since it started.
    var askedSlot: Slot = 0
    /// Votes that wait to be sent, all of one ballot.
    var votesDue = LogAccepted(ballot: Ballot(number: 0, incarnation: 0), slots: [], written: 0)
    /// When there is something to be sent together: at once, or ``Instant/never``.
    var hurryTime = Instant.never

    /// - Parameters:
    ///   - node: a con node of the cluster.
    ///   - state: what the log is applied to, before any command; only learners use it.
    ///   - seed: where all random draws of this life come from; two lives must not share one.
    public init(
        cluster: LogCluster, node: NodeID, state: any ReplicatedState, seed: UInt64,
        options: LogOptions = LogOptions()
    ) {
        precondition(cluster.nodes.contains(node))
        precondition(options.service.count <= LogOptions.maximumServiceName)
        let span = SlotLog<Acceptance>.maximumSpan
        precondition(
            options.keptSlots < span && options.snapshotSlots < span - options.keptSlots,
            "slots kept and slots up to the next snapshot must be fewer than the \(span) a node can hold"
        )
        precondition(options.sizes.isValid)
        self.cluster = cluster
        self.node = node
        self.options = options
        desk = ClientDesk(options.sizes, nodes: cluster.nodes, form: cluster.form)
        catchUp = CatchUp(options.sizes)
        random = RandomSource(seed: seed)
        incarnation = random.nextIncarnation()
        acquaintance = Acquaintance(node: node, cluster: cluster)
        founding = Founding(
            node: node, cluster: cluster, ballotIncarnation: random.nextNonZero())
        strangers = Array(repeating: 0, count: cluster.nodeCount)
        hearsay = Hearsay(nodeCount: cluster.nodeCount, options: options)
        doubt = Doubt(nodeCount: cluster.nodeCount)
        if cluster.acceptors.contains(node) { acceptor = SlotAcceptor() }
        if cluster.learners.contains(node) { learner = SlotLearner(state: state) }
        if cluster.proposers.contains(node) {
            // Of this start alone, also after one with its records: they may be older than they look, and
            // no ballot may be used twice.
            ballots = BallotSequence(
                node: node, nodeCount: cluster.nodeCount, incarnation: random.nextNonZero())
        }
    }

    public var stamp: Stamp { Stamp(epoch: birth, incarnation: incarnation) }

    public var wakeTime: Instant {
        min(
            min(hurryTime, acquaintance.wakeTime, min(patienceTime, founding.wakeTime, doubt.time)),
            min(resendTime, reign.heartbeatTime, min(catchUp.time, solitudeTime)))
    }

    var sizes: LogSizes { options.sizes }

    var isVoting: Bool { acceptor != nil && acquaintance.isVoting }

    /// Has the next wake come at once.
    mutating func hurry(at now: Instant) {
        hurryTime = min(hurryTime, now)
    }

    // MARK: - Events

    public mutating func recover(_ record: LogRecord) {
        journal.count(record)
        switch record {
        case .incarnation(let incarnation):
            self.incarnation = incarnation
            hasRecovered = true
        case .life(let node, let life):
            acquaintance.recover(life: life, of: node)
        case .admitted: acquaintance.recoverAdmission()
        case .refused: acquaintance.recoverRefusal()
        case .witnessed(let acceptor, let number):
            acquaintance.recover(written: number, of: acceptor)
        case .written, .unnumbered: return
        case .born(let birth, let owner, let service):
            recover(birth, of: owner, service: service)
        case .foundingBallot(let number): founding.recover(ballot: number)
        case .foundingPromised(let ballot): founding.recover(promised: ballot)
        case .foundingAccepted(let proposal): founding.recover(accepted: proposal)
        case .ballot(let number):
            ballots?.recover(number)
        case .promised(let ballot):
            acceptor?.recover(promised: ballot)
        case .accepted(let entry):
            acceptor?.recover(entry)
        case .truncated(let slot):
            acceptor?.truncate(through: slot)
        case .learned(let slot, let value):
            _ = learner?.learn(value, in: slot)
        case .chosen(let slot):
            recover(chosenThrough: slot)
        case .snapshot(let slot, let chain, let bytes):
            guard let applied = learner?.applied, slot > applied else { return }
            guard learner?.restore(bytes, at: slot, chain: chain) == true else {
                recoveryFault =
                    "The snapshot after slot \(slot), \(bytes.count) bytes, cannot be read by this "
                    + "service. Start the node with the service that wrote it, or have it begin anew "
                    + "with an empty directory if other nodes have the data."
                return
            }
            if cluster.form == .replicas { acceptor?.truncate(through: slot) }
            journal.noteSnapshot(at: slot)
        }
    }

    /// Takes back to which cluster this node belongs, unless the records are another's.
    private mutating func recover(_ birth: Birth, of owner: NodeID, service: [UInt8]) {
        guard owner == node, service == options.service else {
            let name = String(decoding: service, as: UTF8.self)
            recoveryFault =
                "These are the records of node \(owner) of a cluster with the service '\(name)', and "
                + "this is node \(node) with the service "
                + "'\(String(decoding: options.service, as: UTF8.self))'. Nothing has been changed. Each "
                + "node needs its own directory, and the service that it was begun with."
            return
        }
        founding.recover(birth)
        acquaintance.join(birth, as: incarnation)
    }

    public mutating func start(at now: Instant, into lanes: inout Lanes) {
        startWritten = journal.written
        if !hasRecovered { remember(.incarnation(incarnation), into: &lanes) }
        acquaintance.start(as: presence, at: now, random: &random, into: &lanes)
        founding.start(
            at: now, position: cluster.acceptors.map(\.self).firstIndex(of: node) ?? 0,
            random: &random)
        if now >= founding.wakeTime { wakeFounding(at: now, into: &lanes) }
        if let applied = learner?.applied, applied > 0 { lanes.report(.restored(applied)) }
        if learner != nil { solitudeTime = now + LogTiming.solitude }
        if birth != 0 { beginPatience(at: now) }
        finish(into: &lanes)
    }

    /// Gives a leader that may be there time to be heard before this node wants to be one.
    mutating func beginPatience(at now: Instant) {
        guard ballots != nil else { return }
        // The first proposer has the least patience, so that at the first start there is no duel.
        let position = Int64(node.index)
        patienceTime =
            now + Interval.milliseconds(15 + 40 * min(position, 8))
            + random.interval(in: .zero...Interval.milliseconds(20))
    }

    public mutating func handle(_ input: Never, at now: Instant, into lanes: inout Lanes) {}

    /// Records what the step just taken has found worth it besides.
    private mutating func finish(into lanes: inout Lanes) {
        resumeNumbering(into: &lanes)
        for record in acquaintance.takeDue() { remember(record, into: &lanes) }
        guard !lanes.records.isEmpty else { return }
        for record in acquaintance.takeWitnessed() { remember(record, into: &lanes) }
    }

    public mutating func receive(
        _ message: LogMessage, from origin: Origin, at now: Instant, into lanes: inout Lanes
    ) {
        take(message, from: origin, at: now, into: &lanes)
        finish(into: &lanes)
    }

    private mutating func take(
        _ message: LogMessage, from origin: Origin, at now: Instant, into lanes: inout Lanes
    ) {
        guard origin.node != node else { return }
        guard cluster.nodes.contains(origin.node) else {
            return receiveFromClient(message, from: origin, at: now, into: &lanes)
        }
        switch message {
        case .hello(let hello):
            let knew = acquaintance.knows(origin)
            acquaintance.receive(hello, from: origin, as: presence, at: now, into: &lanes)
            if !knew, acquaintance.knows(origin) { hearsay.forget(origin.node) }
            return meet(origin, into: &lanes)
        case .welcome(let welcome):
            let knew = acquaintance.knows(origin)
            if let reason = acquaintance.receive(
                welcome, from: origin, as: presence, at: now, random: &random, into: &lanes)
            {
                lanes.report(.refused(reason))
            }
            if !knew, acquaintance.knows(origin) { hearsay.forget(origin.node) }
            return meet(origin, into: &lanes)
        default: break
        }
        guard acquaintance.knows(origin) else {
            return acquaintance.challenge(origin, as: presence, at: now, into: &lanes)
        }
        switch message {
        case .founding(let message):
            return receive(message, from: origin, at: now, into: &lanes)
        case .born(let birth): return receive(birth, from: origin, at: now, into: &lanes)
        default: break
        }
        guard birth != 0, origin.stamp.epoch == birth else {
            // One that has a birth tells it in answer to a greeting.
            if birth == 0 {
                acquaintance.challenge(origin, as: presence, at: now, into: &lanes)
            } else {
                meet(origin, into: &lanes)
            }
            return
        }
        guard believes(message, from: origin.node, at: now) else { return }
        switch message {
        case .hello, .welcome, .founding, .born, .inquiry, .report: return
        case .question(let question):
            receive(question, from: origin.node, at: now, into: &lanes)
        case .testimony(let testimony):
            receive(testimony, from: origin.node, at: now, into: &lanes)
        case .canvass(let canvass): receive(canvass, from: origin.node, at: now, into: &lanes)
        case .willing(let willing): receive(willing, from: origin.node, at: now, into: &lanes)
        case .heartbeat(let heartbeat):
            receive(heartbeat, from: origin.node, at: now, into: &lanes)
        case .pulse(let pulse): receive(pulse, from: origin.node, at: now, into: &lanes)
        case .prepare(let prepare): receive(prepare, from: origin.node, at: now, into: &lanes)
        case .promise(let promise): receive(promise, from: origin.node, at: now, into: &lanes)
        case .accept(let accept): receive(accept, from: origin.node, at: now, into: &lanes)
        case .accepted(let accepted): receive(accepted, from: origin.node, at: now, into: &lanes)
        case .nack(let nack): receive(nack, from: origin.node, at: now, into: &lanes)
        case .fetch(let fetch): receive(fetch, from: origin.node, at: now, into: &lanes)
        case .chosen(let chosen): receive(chosen, from: origin.node, at: now, into: &lanes)
        case .votes(let votes): receive(votes, from: origin.node, at: now, into: &lanes)
        case .snapshotPart(let part): receive(part, from: origin.node, at: now, into: &lanes)
        case .request(let request): receive(request, from: origin.node, at: now, into: &lanes)
        case .reply(let reply): receive(reply, from: origin.node, at: now)
        case .read(let read): receive(read, from: origin.node, at: now)
        }
    }

    public mutating func wake(at now: Instant, into lanes: inout Lanes) {
        hurryTime = .never
        if now >= acquaintance.wakeTime {
            acquaintance.wake(as: presence, at: now, random: &random, into: &lanes)
        }
        if now >= founding.wakeTime { wakeFounding(at: now, into: &lanes) }
        if now >= doubt.time { sendQuestion(at: now, into: &lanes) }
        if ballots != nil, birth != 0 { wakeProposer(at: now, into: &lanes) }
        if now >= catchUp.time { fetchMissing(at: now, into: &lanes) }
        if now >= solitudeTime { fetchUnheard(at: now, into: &lanes) }
        sendVotes(into: &lanes)
        answerLines(at: now)
        passAnswers(at: now)
        desk.sendAnswers(leader: presentLeader(at: now), into: &lanes)
        noteChosen(into: &lanes)
        finish(into: &lanes)
    }

    public func checkInvariants() {
        precondition(
            tenure == nil || preparation == nil, "leads one ballot while it prepares another")
        if let promised = acceptor?.promised, let tenure {
            precondition(promised <= tenure.ballot, "leads below what it has promised itself")
        }
        if let learner {
            precondition(learner.snapshotSlot <= learner.applied, "a snapshot of the future")
            precondition(learner.applied <= learner.chosen, "applied what is not chosen")
        }
    }
}

/// How a con node of the log is to behave.
public struct LogOptions: Hashable, Sendable {
    /// After how many bytes of records, at least, a snapshot is taken.
    public var snapshotBytes: Int
    /// After how many slots, at most, a snapshot is taken.
    public var snapshotSlots: UInt64
    /// How many slots before its snapshot a learner keeps for others that lag.
    ///
    /// With ``snapshotSlots`` fewer than 2^18, which is the most that a node can hold.
    public var keptSlots: UInt64
    public var sizes: LogSizes
    /// The name of the service, which the records of a node are bound to; at most
    /// ``maximumServiceName`` bytes.
    public var service: [UInt8] = []
    /// How far ahead of all that was heard before a single node is believed that slots are chosen, and that
    /// a ballot is under way; see ``Hearsay``.
    public var slotLeap: UInt64 = 1 << 20
    public var ballotLeap: UInt64 = 1 << 32

    /// The most bytes of a service's name.
    public static let maximumServiceName = 64

    public init(
        snapshotBytes: Int = 16 << 20, snapshotSlots: UInt64 = 100_000, keptSlots: UInt64 = 256,
        sizes: LogSizes = LogSizes()
    ) {
        self.snapshotBytes = snapshotBytes
        self.snapshotSlots = snapshotSlots
        self.keptSlots = keptSlots
        self.sizes = sizes
    }
}

/// What a con node of the log reports.
public enum LogOutput: Hashable, Sendable {
    /// Its phase 1 is complete: it leads at this ballot.
    case leads(Ballot)
    /// Its votes are refused for good: it has forgotten what it promised.
    case refused(LostVote)
    /// A node belongs to another birth of the cluster than this one, both by their identifiers, and the two
    /// take no part in each other's.
    case stranger(NodeID, birth: UInt64, own: UInt64)
    /// Another node has another history up to this slot.
    case contradiction(NodeID, at: Slot)
    /// A majority of the learners has another history than this node, up to this slot.
    case contradicted(at: Slot)
    /// It has applied this slot's commands.
    case applied(Slot, [UInt8])
    /// It goes on after this slot, with another's snapshot or with what it had recorded.
    case restored(Slot)
}
