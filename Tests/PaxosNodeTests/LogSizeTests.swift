import ConsensusCore
import Testing

@testable import PaxosNode

/// Whoever sends lists of what others have written must see to it that they fit.
@Suite("Datagrams of the log fit")
struct LogSizeTests {
    /// The hardest to pack: many of nothing, the largest one after another, and mixtures.
    private static func values(_ kind: Int) -> [[UInt8]] {
        var random = RandomSource(seed: UInt64(kind))
        let largest = LogSamples.bytes(CommandBatch.maximumSize)
        switch kind {
        case 0: return Array(repeating: [], count: 9_000)
        case 1: return Array(repeating: largest, count: 12)
        case 2: return Array(repeating: [1], count: 9_000)
        default:
            return (0..<60).map { _ in
                LogSamples.bytes(random.number(in: 0...CommandBatch.maximumSize))
            }
        }
    }

    private func fits(_ message: LogMessage) -> Bool {
        message.datagramSize <= DatagramFormat.maximumSize
            && (try? decoded(LogMessage.self, encoded(message))) == message
    }

    @Test("an acceptor's pages, and together they hold all it has accepted", arguments: 0..<4)
    func acceptorPages(kind: Int) {
        var acceptor = SlotAcceptor()
        let values = Self.values(kind)
        for (index, value) in values.enumerated() {
            _ = acceptor.accept(value, at: ballot(1), in: UInt64(index) + 1)
        }
        var reported: [AcceptedEntry] = []
        var from: Slot? = 1
        while let slot = from {
            let (entries, next) = acceptor.page(from: slot, within: LogSizes())
            let promise = LogPromise(
                ballot: ballot(2), from: slot, truncated: 0, entries: entries, next: next)
            #expect(fits(.promise(promise)) && fits(.votes(Votes(first: 1, entries: entries))))
            #expect(!entries.isEmpty && next ?? .max > slot)
            reported += entries
            from = next
        }
        #expect(reported.map(\.acceptance.value) == values)
    }

    @Test("a learner's help, by slots", arguments: 0..<4)
    func chosenValues(kind: Int) {
        var learner = SlotLearner(state: Recorder())
        let values = Self.values(kind)
        for (index, value) in values.enumerated() {
            let isNew = learner.learn(value, in: UInt64(index) + 1)
            #expect(isNew)
        }
        while learner.next != nil { learner.applyNext { _, _ in } }
        var slot: Slot = 1
        var served: [[UInt8]] = []
        while slot <= learner.applied {
            var lanes = LogNode.Lanes()
            CatchUp(LogSizes()).serve(
                Fetch(from: slot, snapshot: 0, offset: 0), from: learner, to: 9, into: &lanes)
            #expect(!lanes.envelopes.isEmpty && lanes.envelopes.count <= LogSizes().burst)
            for envelope in lanes.envelopes {
                #expect(fits(envelope.message))
                guard case .chosen(let chosen) = envelope.message else { continue }
                #expect(chosen.first == slot)
                served += chosen.values
                slot += UInt64(chosen.values.count)
            }
        }
        #expect(served == values)
    }

    @Test("a learner's help, by snapshot")
    func snapshotParts() {
        var learner = SlotLearner(state: Recorder())
        var batch = CommandBatch()
        batch.append(
            CommandHeader(id: CommandID(session: 1, sequence: 1), answeredBelow: 1),
            LogSamples.bytes(ServiceLimits.maximumCommandSize))
        let value = batch.take()
        for slot in 1...12 as ClosedRange<Slot> { _ = learner.learn(value, in: slot) }
        while learner.next != nil { learner.applyNext { _, _ in } }
        learner.takeSnapshot(keeping: 0)
        var catchUp = CatchUp(LogSizes())
        var isComplete = false
        var rounds = 0
        while !isComplete, rounds < 20 {
            rounds += 1
            var lanes = LogNode.Lanes()
            catchUp.serve(catchUp.fetch(from: 1), from: learner, to: 9, into: &lanes)
            for envelope in lanes.envelopes {
                #expect(fits(envelope.message))
                guard case .snapshotPart(let part) = envelope.message else { continue }
                if let assembly = catchUp.take(part, from: 1), assembly.isComplete {
                    isComplete = true
                    #expect(assembly.bytes == learner.snapshot)
                }
            }
        }
        // 12 commands of 32 KiB in pieces of 48,000 bytes, four a round.
        #expect(isComplete && rounds == 3)
    }

