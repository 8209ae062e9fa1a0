import ConsensusCore

/// What a node holds for clients: commands and queries that wait, and answers that wait to be sent.
///
/// All of it is lost in a crash or when the leader changes, and all of it is bounded; what is turned away
/// or lost, its client sends again.
struct ClientDesk: Sendable {
    // MARK: Commands, of a leader

    private struct Waiting: Sendable {
        var asker: NodeID
        /// When the command was put into a batch.
        var time: Instant
    }

    /// Who is to have the answer to each command whose answer is not here yet.
    private var waiting: [CommandID: Waiting] = [:]
    /// Those that waited when there were last too many, and since when.
    private var older: [CommandID: Waiting] = [:]
    private var olderTime = Instant(nanoseconds: .min)
    /// The commands that have no slot yet.
    private var fullBatches: [[UInt8]] = []
    private var nextBatch = 0
    private var batch = CommandBatch()

    // MARK: Queries, of a leader

    private struct Query: Sendable {
        var asker: NodeID
        var operation: LogOperation

        /// About how many bytes it takes here.
        var size: Int { operation.body.count + 128 }
    }

    private struct QueryRound: Sendable {
        var round: UInt64
        var slot: Slot
        var queries: [Query]
    }

    private var newQueries: [Query] = []
    private var rounds: [QueryRound] = []
    /// About how many bytes the queries take, the new ones and those of the rounds.
    private var queryBytes = 0

    // MARK: What others are to answer, and what this node answers

    /// Who asked for what was passed on.
    private var relayed: RecentTable
    /// Queries of a leader elsewhere, to be answered once their slot is applied.
    private var reads: [(leader: NodeID, read: ReadAt)] = []
    /// A learner's answers that its leader is to have.
    private var learned: [LogAnswer] = []
    private var book: AnswerBook

    private let sizes: LogSizes

    init(_ sizes: LogSizes) {
        self.sizes = sizes
        relayed = RecentTable(limit: sizes.relayed)
        book = AnswerBook(sizes)
    }

    // MARK: - Asking

    var hasCommands: Bool { !batch.isEmpty || nextBatch < fullBatches.count }
    var hasNewQueries: Bool { !newQueries.isEmpty }
    var awaitsConfirmation: Bool { !rounds.isEmpty }

    /// Takes an operation for the leader that this node is.
    ///
    /// A command whose answer does not come was applied by learners elsewhere, and their answers
    /// were lost. So it gets another slot when it is asked for again; it is still applied once, since
    /// its session knows it.
    mutating func admit(_ operation: LogOperation, from asker: NodeID, at now: Instant) {
        switch operation.kind {
        case .query:
            let query = Query(asker: asker, operation: operation)
            guard queryBytes + query.size <= sizes.queryBytes else { return }
            queryBytes += query.size
            newQueries.append(query)
        case .command:
            let id = operation.header.id
            if var known = takeWaiting(id) {
                known.asker = asker
                waiting[id] = known
                if now < known.time + LogTiming.answer { return }
            }
            if waiting.count >= sizes.commands, olderTime + LogTiming.abandonment <= now {
                // Commands that nobody asks for any more must not take all room for ever.
                older = waiting
                waiting = [:]
                olderTime = now
            }
            guard waiting.count < sizes.commands || waiting[id] != nil,
                fullBatches.count - nextBatch < sizes.batches
            else { return }
            if !batch.hasRoom(for: operation.body, within: sizes.batch) {
                // A desk that is never empty would keep all that ever went over it.
                if nextBatch > sizes.batches { dropTakenBatches() }
                fullBatches.append(batch.take())
            }
            batch.append(operation.header, operation.body)
            waiting[id] = Waiting(asker: asker, time: now)
        }
    }

    private mutating func takeWaiting(_ id: CommandID) -> Waiting? {
        if let command = waiting.removeValue(forKey: id) { return command }
        return older.isEmpty ? nil : older.removeValue(forKey: id)
    }

    /// The commands that are to share the next slot; nil if none wait.
    mutating func takeBatch() -> [UInt8]? {
        if nextBatch < fullBatches.count {
            defer { nextBatch += 1 }
            return fullBatches[nextBatch]
        }
        dropTakenBatches()
        return batch.isEmpty ? nil : batch.take()
    }

    private mutating func dropTakenBatches() {
        fullBatches.removeFirst(nextBatch)
        nextBatch = 0
    }

    /// Notes that operations were passed on to the leader.
    mutating func relay(_ operations: [LogOperation], from asker: NodeID) {
        for operation in operations { relayed.insert(asker, for: operation.header.id) }
    }

    mutating func beginTenure() {
        endTenure()
    }

    /// Forgets what only a leader can carry out.
    mutating func endTenure() {
        waiting.removeAll()
        older.removeAll()
        olderTime = Instant(nanoseconds: .min)
        fullBatches.removeAll()
        nextBatch = 0
        batch = CommandBatch()
        newQueries.removeAll()
        rounds.removeAll()
        queryBytes = 0
    }

    // MARK: - Queries

    /// A heartbeat of this round asks whether the new queries may be answered once a slot is applied.
    mutating func ask(inRound round: UInt64, slot: Slot) {
        guard !newQueries.isEmpty else { return }
        rounds.append(QueryRound(round: round, slot: slot, queries: newQueries))
        newQueries.removeAll()
    }

