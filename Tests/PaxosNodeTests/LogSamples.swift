import ConsensusCore

@testable import PaxosNode

extension CommandID {
    /// A command of a session whose owner is of no interest.
    init(session: UInt64, sequence: UInt64) {
        self.init(session: session, owner: LogSamples.owner, sequence: sequence)
    }
}

/// Messages and records of the log for the tests of its codec: hand-picked and the largest.
enum LogSamples {
    static let messageTags = 1...24
    static let recordTags = 1...18
    static let owner: UInt64 = 0x0a57_b0d3

    static func bytes(_ count: Int) -> [UInt8] { Array(repeating: 0xa5, count: count) }

    static func operation(
        _ kind: LogOperation.Kind, session: UInt64 = 1, sequence: UInt64 = 1, _ body: [UInt8]
    ) -> LogOperation {
        LogOperation(
            header: CommandHeader(
                id: CommandID(session: session, sequence: sequence), answeredBelow: 1),
            kind: kind, body: body)
    }

    static func entry(_ slot: Slot, at ballot: Ballot, _ value: [UInt8]) -> AcceptedEntry {
        AcceptedEntry(slot: slot, acceptance: Acceptance(ballot: ballot, value: value))
    }

    static func answer(_ session: UInt64, _ sequence: UInt64, _ reply: Reply) -> LogAnswer {
        LogAnswer(id: CommandID(session: session, sequence: sequence), reply: reply)
    }

    /// The simplest values of every case: empty, lowest, absent.
    static let smallest: [LogMessage] = {
        let ballot = Ballot(number: 0, incarnation: 0)
        return [
            .hello(Hello(proof: 0)), .welcome(Welcome(proof: 0, remembered: 0)),
            .canvass(Canvass(attempt: 0, insists: false)),
            .willing(Willing(attempt: 0, promised: nil)),
            .heartbeat(LogHeartbeat(ballot: ballot, round: 0, chosen: 0, truncatable: 0)),
            .pulse(Pulse(ballot: ballot, round: 0, isVoting: false, snapshot: 0)),
            .prepare(LogPrepare(ballot: ballot, from: 1)),
            .promise(LogPromise(ballot: ballot, from: 1, truncated: 0, entries: [], next: nil)),
            .accept(LogAccept(ballot: ballot, first: 1, values: [], chosen: 0)),
            .accepted(LogAccepted(ballot: ballot, slots: [])),
            .nack(Nack(ballot: ballot, promised: ballot)),
            .fetch(Fetch(from: 1, snapshot: 0, offset: 0)),
            .chosen(ChosenValues(first: 1, values: [], chosen: 0)),
            .votes(Votes(first: 1, entries: [])),
            .snapshotPart(SnapshotPart(slot: 1, size: 0, offset: 0, bytes: [])),
            .request(LogRequest(operations: [])), .reply(LogReply(leader: nil, answers: [])),
            .read(ReadAt(slot: 0, operations: [])), .inquiry(Inquiry(wantsDigest: false)),
            .report(
                LogReport(
                    isLeading: false, ballot: nil, leader: nil, chosen: 0, applied: nil,
                    snapshot: 0, isVoting: nil, digest: nil)),
            .founding(.prepare(Prepare(ballot: ballot))),
            .born(Birth(identifier: 1, founders: [0], lives: [1])),
            .question(Question(number: 0, claim: .none)),
            .testimony(
                Testimony(number: 0, isVoting: false, chosen: 0, ballot: nil, chain: nil)),
        ]
    }()

    /// One ordinary message of every case, with optional fields present.
    static let ordinary: [LogMessage] = {
        let number = ballot(12, life: 34)
        let replies: [Reply] = [
            .done([]), .done([1, 2]), .opened(session: 9), .expired, .superseded, .crowded,
            .refused,
        ]
        return [
            .hello(Hello(proof: 5)), .welcome(Welcome(proof: 5, remembered: 6)),
            .canvass(Canvass(attempt: 7, insists: true)),
            .willing(Willing(attempt: 7, promised: number)),
            .heartbeat(LogHeartbeat(ballot: number, round: 8, chosen: 20, truncatable: 10)),
            .pulse(Pulse(ballot: number, round: 8, isVoting: true, snapshot: 15)),
            .prepare(LogPrepare(ballot: number, from: 21)),
            .promise(
                LogPromise(
                    ballot: number, from: 21, truncated: 20,
                    entries: [entry(22, at: ballot(3), [1]), entry(25, at: ballot(4), [])],
                    next: 26)),
            .accept(LogAccept(ballot: number, first: 22, values: [[1], [], [2, 3]], chosen: 21)),
            .accepted(
                LogAccepted(
                    ballot: number,
                    slots: [SlotRange(first: 22, last: 24), SlotRange(first: 30, last: 30)])),
            .nack(Nack(ballot: number, promised: ballot(15))),
            .fetch(Fetch(from: 21, snapshot: 40, offset: 48_000)),
            .chosen(ChosenValues(first: 21, values: [[4], []], chosen: 25)),
            .votes(Votes(first: 1, entries: [entry(22, at: ballot(3), [1])])),
            .snapshotPart(SnapshotPart(slot: 40, size: 7, offset: 4, bytes: [1, 2, 3])),
            .request(LogRequest(operations: [operation(.command, [1]), operation(.query, [])])),
            .reply(LogReply(leader: 63, answers: replies.map { answer(1, 2, $0) })),
            .read(ReadAt(slot: 22, operations: [operation(.query, [9])])),
            .inquiry(Inquiry(wantsDigest: true)),
            .report(
                LogReport(
                    isLeading: true, ballot: 12, leader: 0, chosen: 25, applied: 24,
                    snapshot: 20, isVoting: false, digest: 0xdead_beef, birth: 9, disputed: 3)),
            .founding(.promise(Promise(ballot: number, accepted: proposal(3, [1])))),
            .born(Birth(identifier: 7, founders: [0, 2], lives: [3, 4])),
            .question(Question(number: 5, claim: StateClaim(applied: 6, chain: 7))),
            .testimony(
                Testimony(number: 5, isVoting: true, chosen: 25, ballot: number, chain: 8)),
        ]
    }()