    @Test("a leader's accepts, sent and sent again", arguments: 0..<4)
    func accepts(kind: Int) {
        var driver = LogDriver(0, of: LogCluster(replicas: 3))
        driver.meetAll()
        driver.lead()
        let values = Array(Self.values(kind).prefix(200))
        for value in values { driver.node.tenure?.propose(value) }
        var sent: [[UInt8]] = []
        for envelope in driver.wake().sent("accept") {
            #expect(fits(envelope.message))
            if case .accept(let accept) = envelope.message { sent += accept.values }
        }
        #expect(sent == values)
        var repeats = 0
        for _ in 0..<10 {
            for envelope in driver.wakeInTime().sent("accept") {
                #expect(fits(envelope.message))
                repeats += 1
            }
        }
        #expect(repeats > 0)
    }

    @Test("an acceptor's votes, however they are scattered")
    func votes() {
        var driver = LogDriver(0, of: LogCluster(replicas: 3))
        driver.meetAll()
        var voted: Set<Slot> = []
        func note(_ effects: LogNode.Lanes) {
            for envelope in effects.sent("accepted") {
                #expect(fits(envelope.message))
                guard case .accepted(let accepted) = envelope.message else { continue }
                for range in accepted.slots { voted.formUnion(range.first...range.last) }
            }
        }
        let slots = stride(from: 1, to: 1_000, by: 2).map { UInt64($0) }
        for slot in slots {
            note(
                driver.receive(
                    .accept(LogAccept(ballot: ballot(1), first: slot, values: [[]], chosen: 0)),
                    from: 1))
        }
        note(driver.wake())
        #expect(voted == Set(slots))
    }

    @Test("a client's requests", arguments: [0, 1, 1_000, ServiceLimits.maximumCommandSize])
    func requests(size: Int) {
        var client = LogClient(cluster: LogCluster(replicas: 3), seed: 1)
        var lanes = LogClient.Lanes()
        let count = size > 1_000 ? 40 : 6_000
        for number in 0..<count {
            client.handle(
                .call(
                    ClientCall(
                        number: UInt64(number), operation: .query(LogSamples.bytes(size)),
                        timeout: .seconds(9))),
                at: milliseconds(1), into: &lanes)
        }
        client.wake(at: milliseconds(1), into: &lanes)
        var asked = 0
        for envelope in lanes.sent("request") {
            #expect(fits(envelope.message))
            if case .request(let request) = envelope.message { asked += request.operations.count }
        }
        #expect(asked == count)
    }

    @Test(
        "answers to a client",
        arguments: [
            .opened(session: 1), .expired, .done([]), .done([1]), .done(LogSamples.bytes(24_000)),
            .done(LogSamples.bytes(ServiceLimits.maximumReplySize)),
        ] as [Reply])
    func answers(reply: Reply) {
        var desk = ClientDesk(LogSizes(), nodes: [0, 1, 2], form: .roles)
        var lanes = LogNode.Lanes()
        for sequence in 1...6_000 as ClosedRange<UInt64> {
            desk.admit(
                LogSamples.operation(.command, sequence: sequence, []), from: 9,
                at: milliseconds(1))
            // The larger ones take long to copy.
            if case .done(let bytes) = reply, bytes.count > 1, sequence > 60 { continue }
            desk.answer(CommandID(session: 1, sequence: sequence), reply, keepsAll: false)
        }
        desk.sendAnswers(leader: 63, into: &lanes)
        #expect(!lanes.envelopes.isEmpty)
        for envelope in lanes.envelopes { #expect(fits(envelope.message)) }
    }

    @Test("queries for a learner", arguments: [0, 1, 1_000, ServiceLimits.maximumCommandSize])
    func reads(size: Int) {
        var desk = ClientDesk(LogSizes(), nodes: [0, 1, 2], form: .roles)
        let count = size > 1_000 ? 40 : 6_000
        for sequence in 1...UInt64(count) {
            desk.admit(
                LogSamples.operation(.query, sequence: sequence, LogSamples.bytes(size)), from: 1,
                at: milliseconds(1))
        }
        desk.ask(inRound: 1, slot: 7)
        var passed = 0
        desk.passQueries(confirmed: 1) { slot, operations in
            #expect(fits(.read(ReadAt(slot: slot, operations: operations))))
            passed += operations.count
        }
        #expect(passed == count)
    }

    @Test("a batch of the largest commands is within its limit, and holds them all")
    func batches() {
        var desk = ClientDesk(LogSizes(), nodes: [0, 1, 2], form: .roles)
        let sizes = [ServiceLimits.maximumCommandSize, 7_000, 200, 0, 20_000, 32_768, 32_768]
        for (index, size) in sizes.enumerated() {
            desk.admit(
                LogSamples.operation(
                    .command, sequence: UInt64(index) + 1, LogSamples.bytes(size)), from: 9,
                at: milliseconds(1))
        }
        var found: [Int] = []
        while let batch = desk.takeBatch() {
            #expect(batch.count <= CommandBatch.maximumSize)
            CommandBatch.forEach(in: batch) { _, command in found.append(command.count) }
        }
        #expect(found == sizes)
    }
}
