import ConsensusCore

@testable import PaxosNode

/// Where the fields of random messages and records of the log come from.
///
/// By default from their whole ranges; a test that wants to get past a node's guards gives the
/// numbers that mean something to it.
struct LogSource {
    var random: RandomSource
    /// Slots that are drawn more often than others; each at most ``Slot/maximum``.
    var slots: [Slot] = []
    var ballots: [Ballot] = []
    /// Incarnations, attempts, rounds and sessions.
    var numbers: [UInt64] = []
    var snapshots: [[UInt8]] = []

    init(seed: UInt64) {
        random = RandomSource(seed: seed)
    }

    private mutating func one<Element>(of elements: [Element]) -> Element? {
        guard !elements.isEmpty, random.below(8) != 0 else { return nil }
        return elements[Int(random.below(UInt64(elements.count)))]
    }

    mutating func flag() -> Bool { random.below(2) == 0 }

    mutating func number() -> UInt64 {
        one(of: numbers) ?? random.next() >> random.below(64)
    }

    /// What is counted up.
    mutating func counter() -> UInt64 { min(number(), Ballot.ceiling) }

    /// How far something reaches.
    mutating func reach() -> Slot {
        one(of: slots) ?? min(random.next() >> random.below(64), .maximum)
    }

    mutating func slot() -> Slot { max(reach(), 1) }

    mutating func ballot() -> Ballot {
        one(of: ballots)
            ?? Ballot(
                number: min(random.next() >> random.below(64), Ballot.ceiling),
                incarnation: random.next())
    }

    mutating func bytes(upTo limit: Int = 24) -> [UInt8] {
        let length = random.number(in: 0...limit)
        return (0..<length).map { _ in UInt8(random.below(256)) }
    }

    /// A batch of commands, or bytes that are none.
    mutating func value() -> [UInt8] {
        guard random.below(4) != 0 else { return bytes(upTo: 60) }
        var batch = CommandBatch()
        for _ in 0..<random.below(3) { batch.append(header(), bytes()) }
        return batch.take()
    }

    mutating func list<Element>(
        upTo limit: Int = 5, _ element: (inout LogSource) -> Element
    ) -> [Element] {
        let count = random.number(in: 0...limit)
        return (0..<count).map { _ in element(&self) }
    }

    private mutating func header() -> CommandHeader {
        CommandHeader(
            id: CommandID(session: number(), owner: number(), sequence: number()),
            answeredBelow: number())
    }

    private mutating func operation() -> LogOperation {
        LogOperation(header: header(), kind: flag() ? .command : .query, body: bytes())
    }

    mutating func entry() -> AcceptedEntry {
        AcceptedEntry(slot: slot(), acceptance: Acceptance(ballot: ballot(), value: value()))
    }

    private mutating func range() -> SlotRange {
        let (one, other) = (slot(), slot())
        return SlotRange(
            first: min(one, other), last: min(min(one, other) + random.below(3_000), .maximum))
    }

    private mutating func answer() -> LogAnswer {
        let replies: [Reply] = [
            .done(bytes()), .done([]), .opened(session: number()), .expired, .superseded, .crowded,
            .refused,
        ]
        let reply = replies[Int(random.below(7))]
        return LogAnswer(id: header().id, reply: reply)
    }

    private mutating func part() -> SnapshotPart {
        let snapshot = one(of: snapshots) ?? bytes()
        let offset = flag() ? 0 : random.number(in: 0...snapshot.count)
        let end = min(snapshot.count, offset + random.number(in: 0...LogMessage.pageSize))
        let size = random.below(10) == 0 ? UInt32(random.below(1 << 32)) : UInt32(snapshot.count)
        return SnapshotPart(
            slot: slot(), chain: number(), size: size, offset: UInt32(offset),
            bytes: Array(snapshot[offset..<end]))
    }