    /// The most bytes that each case has when it comes from a node or client that keeps its limits.
    static let largest: [LogMessage] = {
        let ballot = Ballot(number: Ballot.ceiling, incarnation: .max)
        let last = Slot.maximum
        let claim = StateClaim(applied: last, chain: .max)
        let everybody = NodeSet(0..<64)
        let birth = Birth(
            identifier: .max, founders: everybody, lives: Array(repeating: .max, count: 64))
        // A page of one batch of the greatest size has room for another, smaller one.
        let values = [bytes(CommandBatch.maximumSize), bytes(7_992)]
        let entries = [
            entry(last - 1, at: ballot, bytes(CommandBatch.maximumSize)),
            entry(last, at: ballot, bytes(7_936)),
        ]
        let command = bytes(ServiceLimits.maximumCommandSize)
        let operations = [
            operation(.command, session: .max, sequence: .max, command),
            operation(.query, session: .max, sequence: .max, bytes(15_174)),
        ]
        let answers = [
            answer(.max, .max, .done(bytes(ServiceLimits.maximumReplySize))),
            answer(.max, .max, .done(bytes(15_184))),
        ]
        let ranges = Array(repeating: SlotRange(first: last, last: last), count: 64)
        return [
            .hello(Hello(proof: .max, number: .max)),
            .welcome(
                Welcome(
                    proof: .max, remembered: .max, written: last, isVoting: true, number: .max)),
            .canvass(Canvass(attempt: .max, insists: true)),
            .willing(Willing(attempt: .max, promised: ballot)),
            .heartbeat(
                LogHeartbeat(
                    ballot: ballot, round: last, chosen: last, truncatable: last, claim: claim,
                    written: Array(repeating: last, count: 64))),
            .pulse(
                Pulse(
                    ballot: ballot, round: last, isVoting: true, snapshot: last, written: last,
                    claim: claim)),
            .prepare(LogPrepare(ballot: ballot, from: last)),
            .promise(
                LogPromise(
                    ballot: ballot, from: last, truncated: last, entries: entries, next: last)),
            .accept(LogAccept(ballot: ballot, first: last - 2, values: values, chosen: last)),
            .accepted(LogAccepted(ballot: ballot, slots: ranges)),
            .nack(Nack(ballot: ballot, promised: ballot)),
            .fetch(Fetch(from: last, snapshot: last, offset: .max)),
            .chosen(ChosenValues(first: last - 2, values: values, chosen: last)),
            .votes(Votes(first: 1, entries: entries)),
            .snapshotPart(
                SnapshotPart(
                    slot: last, size: .max, offset: .max, bytes: bytes(LogMessage.pageSize))),
            .request(LogRequest(operations: operations)),
            .reply(LogReply(leader: 63, answers: answers)),
            .read(ReadAt(slot: last, operations: operations)),
            .inquiry(Inquiry(wantsDigest: true)),
            .report(
                LogReport(
                    isLeading: true, ballot: last, leader: 63, chosen: last, applied: last,
                    snapshot: last, isVoting: true, digest: .max, birth: .max, disputed: last)),
            .founding(
                .accept(Accept(proposal: Proposal(ballot: ballot, value: birth.value)))),
            .born(birth),
            .question(Question(number: .max, claim: claim)),
            .testimony(
                Testimony(
                    number: .max, isVoting: true, chosen: last, ballot: ballot, chain: .max)),
        ]
    }()

    static let records: [LogRecord] = [
        .incarnation(1), .incarnation(.max), .life(0, 1), .life(63, .max), .admitted, .ballot(0),
        .ballot(Ballot.ceiling), .promised(ballot(0, life: 0)),
        .promised(ballot(Ballot.ceiling, life: .max)),
        .accepted(entry(1, at: ballot(0), [])),
        .accepted(entry(.maximum, at: ballot(Ballot.ceiling), bytes(CommandBatch.maximumSize))),
        .truncated(0), .truncated(.maximum), .learned(1, []),
        .learned(.maximum, bytes(CommandBatch.maximumSize)), .chosen(0), .chosen(.maximum),
        .snapshot(1, []), .snapshot(.maximum, chain: .max, bytes(100_000)), .refused,
        .witnessed(63, .maximum), .written(0), .written(.maximum),
        .unnumbered,
        .born(Birth(identifier: 7, founders: [0, 2], lives: [3, 4]), 2, service: [0x6b, 0x76]),
        .foundingBallot(3), .foundingPromised(ballot(5)), .foundingAccepted(proposal(5, [1])),
    ]
}