    mutating func answerQueries(
        confirmed round: UInt64, applied: Slot, _ answer: (Span<UInt8>) -> [UInt8]
    ) {
        while let first = rounds.first, first.round <= round, first.slot <= applied {
            dropRound()
            for query in first.queries {
                book.add(query.operation.answered(answer), to: query.asker)
            }
        }
    }

    /// Hands the confirmed queries to a learner.
    mutating func passQueries(
        confirmed round: UInt64, _ pass: (Slot, [LogOperation]) -> Void
    ) {
        while let first = rounds.first, first.round <= round {
            dropRound()
            var operations: [LogOperation] = []
            var size = 0
            for query in first.queries {
                relayed.insert(query.asker, for: query.operation.header.id)
                size += query.operation.body.count + 40
                if size > sizes.page || operations.count == sizes.entries, !operations.isEmpty {
                    pass(first.slot, operations)
                    operations.removeAll()
                    size = query.operation.body.count + 40
                }
                operations.append(query.operation)
            }
            if !operations.isEmpty { pass(first.slot, operations) }
        }
    }

    private mutating func dropRound() {
        for query in rounds.removeFirst().queries { queryBytes -= query.size }
    }

    /// Takes queries of a leader elsewhere; where there are too many, the oldest go.
    mutating func hold(_ read: ReadAt, for leader: NodeID) {
        if reads.count >= sizes.reads { reads.removeFirst() }
        reads.append((leader, read))
    }

    /// Answers the leader's queries whose slot is applied.
    mutating func answerReads(applied: Slot, _ answer: (Span<UInt8>) -> [UInt8]) {
        guard !reads.isEmpty else { return }
        for entry in reads where entry.read.slot <= applied {
            for operation in entry.read.operations {
                book.add(operation.answered(answer), to: entry.leader)
            }
        }
        reads.removeAll { $0.read.slot <= applied }
    }

    // MARK: - Answers

    /// A command was applied.
    ///
    /// - Parameter keepsAll: whether someone else may be waiting for the answer.
    mutating func answer(_ id: CommandID, _ reply: Reply, keepsAll: Bool) {
        if let command = takeWaiting(id) {
            book.add(LogAnswer(id: id, reply: reply), to: command.asker)
        } else if keepsAll {
            learned.append(LogAnswer(id: id, reply: reply))
        }
    }

    /// Sends a learner's answers to the leader; drops them if it knows none.
    mutating func passAnswers(to leader: NodeID?) {
        if let leader {
            for answer in learned { book.add(answer, to: leader) }
        }
        learned.removeAll(keepingCapacity: true)
    }

    /// Passes on answers that came from a learner or from the leader; returns whether somebody awaits one.
    mutating func route(_ answers: [LogAnswer]) -> Bool {
        var isAwaited = false
        for answer in answers {
            let command = takeWaiting(answer.id)
            guard let asker = command?.asker ?? relayed.remove(answer.id) else { continue }
            book.add(answer, to: asker)
            isAwaited = true
        }
        return isAwaited
    }

    mutating func sendAnswers(leader: NodeID?, into lanes: inout LogNode.Lanes) {
        book.send(leader: leader, into: &lanes)
    }
}

extension LogOperation {
    /// The answer to a query.
    fileprivate func answered(_ answer: (Span<UInt8>) -> [UInt8]) -> LogAnswer {
        LogAnswer(id: header.id, reply: .done(answer(body.span)))
    }
}

/// Answers that leave together, one datagram a recipient as far as they fit.
private struct AnswerBook: Sendable {
    private struct Page: Sendable {
        var recipient: NodeID
        var answers: [LogAnswer] = []
        var size = 0
    }

    private let sizes: LogSizes
    private var pages: [Page] = []
    /// The last page of each recipient.
    private var lastPage: [NodeID: Int] = [:]

    init(_ sizes: LogSizes) {
        self.sizes = sizes
    }

    mutating func add(_ answer: LogAnswer, to recipient: NodeID) {
        var size = 32
        if case .done(let bytes) = answer.reply { size += bytes.count }
        var index = lastPage[recipient]
        if let page = index,
            pages[page].size + size > sizes.page || pages[page].answers.count == sizes.entries
        {
            index = nil
        }
        let page = index ?? pages.count
        if index == nil {
            pages.append(Page(recipient: recipient))
            lastPage[recipient] = page
        }
        pages[page].answers.append(answer)
        pages[page].size += size
    }

    mutating func send(leader: NodeID?, into lanes: inout LogNode.Lanes) {
        guard !pages.isEmpty else { return }
        for page in pages {
            lanes.send(.reply(LogReply(leader: leader, answers: page.answers)), to: page.recipient)
        }
        pages.removeAll(keepingCapacity: true)
        lastPage.removeAll(keepingCapacity: true)
    }
}

/// Who asked for what, for the latest questions.
private struct RecentTable: Sendable {
    private var recent: [CommandID: NodeID] = [:]
    private var older: [CommandID: NodeID] = [:]

    /// How many are known at least.
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    mutating func insert(_ asker: NodeID, for id: CommandID) {
        if recent.count >= limit {
            older = recent
            recent = [:]
        }
        recent[id] = asker
    }

    mutating func remove(_ id: CommandID) -> NodeID? {
        recent.removeValue(forKey: id) ?? older.removeValue(forKey: id)
    }
}
