public import ConsensusCore

/// A client of a log service: it carries out calls, many at a time, each command exactly once.
///
/// Commands belong to a session, which is opened before the first of them; queries need none. What waits
/// is sent together, to the proposer that led last; what is not answered is sent again, and to the next
/// proposer when that one is silent. A call that runs out of time fails, and says who was silent.
public struct LogClient: Automaton, Sendable {
    public typealias Message = LogMessage
    public typealias Record = LogRecord
    public typealias Input = ClientRequest
    public typealias Output = ClientAnswer

    public let cluster: LogCluster
    private let sizes: LogSizes
    private var random: RandomSource
    private let incarnation: UInt64

    /// The session, open or to be opened.
    private var session = ClientSession()
    /// The commands that have no sequence yet, because there is no session or no room in it.
    private var queue: [PendingCall] = []
    /// The queries that have no answer, in order of their sequence.
    private var queries: [PendingCall] = []
    private var nextQuery: UInt64 = 1
    private var inquiries: [RollCall] = []

    /// The proposer asked at present: its position among the proposers.
    private var position: Int
    /// When it last answered, or was turned to.
    private var proposerTime = Instant.never
    private var resends = Backoff(initial: LogTiming.request, limit: LogTiming.requestLimit)
    private var resendTime = Instant.never
    private var hurryTime = Instant.never
    /// When the first call runs out of time, or begins to ask who is there.
    private var deadlineTime = Instant.never
    /// By node: when it was last heard, and whether its votes counted then.
    private var heard: [(time: Instant, isVoting: Bool?)]

    private struct RollCall: Sendable {
        var number: UInt64
        var deadline: Instant
        var wantsDigest: Bool
        var reports: [LogReport?]
    }

    /// - Parameters:
    ///   - seed: where all random draws of this life come from; two lives must not share one.
    ///   - preferredProposer: which proposer it asks first, modulo their number; not negative.
    public init(
        cluster: LogCluster, seed: UInt64, preferredProposer: Int = 0, sizes: LogSizes = LogSizes()
    ) {
        precondition(preferredProposer >= 0 && sizes.isValid)
        self.cluster = cluster
        self.sizes = sizes
        random = RandomSource(seed: seed)
        incarnation = random.nextIncarnation()
        position = preferredProposer % cluster.proposers.count
        heard = Array(
            repeating: (Instant(nanoseconds: .min), nil), count: cluster.nodeCount)
    }

    /// Its epoch is the birth of the cluster that its session is of; 0 while it has none.
    public var stamp: Stamp { Stamp(epoch: session.birth, incarnation: incarnation) }

    public var wakeTime: Instant { min(hurryTime, resendTime, deadlineTime) }

    /// The proposers are the first con nodes, so a position among them is an ID.
    private var proposer: NodeID { NodeID(index: position) }

    private var isIdle: Bool {
        queue.isEmpty && queries.isEmpty && !session.hasCommands && inquiries.isEmpty
    }

    // MARK: - Events

    public mutating func recover(_ record: LogRecord) {}

    /// It keeps no records.
    public var recoveryFault: String? { nil }
    public var wantsCheckpoint: Bool { false }
    public mutating func checkpoint() -> [LogRecord] { [] }

    public mutating func start(at now: Instant, into lanes: inout Lanes) {}

    public func checkInvariants() {
        session.checkInvariants()
    }

    public mutating func handle(
        _ input: ClientRequest, at now: Instant, into lanes: inout Lanes
    ) {
        switch input {
        case .call(let call): begin(call, at: now, into: &lanes)
        case .cancel(let number):
            drop { $0.number == number }
            inquiries.removeAll { $0.number == number }
        }
    }

