import ConsensusCore

@testable import PaxosNode

/// Messages and records for the tests of the codec: hand-picked, the largest, and random ones.
enum Samples {
    private static let claim = LeaderClaim(round: 3, leader: 4, incarnation: 0x0102_0304_0506_0708)
    private static let longValue = Value(repeating: 0xa5, count: maximumValueSize)

    private static var roster: Roster {
        var roster = Roster()
        roster.note(1, incarnation: 7)
        roster.note(3, incarnation: 9)
        roster.note(3, incarnation: 10)
        return roster
    }

    /// The simplest values of every case: empty, zero, absent.
    static let smallest: [Message] = [
        .token(Token(round: 0, candidate: 0, incarnation: 0)),
        .elected(Elected(claim: LeaderClaim(round: 0, leader: 0, incarnation: 0), lap: 0)),
        .receipt(Receipt(hop: HopName(round: 0, node: 0, lap: nil), following: nil)),
        .probe, .present(Present(isEnrolled: false, following: nil)),
        .heartbeat(Heartbeat(claim: claim, roster: Roster(), done: ClientSet())),
        .join(Join(attempt: 0)),
        .assign(
            Assign(
                claim: claim, proof: 0, role: nil, proposers: [], acceptors: [], learners: [],
                roster: Roster())),
        .confirm(
            Confirm(claim: claim, epoch: 0, roster: Roster(), done: ClientSet(), heard: [])),
        .refuse(Refuse(proof: 0)), .request(Request(client: 0, value: [], attempt: 0)), .pending,
        .prepare(Prepare(ballot: ballot(0, life: 0))),
        .promise(Promise(ballot: ballot(0, life: 0), accepted: nil)),
        .accept(Accept(proposal: proposal(0, []))),
        .accepted(Accepted(proposal: proposal(0, []))),
        .nack(Nack(ballot: ballot(0), promised: ballot(0))), .chosen(Chosen(value: [])),
        .done(Done(clients: ClientSet())), .doneReceipt, .shutdown, .shutdownReceipt,
    ]

    /// One ordinary message of every case, with optional fields present.
    static let ordinary: [Message] = [
        .token(Token(round: 1, candidate: 63, incarnation: 12)),
        .elected(Elected(claim: claim, lap: 2)),
        .receipt(Receipt(hop: HopName(round: 1, node: 2, lap: 9), following: claim)), .probe,
        .present(Present(isEnrolled: true, following: claim)),
        .heartbeat(Heartbeat(claim: claim, roster: roster, done: clients(0, 64))),
        .join(Join(attempt: 6)),
        .assign(
            Assign(
                claim: claim, proof: 5, role: .acceptor, proposers: [0], acceptors: [1, 2, 3],
                learners: [4], roster: roster)),
        .confirm(
            Confirm(
                claim: claim, epoch: 77, roster: roster, done: clients(2), heard: [0, 63])),
        .refuse(Refuse(proof: 6)),
        .request(Request(client: 70, value: Array("210".utf8), attempt: 3)), .pending,
        .prepare(Prepare(ballot: ballot(12, life: 34))),
        .promise(Promise(ballot: ballot(12), accepted: proposal(5, [1, 2]))),
        .accept(Accept(proposal: proposal(12, [7]))),
        .accepted(Accepted(proposal: proposal(12, [7]))),
        .nack(Nack(ballot: ballot(12), promised: ballot(15))), .chosen(Chosen(value: [2, 1, 0])),
        .done(Done(clients: clients(1, 3))), .doneReceipt, .shutdown, .shutdownReceipt,
    ]

    /// The most bytes that each case with fields can have.
    static let largest: [Message] = {
        let claim = LeaderClaim(round: .max, leader: 63, incarnation: .max)
        let ballot = Ballot(number: Ballot.ceiling, incarnation: .max)
        let proposal = Proposal(ballot: ballot, value: longValue)
        let all = NodeSet(0..<64)
        var roster = Roster()
        for node in all { roster.note(node, incarnation: .max) }
        var everyone = ClientSet()
        for position in 0..<ClientSet.maximumCount { everyone.insert(position) }
        return [
            .token(Token(round: .max, candidate: 63, incarnation: .max)),
            .elected(Elected(claim: claim, lap: .max)),
            .receipt(
                Receipt(hop: HopName(round: .max, node: 63, lap: .max), following: claim)),
            .probe, .present(Present(isEnrolled: true, following: claim)),
            .heartbeat(Heartbeat(claim: claim, roster: roster, done: everyone)),
            .join(Join(attempt: .max)),
            .assign(
                Assign(
                    claim: claim, proof: .max, role: .learner, proposers: all, acceptors: all,
                    learners: all, roster: roster)),
            .confirm(
                Confirm(claim: claim, epoch: .max, roster: roster, done: everyone, heard: all)),
            .refuse(Refuse(proof: .max)),
            .request(Request(client: NodeID(.max), value: longValue, attempt: .max)), .pending,
            .prepare(Prepare(ballot: ballot)),
            .promise(Promise(ballot: ballot, accepted: proposal)),
            .accept(Accept(proposal: proposal)), .accepted(Accepted(proposal: proposal)),
            .nack(Nack(ballot: ballot, promised: ballot)), .chosen(Chosen(value: longValue)),
            .done(Done(clients: everyone)), .doneReceipt, .shutdown, .shutdownReceipt,
        ]
    }()

    static let records: [NodeRecord] = [
        .incarnation(0), .incarnation(.max), .epoch(0), .epoch(77), .ballot(0), .ballot(.max),
        .promised(ballot(0, life: 0)), .promised(ballot(Ballot.ceiling, life: .max)),
        .accepted(proposal(0, [])), .accepted(proposal(3, longValue)), .done(0), .done(.max),
        .life(3, 5), .life(63, .max), .admitted,
    ]
}

func encoded(_ value: some WireCodable) -> [UInt8] {
    var writer = ByteWriter()
    value.encode(into: &writer)
    return writer.bytes
}

/// Reads a value that fills the bytes.
func decoded<Value: WireCodable>(
    _: Value.Type, _ bytes: [UInt8], count: Int? = nil
) throws(WireError) -> Value {
    var reader = bytes.span.extracting(first: count ?? bytes.count)
    let value = try Value(from: &reader)
    guard reader.isEmpty else { throw .trailingBytes }
    return value
}
