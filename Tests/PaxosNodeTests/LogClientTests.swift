import ConsensusCore
import Testing

@testable import PaxosNode

/// One client of a log, driven by hand.
private struct ClientDriver {
    var client: LogClient
    var now = milliseconds(1)
    var answers: [ClientAnswer] = []
    /// What it drew for the session that it opened last.
    var owner: UInt64 = 0

    init(_ cluster: LogCluster = LogCluster(replicas: 3)) {
        client = LogClient(cluster: cluster, seed: 5)
    }

    private mutating func step(
        _ body: (inout LogClient, Instant, inout LogClient.Lanes) -> Void
    ) -> LogClient.Lanes {
        var lanes = LogClient.Lanes()
        body(&client, now, &lanes)
        client.checkInvariants()
        answers += lanes.outputs
        return lanes
    }

    /// Begins a call.
    mutating func call(
        _ number: UInt64, _ operation: ClientCall.Operation, timeout: Interval = .seconds(9)
    ) {
        _ = step { client, now, lanes in
            client.handle(
                .call(ClientCall(number: number, operation: operation, timeout: timeout)), at: now,
                into: &lanes)
        }
    }

    mutating func cancel(_ number: UInt64) {
        _ = step { client, now, lanes in
            client.handle(.cancel(number), at: now, into: &lanes)
        }
    }

    mutating func reply(
        _ answers: [LogAnswer], from node: NodeID = 0, leader: NodeID? = nil, birth: UInt64 = 0
    ) {
        receive(
            .reply(LogReply(leader: leader, answers: answers)), from: node, birth: birth)
    }

    mutating func receive(_ message: LogMessage, from node: NodeID, birth: UInt64 = 0) {
        var origin = LogDriver.peer(node)
        origin.stamp.epoch = birth
        _ = step { client, now, lanes in
            client.receive(message, from: origin, at: now, into: &lanes)
        }
    }

    /// What it sends now: to whom, and the operations.
    mutating func wake() -> [(node: NodeID, operation: LogOperation)] {
        let lanes = step { client, now, lanes in client.wake(at: now, into: &lanes) }
        return lanes.sent("request").flatMap { envelope in
            guard case .request(let request) = envelope.message else {
                return [(node: NodeID, operation: LogOperation)]()
            }
            return request.operations.map { (envelope.recipients.members[0], $0) }
        }
    }

    /// What it sends at its next deadline.
    mutating func wakeInTime() -> [(node: NodeID, operation: LogOperation)] {
        now = max(now, client.wakeTime)
        return wake()
    }

    /// Has it open a session.
    mutating func open(_ session: UInt64 = 7, birth: UInt64 = 0) {
        let opening = wake().last
        guard let id = opening?.operation.header.id, id.session == 0 else {
            preconditionFailure("no opening is sent")
        }
        owner = id.owner
        reply([LogAnswer(id: id, reply: .opened(session: session))], birth: birth)
    }

    /// An answer to a command of the session that it opened last.
    func answer(_ session: UInt64, _ sequence: UInt64, _ reply: Reply) -> LogAnswer {
        LogAnswer(
            id: CommandID(session: session, owner: owner, sequence: sequence), reply: reply)
    }
}

@Suite("Client of the log")
struct LogClientTests {
    private func done(_ number: UInt64, _ bytes: [UInt8]) -> ClientAnswer {
        ClientAnswer(number: number, result: .success(.bytes(bytes)))
    }