    private mutating func begin(
        _ call: ClientCall, at now: Instant, into lanes: inout Lanes
    ) {
        if isIdle {
            resends.reset()
            proposerTime = now
        }
        let deadline = now + call.timeout
        switch call.operation {
        case .command(let body), .query(let body):
            guard body.count <= ServiceLimits.maximumCommandSize else {
                return fail(
                    call.number,
                    .tooLarge(size: body.count, limit: ServiceLimits.maximumCommandSize),
                    into: &lanes)
            }
            var pending = PendingCall(
                number: call.number, body: body, timeout: call.timeout, deadline: deadline)
            if case .command = call.operation {
                queue.append(pending)
            } else {
                pending.sequence = nextQuery
                nextQuery += 1
                queries.append(pending)
            }
            deadlineTime = min(deadlineTime, pending.rollCall, deadline)
        case .status(let digests):
            let asksDigest = digests == .computed
            inquiries.append(
                RollCall(
                    number: call.number, deadline: min(deadline, now + LogTiming.status),
                    wantsDigest: asksDigest,
                    reports: Array(repeating: nil, count: cluster.nodeCount)))
            deadlineTime = min(deadlineTime, min(deadline, now + LogTiming.status))
            lanes.send(.inquiry(Inquiry(wantsDigest: asksDigest)), to: cluster.nodes)
        }
        hurryTime = min(hurryTime, now)
        // Another call is no reason to wait longer before those under way are sent again.
        if resendTime == .never { resendTime = now + resends.next(using: &random) }
    }

    public mutating func receive(
        _ message: LogMessage, from origin: Origin, at now: Instant, into lanes: inout Lanes
    ) {
        guard cluster.nodes.contains(origin.node) else { return }
        heard[origin.node.index].time = now
        switch message {
        case .reply(let reply):
            if origin.node == proposer { proposerTime = now }
            if let leader = reply.leader, cluster.proposers.contains(leader) {
                if leader.index != position { proposerTime = now }
                position = leader.index
            }
            var isTurnedAway = false
            for answer in reply.answers {
                isTurnedAway = answer.reply == .refused || answer.reply == .crowded || isTurnedAway
                receive(answer, from: origin, at: now, into: &lanes)
            }
            if isTurnedAway { break }
            // Somebody answers, so what was sent when nobody did is worth sending again soon.
            resends.reset()
            resendTime = min(resendTime, now + resends.next(using: &random))
        case .report(let report):
            heard[origin.node.index].isVoting = report.isVoting
            receive(report, from: origin.node, into: &lanes)
        default: return
        }
        if isIdle { rest() }
    }

    public mutating func wake(at now: Instant, into lanes: inout Lanes) {
        hurryTime = .never
        if now >= deadlineTime { expire(at: now, into: &lanes) }
        if now >= resendTime {
            if now >= proposerTime + LogTiming.proposer {
                position = (position + 1) % cluster.proposers.count
                proposerTime = now
            }
            send(unsentSince: now + LogTiming.request / 2 * -1, at: now, into: &lanes)
            inquire(into: &lanes)
            resendTime = now + resends.next(using: &random)
        } else {
            send(unsentSince: Instant(nanoseconds: .min), at: now, into: &lanes)
        }
        if isIdle { rest() }
    }

    private mutating func rest() {
        hurryTime = .never
        resendTime = .never
        deadlineTime = .never
    }

    // MARK: - Sending

    /// Sends what has not been sent since an instant, as many datagrams as it takes.
    private mutating func send(
        unsentSince time: Instant, at now: Instant, into lanes: inout Lanes
    ) {
        numberCommands(at: now, unsentSince: time, into: &lanes)
        var page: [LogOperation] = []
        var size = 0
        func add(_ operation: LogOperation) {
            size += operation.body.count + CommandHeader.size + 5
            if size > sizes.page && !page.isEmpty || page.count == sizes.entries {
                lanes.send(.request(LogRequest(operations: page)), to: proposer)
                page.removeAll(keepingCapacity: true)
                size = operation.body.count + CommandHeader.size + 5
            }
            page.append(operation)
        }
        let answeredBelow = session.commands.first
        for sequence in answeredBelow..<session.commands.end {
            guard let pending = session.send(sequence, unsentSince: time, at: now) else {
                continue
            }
            let id = session.commandID(sequence)
            add(
                LogOperation(
                    header: CommandHeader(id: id, answeredBelow: answeredBelow), kind: .command,
                    body: pending.body))
        }
        for index in queries.indices where queries[index].sent <= time {
            queries[index].sent = now
            let id = queryID(queries[index].sequence)
            add(
                LogOperation(
                    header: CommandHeader(id: id, answeredBelow: 0), kind: .query,
                    body: queries[index].body))
        }
        if !page.isEmpty {
            lanes.send(.request(LogRequest(operations: page)), to: proposer)
        }
    }

