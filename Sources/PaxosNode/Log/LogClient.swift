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

    /// The open session; 0 if there is none.
    private var session: UInt64 = 0
    /// Drawn anew for each session; it is what makes the session this client's own.
    private var owner: UInt64 = 0
    /// The number drawn for the opening that is under way; 0 if there is none.
    private var opening: UInt64 = 0
    private var openingSent = Instant(nanoseconds: .min)
    /// The commands that have no sequence yet, because there is no session or no room in it.
    private var queue: [Pending] = []
    /// The commands of the session that have no answer; its first is the lowest of them.
    private var commands = SlotLog<Pending>(first: 1)
    private var nextSequence: UInt64 = 1
    /// The queries that have no answer, in order of their sequence.
    private var queries: [Pending] = []
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

    private struct Pending: Sendable {
        var number: UInt64
        var body: [UInt8]
        var timeout: Interval
        var deadline: Instant
        var sequence: UInt64 = 0
        /// When it was last sent.
        var sent = Instant(nanoseconds: .min)
    }

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

    public var stamp: Stamp { Stamp(epoch: 0, incarnation: incarnation) }

    public var wakeTime: Instant { min(hurryTime, resendTime, deadlineTime) }

    /// The proposers are the first con nodes, so a position among them is an ID.
    private var proposer: NodeID { NodeID(index: position) }

    private var isIdle: Bool {
        queue.isEmpty && queries.isEmpty && commands.end == commands.first && inquiries.isEmpty
    }

    // MARK: - Events

    public mutating func recover(_ record: LogRecord) {}

    /// It keeps no records.
    public var recoveryFault: String? { nil }
    public var wantsCheckpoint: Bool { false }
    public mutating func checkpoint() -> [LogRecord] { [] }

    public mutating func start(at now: Instant, into lanes: inout Lanes) {}

    public func checkInvariants() {
        precondition(nextSequence == commands.end, "a sequence without its command")
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
            var pending = Pending(
                number: call.number, body: body, timeout: call.timeout, deadline: deadline)
            if case .command = call.operation {
                queue.append(pending)
            } else {
                pending.sequence = nextQuery
                nextQuery += 1
                queries.append(pending)
            }
            let rollCall = now + max(call.timeout / 2, call.timeout + LogTiming.rollCall * -1)
            deadlineTime = min(deadlineTime, rollCall, deadline)
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
            for answer in reply.answers { receive(answer, at: now, into: &lanes) }
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
        var sequence = commands.first
        let answeredBelow = commands.first
        while sequence < commands.end {
            let operation = commands.update(sequence) { pending -> LogOperation? in
                guard pending.sent <= time else { return nil }
                pending.sent = now
                let id = CommandID(
                    session: session, owner: owner, sequence: pending.sequence)
                return LogOperation(
                    header: CommandHeader(id: id, answeredBelow: answeredBelow),
                    kind: .command, body: pending.body)
            }
            if let operation, let operation { add(operation) }
            sequence += 1
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

    /// The opening that is under way.
    private var openingID: CommandID { CommandID(session: 0, owner: owner, sequence: opening) }

    /// A query is of no session; its owner is 0, so that it is no command's either.
    private func queryID(_ sequence: UInt64) -> CommandID {
        CommandID(session: incarnation, owner: 0, sequence: sequence)
    }

    /// Gives commands their place in the session; opens one if there is none.
    private mutating func numberCommands(
        at now: Instant, unsentSince time: Instant, into lanes: inout Lanes
    ) {
        guard !queue.isEmpty else { return }
        guard session != 0 else {
            if opening == 0 {
                opening = random.nextNonZero()
                owner = random.nextNonZero()
            } else if openingSent > time {
                return
            }
            openingSent = now
            let header = CommandHeader(
                id: openingID, answeredBelow: 0)
            lanes.send(
                .request(
                    LogRequest(operations: [
                        LogOperation(header: header, kind: .command, body: [])
                    ])), to: proposer)
            return
        }
        let room = UInt64(sizes.outstanding) - (commands.end - commands.first)
        let count = min(queue.count, Int(room))
        for index in 0..<count {
            queue[index].sequence = nextSequence
            commands[nextSequence] = queue[index]
            nextSequence += 1
        }
        queue.removeFirst(count)
    }

    // MARK: - Answers

    private mutating func receive(
        _ answer: LogAnswer, at now: Instant, into lanes: inout Lanes
    ) {
        if answer.id.owner == 0 {
            receiveQuery(answer, into: &lanes)
        } else if answer.id.session == 0 {
            guard opening != 0, answer.id == openingID, case .opened(let session) = answer.reply,
                session != 0
            else { return }
            opening = 0
            self.session = session
            commands.restart(first: 1)
            nextSequence = 1
            hurryTime = min(hurryTime, now)
        } else if answer.id.session == session, answer.id.owner == owner {
            receiveCommand(answer, at: now, into: &lanes)
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
        guard let pending = commands[answer.id.sequence] else { return }
        switch answer.reply {
        case .done(let bytes):
            lanes.report(ClientAnswer(number: pending.number, result: .success(.bytes(bytes))))
            forget(answer.id.sequence)
            if !queue.isEmpty { hurryTime = min(hurryTime, now) }
        case .expired:
            // Every command of the session may have been applied before it was forgotten, or not.
            var sequence = commands.first
            while sequence < commands.end {
                if let pending = commands[sequence] {
                    fail(pending.number, .sessionExpired, into: &lanes)
                }
                sequence += 1
            }
            session = 0
            commands.restart(first: 1)
            nextSequence = 1
            if !queue.isEmpty { hurryTime = min(hurryTime, now) }
        case .opened, .superseded, .crowded, .refused: return
        }
    }

    /// Lets go of a command that has its answer, or is not waited for any more.
    private mutating func forget(_ sequence: UInt64) {
        commands[sequence] = nil
        var last = sequence
        guard sequence == commands.first else { return }
        while last + 1 < commands.end, commands[last + 1] == nil { last += 1 }
        commands.removeThrough(last)
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
                        role: report.isLeading ? "leader" : role, ballot: report.ballot?.number,
                        leader: report.leader, chosen: report.chosen, applied: report.applied,
                        snapshot: report.snapshot, isVoting: report.isVoting,
                        digest: report.digest)
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
            let rollCall =
                pending.deadline
                + max(pending.timeout / 2, pending.timeout + LogTiming.rollCall * -1)
                + pending.timeout * -1
            if rollCall <= now {
                asks = true
                next = min(next, pending.deadline)
            } else {
                next = min(next, rollCall)
            }
            return false
        }
        for pending in overdue {
            fail(pending.number, .timedOut(silence(after: pending, at: now)), into: &lanes)
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
    private mutating func drop(_ condition: (Pending) -> Bool) -> [Pending] {
        var dropped: [Pending] = []
        var kept: [Pending] = []
        for pending in queue {
            if condition(pending) { dropped.append(pending) } else { kept.append(pending) }
        }
        if kept.count < queue.count { queue = kept }
        var sequence = commands.first
        while sequence < commands.end {
            if let pending = commands[sequence], condition(pending) {
                dropped.append(pending)
                forget(sequence)
            }
            sequence += 1
        }
        kept.removeAll()
        for pending in queries {
            if condition(pending) { dropped.append(pending) } else { kept.append(pending) }
        }
        if kept.count < queries.count { queries = kept }
        return dropped
    }

    private func silence(after pending: Pending, at now: Instant) -> QuorumSilence {
        var present = NodeSet()
        var withoutVote = NodeSet()
        let window = max(pending.timeout / 2, LogTiming.rollCall)
        for node in cluster.nodes where heard[node.index].time + window > now {
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
