import ConsensusCore

/// What others say of how far slots are chosen and which ballots there are, and how much of it is believed.
///
/// A cluster moves on step by step. A position or a ballot far ahead of all that was heard before is believed
/// only if a majority of the nodes that have greeted this one says as much: a single datagram, be it forged
/// with a peer's address, must not send a node where it never finds back from. Whoever has been away for long
/// asks all (``Question``) and leaps then. Those that have been silent for long while they are asked do not
/// count: a majority that is healthy must get on without the rest. And whoever says the same for a while,
/// whenever it is asked with a fresh number, is believed alone: nobody else may be left who knows it.
struct Hearsay: Sendable {
    /// By node: the highest position and ballot number that it spoke of.
    private var claims: [(chosen: Slot, ballot: UInt64)]
    /// The highest position and ballot number that were believed.
    private(set) var chosen: Slot = 0
    private(set) var ballot: UInt64 = 0
    /// How far ahead a single word is believed.
    private let slotLeap: UInt64
    private let ballotLeap: UInt64
    /// By node: when it was last heard.
    private var heardTime: [Instant]
    /// By node: the least that it has answered to question after question, and from when to when.
    private var sworn: [(start: Instant, end: Instant, claim: Claim)]
    /// Since when, and until when, others have said what was not believed, without a long pause.
    private var doubtStart = Instant.never
    private var doubtEnd = Instant(nanoseconds: .min)

    init(nodeCount: Int, options: LogOptions) {
        claims = Array(repeating: (0, 0), count: nodeCount)
        heardTime = Array(repeating: Instant(nanoseconds: .min), count: nodeCount)
        sworn = Array(repeating: (.never, Instant(nanoseconds: .min), Claim()), count: nodeCount)
        slotLeap = options.slotLeap
        ballotLeap = options.ballotLeap
    }

    /// Takes note of what this node knows by itself.
    mutating func know(chosen: Slot, ballot: UInt64) {
        self.chosen = max(self.chosen, chosen)
        self.ballot = max(self.ballot, ballot)
    }

    /// Takes note of what another says; returns whether it may be acted on.
    ///
    /// - Parameter present: the other nodes that have greeted this one.
    mutating func believes(
        _ claim: Claim, from node: NodeID, present: NodeSet, at now: Instant
    ) -> Bool {
        heardTime[node.index] = now
        claims[node.index].chosen = max(claims[node.index].chosen, claim.chosen)
        claims[node.index].ballot = max(claims[node.index].ballot, claim.ballot)
        if claim.chosen <= chosen + slotLeap, claim.ballot <= ballot + ballotLeap {
            know(chosen: claim.chosen, ballot: claim.ballot)
            return true
        }
        if doubtEnd + LogTiming.questionLimit < now { doubtStart = now }
        doubtEnd = now
        let (position, number) = common(to: present.subtracting(absent(at: now)))
        guard claim.chosen <= max(chosen, position) + slotLeap,
            claim.ballot <= max(ballot, number) + ballotLeap
        else { return false }
        know(chosen: claim.chosen, ballot: claim.ballot)
        return true
    }

    /// Takes note of the answer to a question that had a fresh number.
    mutating func swear(_ claim: Claim, by node: NodeID, at now: Instant) {
        let known = sworn[node.index]
        guard known.end + LogTiming.questionLimit >= now, claim.chosen >= known.claim.chosen,
            claim.ballot >= known.claim.ballot
        else { return sworn[node.index] = (now, now, claim) }
        sworn[node.index].end = now
        guard known.start + LogTiming.insistence <= now else { return }
        know(chosen: known.claim.chosen, ballot: known.claim.ballot)
        sworn[node.index] = (now, now, claim)
    }

    /// Forgets what an earlier life of a node has said.
    mutating func forget(_ node: NodeID) {
        claims[node.index] = (0, 0)
        sworn[node.index] = (.never, Instant(nanoseconds: .min), Claim())
    }

    /// Those that are silent though all have been asked for long.
    private func absent(at now: Instant) -> NodeSet {
        guard doubtStart + LogTiming.absence <= now else { return [] }
        var absent = NodeSet()
        for index in heardTime.indices where heardTime[index] + LogTiming.absence <= now {
            absent.insert(NodeID(index: index))
        }
        return absent
    }

    /// The position and the ballot number that a majority of these nodes has spoken of, or gone beyond.
    private func common(to present: NodeSet) -> (Slot, UInt64) {
        guard !present.isEmpty else { return (0, 0) }
        let rank = present.count / 2
        return (
            present.map { claims[$0.index].chosen }.sorted(by: >)[rank],
            present.map { claims[$0.index].ballot }.sorted(by: >)[rank]
        )
    }

    /// What a message says of positions and ballots; 0 of what it does not speak of.
    struct Claim {
        var chosen: Slot = 0
        var ballot: UInt64 = 0
    }
}

extension LogMessage {
    /// What the message says of how far slots are chosen, and of ballots.
    var claim: Hearsay.Claim {
        switch self {
        case .willing(let willing): Hearsay.Claim(ballot: willing.promised?.number ?? 0)
        case .heartbeat(let heartbeat):
            Hearsay.Claim(
                chosen: max(heartbeat.chosen, heartbeat.claim.applied),
                ballot: heartbeat.ballot.number)
        case .pulse(let pulse):
            Hearsay.Claim(
                chosen: max(pulse.snapshot, pulse.claim.applied), ballot: pulse.ballot.number)
        case .prepare(let prepare): Hearsay.Claim(ballot: prepare.ballot.number)
        case .promise(let promise):
            Hearsay.Claim(chosen: promise.truncated, ballot: promise.ballot.number)
        case .accept(let accept):
            Hearsay.Claim(chosen: accept.chosen, ballot: accept.ballot.number)
        case .accepted(let accepted): Hearsay.Claim(ballot: accepted.ballot.number)
        case .nack(let nack): Hearsay.Claim(ballot: nack.promised.number)
        case .chosen(let chosen): Hearsay.Claim(chosen: chosen.chosen)
        case .snapshotPart(let part): Hearsay.Claim(chosen: part.slot)
        case .testimony(let testimony):
            Hearsay.Claim(chosen: testimony.chosen, ballot: testimony.ballot?.number ?? 0)
        case .hello, .welcome, .founding, .born, .canvass, .fetch, .votes, .question, .request,
            .reply, .read, .inquiry, .report:
            Hearsay.Claim()
        }
    }
}