    /// A query is of no session; its owner is 0, so that it is no command's either.
    private func queryID(_ sequence: UInt64) -> CommandID {
        CommandID(session: incarnation, owner: 0, sequence: sequence)
    }

    /// Gives commands their place in the session; opens one if there is none.
    private mutating func numberCommands(
        at now: Instant, unsentSince time: Instant, into lanes: inout Lanes
    ) {
        guard !queue.isEmpty else { return }
        guard session.isOpen else {
            let isNew = session.opening == nil
            let opening = session.open(using: &random)
            guard isNew || session.openingSent <= time else { return }
            session.openingSent = now
            let operation = LogOperation(
                header: CommandHeader(id: opening, answeredBelow: 0), kind: .command, body: [])
            return lanes.send(.request(LogRequest(operations: [operation])), to: proposer)
        }
        let count = min(queue.count, session.room(within: sizes.outstanding))
        for pending in queue.prefix(count) { session.add(pending) }
        queue.removeFirst(count)
    }

    // MARK: - Answers

    private mutating func receive(
        _ answer: LogAnswer, from origin: Origin, at now: Instant, into lanes: inout Lanes
    ) {
        let birth = origin.stamp.epoch
        if session.birth != 0, birth != 0, birth != session.birth {
            // The cluster was begun anew, and knows nothing of the session.
            guard session.owns(answer.id) || answer.id == queryID(answer.id.sequence) else {
                return
            }
            endSession(.sessionExpired, at: now, into: &lanes)
        } else if answer.id.owner == 0 {
            receiveQuery(answer, into: &lanes)
        } else if answer.id == session.opening {
            receiveOpening(answer.reply, birth: birth, at: now)
        } else if session.owns(answer.id) {
            receiveCommand(answer, at: now, into: &lanes)
        }
    }

    private mutating func receiveOpening(_ reply: Reply, birth: UInt64, at now: Instant) {
        guard !session.isOpen else { return }
        switch reply {
        case .opened(let id) where id != 0:
            session.opened(as: id, birth: birth)
            hurryTime = min(hurryTime, now)
        case .refused: session.refusalTime = now
        default: return
        }
    }

    private mutating func receiveQuery(_ answer: LogAnswer, into lanes: inout Lanes) {
        guard case .done(let bytes) = answer.reply,
            let index = queries.firstIndex(where: { queryID($0.sequence) == answer.id })
        else { return }
        lanes.report(
            ClientAnswer(number: queries[index].number, result: .success(.bytes(bytes))))
        queries.remove(at: index)
    }

    private mutating func receiveCommand(
        _ answer: LogAnswer, at now: Instant, into lanes: inout Lanes
    ) {
        guard let pending = session.commands[answer.id.sequence] else { return }
        switch answer.reply {
        case .done(let bytes):
            lanes.report(ClientAnswer(number: pending.number, result: .success(.bytes(bytes))))
            session.forget(answer.id.sequence)
            if !queue.isEmpty { hurryTime = min(hurryTime, now) }
        case .expired: endSession(.sessionExpired, at: now, into: &lanes)
        case .superseded: endSession(.superseded, at: now, into: &lanes)
        case .opened, .crowded, .refused: return
        }
    }

    /// Fails all commands of the session, each of which may have been applied or not; another session is
    /// opened for those that have no place in it yet.
    private mutating func endSession(
        _ failure: ClientFailure, at now: Instant, into lanes: inout Lanes
    ) {
        for pending in session.pending { fail(pending.number, failure, into: &lanes) }
        session = ClientSession()
        if !queue.isEmpty { hurryTime = min(hurryTime, now) }
    }