    /// A random message of the case with a tag of ``LogSamples/messageTags``.
    mutating func message(tag: Int) -> LogMessage {
        switch tag {
        case 1: .hello(Hello(proof: number(), number: number()))
        case 2:
            .welcome(
                Welcome(
                    proof: number(), remembered: number(), written: counter(), isVoting: flag(),
                    number: number()))
        case 3: .canvass(Canvass(attempt: number(), insists: flag()))
        case 4: .willing(Willing(attempt: number(), promised: flag() ? ballot() : nil))
        case 5: .heartbeat(heartbeat())
        case 6:
            .pulse(
                Pulse(
                    ballot: ballot(), round: counter(), isVoting: flag(), snapshot: reach(),
                    written: counter(), claim: claim()))
        case 7: .prepare(LogPrepare(ballot: ballot(), from: slot()))
        case 8:
            .promise(
                LogPromise(
                    ballot: ballot(), from: slot(), truncated: reach(),
                    entries: list { $0.entry() }, next: flag() ? slot() : nil,
                    written: counter()))
        case 9: .accept(accept())
        case 10:
            .accepted(
                LogAccepted(ballot: ballot(), slots: list { $0.range() }, written: counter()))
        case 11: .nack(Nack(ballot: ballot(), promised: ballot()))
        case 12: .fetch(Fetch(from: slot(), snapshot: reach(), offset: UInt32(random.below(99))))
        case 13:
            .chosen(
                ChosenValues(
                    first: min(slot(), .maximum - 5), values: list { $0.value() },
                    chosen: reach()))
        case 14: .votes(Votes(first: 1, entries: list { $0.entry() }))
        case 15: .snapshotPart(part())
        case 16: .request(LogRequest(operations: list { $0.operation() }))
        case 17:
            .reply(
                LogReply(
                    leader: flag() ? NodeID(UInt32(random.below(64))) : nil,
                    answers: list { $0.answer() }))
        case 18: .read(ReadAt(slot: reach(), operations: list { $0.operation() }))
        case 19: .inquiry(Inquiry(wantsDigest: flag()))
        case 21: .founding(founding())
        case 22: .born(birth())
        case 23: .question(Question(number: number(), claim: claim()))
        case 24:
            .testimony(
                Testimony(
                    number: number(), isVoting: flag(), chosen: reach(),
                    ballot: flag() ? ballot() : nil, chain: flag() ? number() : nil))
        default:
            .report(
                LogReport(
                    isLeading: flag(), ballot: flag() ? counter() : nil,
                    leader: flag() ? NodeID(UInt32(random.below(64))) : nil, chosen: reach(),
                    applied: flag() ? reach() : nil, snapshot: reach(),
                    isVoting: flag() ? flag() : nil,
                    digest: flag() ? number() : nil, birth: number(),
                    disputed: flag() ? reach() : nil))
        }
    }

    private mutating func claim() -> StateClaim {
        StateClaim(applied: reach(), chain: number())
    }

    private mutating func heartbeat() -> LogHeartbeat {
        let (one, other) = (reach(), reach())
        return LogHeartbeat(
            ballot: ballot(), round: counter(), chosen: max(one, other),
            truncatable: min(one, other), claim: claim(), written: list { $0.counter() })
    }

    private mutating func accept() -> LogAccept {
        let first = min(slot(), .maximum - 5)
        let chosen = max(reach(), first - min(first, LogMessage.maximumWindow))
        return LogAccept(
            ballot: ballot(), first: first, values: list { $0.value() }, chosen: chosen)
    }

    mutating func birth() -> Birth {
        let founders = NodeSet(bits: max(random.next() & random.next(), 1))
        return Birth(
            identifier: max(number(), 1), founders: founders,
            lives: founders.map { _ in max(number(), 1) })
    }

    private mutating func founding() -> FoundingMessage {
        let proposal = Proposal(ballot: ballot(), value: flag() ? birth().value : bytes())
        return switch random.below(5) {
        case 0: .prepare(Prepare(ballot: ballot()))
        case 1: .promise(Promise(ballot: ballot(), accepted: flag() ? proposal : nil))
        case 2: .accept(Accept(proposal: proposal))
        case 3: .accepted(Accepted(proposal: proposal))
        default: .nack(Nack(ballot: ballot(), promised: ballot()))
        }
    }

    /// A random record of the case with a tag of ``LogSamples/recordTags``.
    mutating func record(tag: Int) -> LogRecord {
        switch tag {
        case 1: .incarnation(max(number(), 1))
        case 2: .life(NodeID(UInt32(random.below(64))), number())
        case 3: .admitted
        case 4: .ballot(counter())
        case 5: .promised(ballot())
        case 6: .accepted(entry())
        case 7: .truncated(reach())
        case 8: .learned(slot(), value())
        case 9: .chosen(reach())
        case 11: .refused
        case 12: .witnessed(NodeID(UInt32(random.below(64))), counter())
        case 13: .written(counter())
        case 14: .born(birth(), NodeID(UInt32(random.below(64))), service: bytes())
        case 15: .foundingBallot(counter())
        case 16: .foundingPromised(ballot())
        case 17: .foundingAccepted(Proposal(ballot: ballot(), value: bytes()))
        case 18: .unnumbered
        default: .snapshot(slot(), chain: number(), one(of: snapshots) ?? bytes())
        }
    }
}