    @Test("opens one session before the first command, however often it has to ask")
    func opening() {
        var driver = ClientDriver()
        driver.call(1, .command([1]))
        driver.call(2, .command([2]))
        var openings = driver.wake()
        #expect(openings.count == 1)
        for _ in 0..<4 { openings += driver.wakeInTime() }
        #expect(openings.count >= 3)
        #expect(Set(openings.map(\.operation.header.id)).count == 1)
        let id = openings[0].operation.header.id
        #expect(id.session == 0 && id.owner != 0 && id.sequence != 0)
        // An answer to another's opening is not its own.
        for (owner, sequence) in [(id.owner, id.sequence &+ 1), (id.owner &+ 1, id.sequence)] {
            let other = CommandID(session: 0, owner: owner, sequence: sequence)
            driver.reply([LogAnswer(id: other, reply: .opened(session: 6))])
        }
        driver.reply([LogAnswer(id: id, reply: .opened(session: 0))])
        #expect(driver.wake().isEmpty)
        for session in [7, 8] as [UInt64] {
            driver.reply([LogAnswer(id: id, reply: .opened(session: session))])
        }
        let sent = driver.wake().map(\.operation)
        #expect(
            sent.map(\.header.id)
                == [1, 2].map { CommandID(session: 7, owner: id.owner, sequence: $0) })
        #expect(sent.map(\.body) == [[1], [2]] && sent.allSatisfy { $0.kind == .command })
    }

    @Test("queries need no session")
    func queries() {
        var driver = ClientDriver()
        driver.call(1, .query([5]))
        let sent = driver.wake().map(\.operation)
        #expect(sent.map(\.kind) == [.query] && sent.map(\.body) == [[5]])
        driver.reply([LogAnswer(id: sent[0].header.id, reply: .done([6]))])
        #expect(driver.answers == [done(1, [6])] && driver.client.wakeTime == .never)
    }

    @Test("answers are matched to their calls, and each call has one")
    func matching() {
        var driver = ClientDriver()
        for number in 1...3 as ClosedRange<UInt64> { driver.call(10 * number, .command([])) }
        driver.open()
        _ = driver.wake()
        let two = driver.answer(7, 2, .done([2]))
        driver.reply([two, two, driver.answer(6, 1, .done([9]))])
        driver.reply([
            two, driver.answer(7, 4, .done([9])), driver.answer(7, 3, .done([3])),
        ])
        #expect(driver.answers == [done(20, [2]), done(30, [3])])
        driver.reply([driver.answer(7, 1, .done([1]))], from: 2)
        #expect(driver.answers.last == done(10, [1]) && driver.client.wakeTime == .never)
    }

    @Test("what is not answered is sent again, under the same number, and says what was answered")
    func resending() {
        var driver = ClientDriver()
        for number in 1...3 as ClosedRange<UInt64> { driver.call(number, .command([])) }
        driver.open()
        #expect(driver.wake().map(\.operation.header.answeredBelow) == [1, 1, 1])
        driver.reply([driver.answer(7, 1, .done([])), driver.answer(7, 3, .done([]))])
        var again: [LogOperation] = []
        while again.isEmpty { again = driver.wakeInTime().map(\.operation) }
        #expect(again.map(\.header.id.sequence) == [2] && again[0].header.answeredBelow == 2)
        driver.call(4, .command([]))
        #expect(driver.wake().map(\.operation.header.id.sequence) == [4])
    }

    @Test("turns to the next proposer when one is silent, and to the leader it is told of")
    func proposers() {
        var driver = ClientDriver(LogCluster(proposers: 3, acceptors: 1, learners: 1))
        driver.call(1, .query([]), timeout: .seconds(60))
        var asked = driver.wake().map(\.node)
        for _ in 0..<12 { asked += driver.wakeInTime().map(\.node) }
        #expect(asked.first == 0 && Set(asked) == [0, 1, 2])
        let changes = zip(asked, asked.dropFirst()).filter { $0 != $1 }
        #expect(changes.allSatisfy { ($0.index + 1) % 3 == $1.index })
        for leader in [1, 2] as [NodeID] {
            driver.reply([], from: 0, leader: leader)
            driver.call(2 + UInt64(leader.rawValue), .query([]))
            #expect(driver.wake().map(\.node) == [leader])
        }
        // One that does not propose cannot lead.
        driver.reply([], from: 0, leader: 4)
        driver.call(9, .query([]))
        #expect(driver.wake().map(\.node) == [2])
    }

    @Test("a cancelled call is neither sent again nor answered")
    func cancelling() {
        var driver = ClientDriver()
        for number in 1...2 as ClosedRange<UInt64> { driver.call(number, .command([])) }
        driver.open()
        driver.call(3, .query([]))
        driver.call(4, .status(.omitted))
        _ = driver.wake()
        for number in [1, 3, 4] as [UInt64] { driver.cancel(number) }
        driver.reply([driver.answer(7, 1, .done([9]))])
        var again: [LogOperation] = []
        while again.isEmpty { again = driver.wakeInTime().map(\.operation) }
        #expect(again.map(\.header.id.sequence) == [2])
        driver.cancel(2)
        while driver.client.wakeTime != .never { #expect(driver.wakeInTime().isEmpty) }
        #expect(driver.answers.isEmpty)
    }

    @Test("a call that runs out of time fails, after asking who is there")
    func timeouts() {
        var driver = ClientDriver()
        let begin = driver.now
        driver.call(1, .command([]), timeout: .seconds(4))
        driver.call(2, .query([]), timeout: .seconds(6))
        while driver.answers.isEmpty {
            _ = driver.wakeInTime()
            guard driver.now - begin > .seconds(3) else { continue }
            driver.receive(
                .report(
                    LogReport(
                        isLeading: false, ballot: nil, leader: nil, chosen: 0, applied: nil,
                        snapshot: 0, isVoting: false, digest: nil)), from: 2)
        }
        #expect(driver.now - begin == .seconds(4) && driver.answers.map(\.number) == [1])
        guard case .failure(.timedOut(let silence)) = driver.answers[0].result else {
            Issue.record("\(driver.answers)")
            return
        }
        #expect(silence.present == [2] && silence.withoutVote == [2])
        while driver.answers.count < 2 { _ = driver.wakeInTime() }
        #expect(driver.now - begin == .seconds(6))
        _ = driver.wakeInTime()
        #expect(driver.client.wakeTime == .never)
    }

    @Test("when its session is forgotten, what is under way fails, and a new one serves the rest")
    func expiry() {
        var driver = ClientDriver()
        for number in 1...2 as ClosedRange<UInt64> { driver.call(number, .command([])) }
        driver.open()
        _ = driver.wake()
        driver.call(3, .command([3]))
        driver.reply([driver.answer(7, 2, .expired), driver.answer(7, 1, .done([]))])
        #expect(
            driver.answers
                == [1, 2].map { ClientAnswer(number: $0, result: .failure(.sessionExpired)) })
        driver.open(8)
        let sent = driver.wake().map(\.operation)
        #expect(sent.map(\.header.id) == [CommandID(session: 8, owner: driver.owner, sequence: 1)])
        #expect(sent.map(\.body) == [[3]])
        // The old session's late answers are nothing.
        driver.reply([driver.answer(7, 1, .expired)])
        #expect(driver.answers.count == 2)
    }

    @Test("told that it has an answer that it does not have, it says so and opens another session")
    func superseded() {
        var driver = ClientDriver()
        for number in 1...3 as ClosedRange<UInt64> { driver.call(number, .command([])) }
        driver.open()
        _ = driver.wake()
        driver.reply([driver.answer(7, 2, .done([2]))])
        driver.call(4, .command([4]))
        // Of a command that has its answer it is no news.
        driver.reply([driver.answer(7, 2, .superseded)])
        #expect(driver.answers == [done(2, [2])])
        driver.reply([driver.answer(7, 3, .superseded)])
        #expect(
            Array(driver.answers.dropFirst())
                == [1, 3].map { ClientAnswer(number: $0, result: .failure(.superseded)) })
        let first = driver.owner
        driver.open(7)
        #expect(driver.owner != first && driver.wake().map(\.operation.body) == [[4]])
        // An answer to the earlier session of the same number is not this one's.
        let id = CommandID(session: 7, owner: first, sequence: 1)
        for reply in [.done([9]), .expired, .superseded] as [Reply] {
            driver.reply([LogAnswer(id: id, reply: reply)])
        }
        #expect(driver.answers.count == 3)
        driver.reply([driver.answer(7, 1, .done([1]))])
        #expect(driver.answers.last == done(4, [1]))
    }

    @Test("refused a session it asks again, ever less often, and has it when there is room")
    func refusal() {
        var driver = ClientDriver()
        driver.call(1, .command([1]))
        var openings = driver.wake().map(\.operation.header.id)
        let begin = driver.now
        while driver.now - begin < .seconds(5) {
            driver.reply([LogAnswer(id: openings[0], reply: .refused)])
            openings += driver.wakeInTime().map(\.operation.header.id)
        }
        #expect(Set(openings).count == 1 && openings.count > 10 && openings.count < 60)
        #expect(driver.answers.isEmpty)
        driver.reply([LogAnswer(id: openings[0], reply: .opened(session: 3))])
        #expect(driver.wake().map(\.operation.body) == [[1]])
        #expect(driver.client.wakeTime < driver.now + .seconds(1))
    }

    @Test("a command whose time is up when there is no room for a session was not carried out")
    func noRoom() {
        var driver = ClientDriver()
        driver.call(1, .command([1]), timeout: .seconds(4))
        driver.call(2, .query([2]), timeout: .seconds(4))
        let opening = driver.wake().map(\.operation.header.id).first { $0.session == 0 }
        guard let opening else {
            Issue.record("no opening is sent")
            return
        }
        while driver.answers.count < 2 {
            driver.reply([LogAnswer(id: opening, reply: .refused)])
            _ = driver.wakeInTime()
        }
        for answer in driver.answers {
            switch (answer.number, answer.result) {
            case (1, .failure(.sessionRefused)), (2, .failure(.timedOut)): break
            default: Issue.record("\(answer)")
            }
        }
        // A refusal of long ago says nothing of why a call has no answer now.
        driver.call(3, .command([3]), timeout: .seconds(4))
        while driver.answers.count < 3 { _ = driver.wakeInTime() }
        guard case .failure(.timedOut) = driver.answers[2].result else {
            Issue.record("\(driver.answers[2])")
            return
        }
    }

    @Test("its session is of one birth; answers of a cluster begun anew end it")
    func births() {
        var driver = ClientDriver()
        #expect(driver.client.stamp.epoch == 0)
        driver.call(1, .command([1]))
        driver.open(7, birth: 40)
        _ = driver.wake()
        #expect(driver.client.stamp.epoch == 40)
        driver.call(2, .command([2]))
        driver.call(3, .query([3]))
        let query = driver.wake().map(\.operation.header.id).first { $0.owner == 0 }
        // A node that has no birth yet, or answers others, says nothing of it.
        driver.reply([driver.answer(7, 1, .done([1]))], birth: 0)
        driver.reply([LogSamples.answer(7, 2, .done([9]))], birth: 41)
        #expect(driver.answers == [done(1, [1])] && driver.client.stamp.epoch == 40)
        driver.reply([driver.answer(7, 2, .done([9]))], birth: 41)
        #expect(driver.answers.last?.result == .failure(.sessionExpired))
        #expect(driver.answers.count == 2 && driver.client.stamp.epoch == 0)
        driver.call(4, .command([4]))
        driver.open(7, birth: 41)
        #expect(driver.client.stamp.epoch == 41)
        // Not even a query is answered from another history than the session's.
        guard let query else {
            Issue.record("no query is sent")
            return
        }
        driver.reply([LogAnswer(id: query, reply: .done([8]))], birth: 42)
        #expect(driver.answers.count == 2 && driver.client.stamp.epoch == 0)
        driver.reply([LogAnswer(id: query, reply: .done([7]))], birth: 42)
        #expect(driver.answers.last == done(3, [7]))
    }

    @Test("has at most 1,024 commands of a session under way; the others wait for their turn")
    func outstanding() {
        let limit = UInt64(ServiceLimits.maximumOutstanding)
        var driver = ClientDriver()
        for number in 1...limit + 10 { driver.call(number, .command([])) }
        driver.open()
        #expect(driver.wake().map(\.operation.header.id.sequence) == Array(1...limit))
        // The window goes by the lowest that is unanswered, as the session's memory does.
        driver.reply([driver.answer(7, 2, .done([])), driver.answer(7, 5, .done([]))])
        #expect(driver.wake().isEmpty)
        driver.reply([driver.answer(7, 1, .done([]))])
        #expect(driver.client.wakeTime <= driver.now)
        let next = driver.wake().map(\.operation.header)
        #expect(next.map(\.id.sequence) == [limit + 1, limit + 2])
        #expect(next.allSatisfy { $0.answeredBelow == 3 })
    }

    @Test("a command or query over the limit is not sent")
    func tooLarge() {
        var driver = ClientDriver()
        let limit = ServiceLimits.maximumCommandSize
        driver.call(1, .command(LogSamples.bytes(limit + 1)))
        driver.call(2, .query(LogSamples.bytes(limit + 1)))
        #expect(
            driver.answers
                == [1, 2].map {
                    ClientAnswer(
                        number: $0, result: .failure(.tooLarge(size: limit + 1, limit: limit)))
                })
        #expect(driver.wake().isEmpty && driver.client.wakeTime == .never)
    }

    @Test("status is complete once all have reported, or when its time is up without the silent")
    func status() {
        var driver = ClientDriver()
        driver.call(1, .status(.omitted))
        let report = LogMessage.report(
            LogReport(
                isLeading: true, ballot: 4, leader: 1, chosen: 3, applied: 2, snapshot: 1,
                isVoting: true, digest: nil))
        for node in [1, 1, 0] as [NodeID] { driver.receive(report, from: node) }
        #expect(driver.answers.isEmpty)
        driver.receive(report, from: 2)
        driver.call(2, .status(.omitted))
        driver.receive(report, from: 1)
        while driver.answers.count < 2 { _ = driver.wakeInTime() }
        let present = driver.answers.map { answer in
            guard case .success(.status(let statuses)) = answer.result else { return [-1] }
            return statuses.filter { $0.report != nil }.map(\.node.index)
        }
        #expect(present == [[0, 1, 2], [1]] && driver.client.wakeTime == .never)
    }
}