    private mutating func receive(
        _ report: LogReport, from node: NodeID, into lanes: inout Lanes
    ) {
        for index in inquiries.indices {
            if inquiries[index].wantsDigest, report.applied != nil, report.digest == nil {
                continue
            }
            inquiries[index].reports[node.index] = report
        }
        let done = inquiries.filter { $0.reports.allSatisfy { $0 != nil } }
        for inquiry in done { finish(inquiry, into: &lanes) }
        inquiries.removeAll { $0.reports.allSatisfy { $0 != nil } }
    }

    private func finish(_ inquiry: RollCall, into lanes: inout Lanes) {
        let statuses = inquiry.reports.indices.map { index in
            let node = NodeID(index: index)
            let role = cluster.roleName(of: node).lowercased()
            return NodeStatus(
                node: node,
                report: inquiry.reports[index].map { report in
                    NodeStatus.Report(
                        role: report.isLeading ? "leader" : role, ballot: report.ballot,
                        leader: report.leader, chosen: report.chosen, applied: report.applied,
                        snapshot: report.snapshot, isVoting: report.isVoting,
                        digest: report.digest, birth: report.birth, disputed: report.disputed)
                })
        }
        lanes.report(ClientAnswer(number: inquiry.number, result: .success(.status(statuses))))
    }

    // MARK: - Time

    /// Asks the nodes that an inquiry misses, or all when a call is about to run out of time.
    private func inquire(into lanes: inout Lanes) {
        for inquiry in inquiries {
            for (index, report) in inquiry.reports.enumerated() where report == nil {
                lanes.send(
                    .inquiry(Inquiry(wantsDigest: inquiry.wantsDigest)), to: NodeID(index: index))
            }
        }
    }

    /// Fails the calls whose time is up, and has those whose time will be up soon ask who is there.
    private mutating func expire(at now: Instant, into lanes: inout Lanes) {
        var next = Instant.never
        var asks = false
        let overdue = drop { pending in
            guard pending.deadline > now else { return true }
            if pending.rollCall <= now {
                asks = true
                next = min(next, pending.deadline)
            } else {
                next = min(next, pending.rollCall)
            }
            return false
        }
        for pending in overdue {
            // What has no sequence is a command that was never sent.
            let isRefused =
                pending.sequence == 0 && !session.isOpen
                && session.refusalTime + pending.patience > now
            fail(
                pending.number,
                isRefused ? .sessionRefused : .timedOut(silence(after: pending, at: now)),
                into: &lanes)
        }
        for inquiry in inquiries where inquiry.deadline <= now { finish(inquiry, into: &lanes) }
        inquiries.removeAll { $0.deadline <= now }
        for inquiry in inquiries { next = min(next, inquiry.deadline) }
        if asks {
            lanes.send(.inquiry(Inquiry(wantsDigest: false)), to: cluster.nodes)
            next = min(next, now + .milliseconds(250))
        }
        deadlineTime = next
    }

    /// Takes out the calls that meet a condition; it is asked of every one.
    @discardableResult
    private mutating func drop(_ condition: (PendingCall) -> Bool) -> [PendingCall] {
        var dropped: [PendingCall] = []
        var kept: [PendingCall] = []
        for pending in queue {
            if condition(pending) { dropped.append(pending) } else { kept.append(pending) }
        }
        if kept.count < queue.count { queue = kept }
        for pending in session.pending where condition(pending) {
            dropped.append(pending)
            session.forget(pending.sequence)
        }
        kept.removeAll()
        for pending in queries {
            if condition(pending) { dropped.append(pending) } else { kept.append(pending) }
        }
        if kept.count < queries.count { queries = kept }
        return dropped
    }

    private func silence(after pending: PendingCall, at now: Instant) -> QuorumSilence {
        var present = NodeSet()
        var withoutVote = NodeSet()
        for node in cluster.nodes where heard[node.index].time + pending.patience > now {
            present.insert(node)
            if heard[node.index].isVoting == false { withoutVote.insert(node) }
        }
        return QuorumSilence(
            timeout: pending.timeout, nodes: cluster.nodes, present: present,
            acceptors: cluster.acceptors, withoutVote: withoutVote)
    }

    private func fail(
        _ number: UInt64, _ failure: ClientFailure, into lanes: inout Lanes
    ) {
        lanes.report(ClientAnswer(number: number, result: .failure(failure)))
    }
}
