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
    /// How many commands of each asker are among ``waiting``, and among ``older``.
    private var shares: AskerShares
    private var olderShares: AskerShares
    /// The replies to the latest commands, where this node does not apply them.
    private var answered: RecentTable<Reply>
    /// The commands that have no slot yet.
    private var queue: CommandQueue

    // MARK: Queries, of a leader

    private struct Query: Sendable {
        var asker: NodeID
        var operation: LogOperation
    }

    /// About how many bytes a query takes here.
    private static func size(of query: LogOperation) -> Int { query.body.count + 128 }

    private struct QueryRound: Sendable {
        var round: UInt64
        var slot: Slot
        var queries: [Query]
    }

    private var newQueries: [Query] = []
    private var rounds: [QueryRound] = []
    /// About how many bytes the queries take: the new ones, those of the rounds, those held for a slot and
    /// those in line.
    private var queryBytes = 0
    private var queryShares: AskerShares
    /// Those that may be answered, and wait until there is room for their answers.
    private var lines = QueryLines()

    // MARK: What others are to answer, and what this node answers

    /// Who asked for what was passed on.
    private var relayed: RecentTable<NodeID>
    /// About the most bytes of a learner's answers that wait for their way to the leader.
    private static let learnedLimit = 32 << 20
    /// Queries of a leader elsewhere, to be put in line once their slot is applied.
    private var reads: [(leader: NodeID, read: ReadAt)] = []
    /// A learner's answers that its leader is to have.
    private var learned: [LogAnswer] = []
    private var learnedBytes = 0
    private var book: AnswerBook

    private let sizes: LogSizes
    private let form: LogCluster.Form

    /// - Parameters:
    ///   - nodes: the con nodes, who ask for many others.
    ///   - form: among replicas a leader applies what it proposes; in role form others do.
    init(_ sizes: LogSizes, nodes: NodeSet, form: LogCluster.Form) {
        self.sizes = sizes
        self.form = form
        queue = CommandQueue(sizes, nodes: nodes)
        relayed = RecentTable(limit: sizes.relayed)
        answered = RecentTable(limit: sizes.relayed, bytes: sizes.answeredBytes)
        book = AnswerBook(sizes, nodes: nodes)
        shares = AskerShares(limit: sizes.guestCommands, exempt: nodes)
        olderShares = shares
        queryShares = AskerShares(limit: sizes.guestQueryBytes, exempt: nodes)
    }

    // MARK: - Asking

    var hasCommands: Bool { !queue.isEmpty }
    var hasNewQueries: Bool { !newQueries.isEmpty }
    var awaitsConfirmation: Bool { !rounds.isEmpty }
    /// Whether queries wait for nothing but room for their answers.
    var hasLines: Bool { !lines.isEmpty }

    /// Takes an operation for the leader that this node is.
    mutating func admit(_ operation: LogOperation, from asker: NodeID, at now: Instant) {
        switch operation.kind {
        case .query: ask(operation, from: asker)
        case .command: admitCommand(operation, from: asker, at: now)
        }
    }

    /// Takes a query, or a command of which a majority has to say that this leader knows all there is to
    /// know of it.
    private mutating func ask(_ operation: LogOperation, from asker: NodeID) {
        let size = ClientDesk.size(of: operation)
        guard queryBytes + size <= sizes.queryBytes, queryShares.allows(size, to: asker) else {
            return
        }
        queryBytes += size
        queryShares.take(size, for: asker)
        newQueries.append(Query(asker: asker, operation: operation))
    }

    /// Takes a command whose session has not been opened, as far as is known here.
    ///
    /// Nothing is put into the log for it; once a majority has confirmed that this node leads, and it has
    /// applied what was chosen before, it knows whether there is such a session.
    mutating func doubt(_ command: LogOperation, from asker: NodeID) {
        ask(LogOperation(header: command.header, kind: .command, body: []), from: asker)
    }

    /// Answers a command of which the state knows what became of it.
    mutating func settle(_ id: CommandID, with reply: Reply, for asker: NodeID) {
        _ = takeWaiting(id)
        book.add(LogAnswer(id: id, reply: reply), to: asker)
    }

    /// Puts a command into the queue for slots, unless it has been there.
    ///
    /// In role form, a command whose answer does not come was applied by learners elsewhere, and their
    /// answers were lost. So it gets another slot when it is asked for again; it is still applied once,
    /// since its session knows it.
    private mutating func admitCommand(
        _ command: LogOperation, from asker: NodeID, at now: Instant
    ) {
        let id = command.header.id
        if let reply = answered[id] {
            book.add(LogAnswer(id: id, reply: reply), to: asker)
            return
        }
        let known = takeWaiting(id)
        if var known {
            known.asker = asker
            wait(known, for: id)
            if form == .replicas || now < known.time + LogTiming.answer { return }
        }
        let isFull = waiting.count >= sizes.commands || !shares.allows(1, to: asker)
        if isFull, olderTime + LogTiming.abandonment <= now {
            // Commands that nobody asks for any more must not take all room for ever.
            older = waiting
            olderShares = shares
            waiting = [:]
            shares.reset()
            olderTime = now
        }
        if known == nil {
            guard waiting.count < sizes.commands, shares.allows(1, to: asker) else { return }
        }
        guard queue.hasRoom(for: command, of: asker) else { return }
        queue.append(command, of: asker)
        if known != nil { _ = takeWaiting(id) }
        wait(Waiting(asker: asker, time: now), for: id)
    }

    private mutating func wait(_ command: Waiting, for id: CommandID) {
        waiting[id] = command
        shares.take(1, for: command.asker)
    }

    private mutating func takeWaiting(_ id: CommandID) -> Waiting? {
        if let command = waiting.removeValue(forKey: id) {
            shares.give(1, of: command.asker)
            return command
        }
        guard !older.isEmpty, let command = older.removeValue(forKey: id) else { return nil }
        olderShares.give(1, of: command.asker)
        return command
    }

    /// The commands that are to share the next slot; nil if none wait.
    mutating func takeBatch() -> [UInt8]? { queue.take() }

    /// Notes that operations were passed on to the leader.
    mutating func relay(_ operations: [LogOperation], from asker: NodeID) {
        for operation in operations { relayed.insert(asker, for: operation.header.id) }
    }

    /// Forgets who waits for which command.
    ///
    /// Once a leader goes on from another's snapshot, it will not be told of the replies in the slots that
    /// the snapshot spares it; who asks again is answered from what the state knows, or gets a slot.
    mutating func forgetWaiting() {
        waiting.removeAll()
        older.removeAll()
        shares.reset()
        olderShares.reset()
    }

    mutating func beginTenure() {
        endTenure()
    }

    /// Forgets what only a leader can carry out.
    mutating func endTenure() {
        forgetWaiting()
        olderTime = Instant(nanoseconds: .min)
        queue.removeAll()
        newQueries.removeAll()
        rounds.removeAll()
        lines.removeAll()
        queryBytes = 0
        queryShares.reset()
    }

    // MARK: - Queries

    /// A heartbeat of this round asks whether the new queries may be answered once a slot is applied.
    mutating func ask(inRound round: UInt64, slot: Slot) {
        guard !newQueries.isEmpty else { return }
        rounds.append(QueryRound(round: round, slot: slot, queries: newQueries))
        newQueries.removeAll()
    }

    /// Puts the queries in line whose round is confirmed and whose slot is applied.
    mutating func lineUp(confirmed round: UInt64, applied: Slot) {
        while let first = rounds.first, first.round <= round, first.slot <= applied {
            for query in rounds.removeFirst().queries {
                lines.append(query.operation, of: query.asker)
            }
        }
    }

    /// Answers the queries in line as far as there is room for the answers now.
    ///
    /// - Parameter answer: the reply of the state as it is; nil if there is none to be given.
    mutating func answerLines(_ answer: (LogOperation) -> Reply?) {
        guard !lines.isEmpty else { return }
        // Taken out, so that they can be changed in place.
        var lines = lines
        self.lines = QueryLines()
        var book = book
        self.book = AnswerBook(sizes, nodes: [])
        lines.take(while: { book.hasRoomForQuery(of: $0) }) { asker, query in
            forget(query, of: asker)
            guard let reply = answer(query) else { return }
            book.add(LogAnswer(id: query.header.id, reply: reply), to: asker)
        }
        self.lines = lines
        self.book = book
    }

    private mutating func forget(_ query: LogOperation, of asker: NodeID) {
        queryBytes -= ClientDesk.size(of: query)
        queryShares.give(ClientDesk.size(of: query), of: asker)
    }

    /// Hands the confirmed queries to a learner.
    mutating func passQueries(
        confirmed round: UInt64, _ pass: (Slot, [LogOperation]) -> Void
    ) {
        while let first = rounds.first, first.round <= round {
            rounds.removeFirst()
            var operations: [LogOperation] = []
            var size = 0
            for query in first.queries {
                forget(query.operation, of: query.asker)
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

    /// Takes queries of a leader elsewhere; where there are too many, the oldest go.
    mutating func hold(_ read: ReadAt, for leader: NodeID) {
        for query in read.operations { queryBytes += ClientDesk.size(of: query) }
        reads.append((leader, read))
        while reads.count > sizes.reads || (queryBytes > sizes.queryBytes && !reads.isEmpty) {
            for query in reads.removeFirst().read.operations {
                queryBytes -= ClientDesk.size(of: query)
            }
        }
    }

    /// Puts the leader's queries in line whose slot is applied.
    mutating func lineUpReads(applied: Slot) {
        guard !reads.isEmpty else { return }
        for entry in reads where entry.read.slot <= applied {
            for operation in entry.read.operations { lines.append(operation, of: entry.leader) }
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
            // Who asks again is answered from what the state knows.
            guard learnedBytes < ClientDesk.learnedLimit else { return }
            let answer = LogAnswer(id: id, reply: reply)
            learnedBytes += AnswerBook.size(of: answer)
            learned.append(answer)
        }
    }

    /// Whether answers wait until there is room for them to go to the leader.
    var hasLearned: Bool { !learned.isEmpty }

    /// Sends a learner's answers to the leader as far as there is room; drops them if it knows none.
    mutating func passAnswers(to leader: NodeID?) {
        guard !learned.isEmpty else { return }
        var passed = 0
        if let leader {
            while passed < learned.count, book.add(learned[passed], to: leader) {
                learnedBytes -= AnswerBook.size(of: learned[passed])
                passed += 1
            }
        }
        guard leader == nil || passed == learned.count else {
            learned.removeFirst(passed)
            return
        }
        learned.removeAll(keepingCapacity: learned.count <= 4_096)
        learnedBytes = 0
    }

    /// Passes on answers that came from a learner or from the leader; returns whether somebody awaits one.
    mutating func route(_ answers: [LogAnswer]) -> Bool {
        var isAwaited = false
        for answer in answers {
            let command = takeWaiting(answer.id)
            if command != nil { keep(answer) }
            guard let asker = command?.asker ?? relayed.remove(answer.id) else { continue }
            book.add(answer, to: asker)
            isAwaited = true
        }
        return isAwaited
    }

    /// Keeps a reply for those who ask again.
    private mutating func keep(_ answer: LogAnswer) {
        switch answer.reply {
        case .done(let bytes):
            answered.insert(answer.reply, for: answer.id, bytes: bytes.count + 96)
        case .opened: answered.insert(answer.reply, for: answer.id, bytes: 96)
        // What is no use to a command now may be so later.
        case .expired, .superseded, .crowded, .refused: return
        }
    }

    mutating func sendAnswers(leader: NodeID?, into lanes: inout LogNode.Lanes) {
        book.send(leader: leader, into: &lanes)
    }
}
