import ConsensusCore
import PaxosNode
import Simulation

/// Judges a run of the log from what was sent, recorded and reported, never by asking a node.
///
/// - agreement: in each slot one value is chosen, that is, recorded by a majority of acceptors at one
///   ballot; whatever a learner applies there is that value (quorum).
/// - validity: what is chosen are commands that clients sent, as they sent them.
/// - one value a ballot, in each slot; one life a ballot.
/// - promises: what an acceptor records never goes down, nor does a checkpoint forget any of it.
/// - durability: a promise or a vote that is sent is on disk.
/// - amnesia: an acceptor that lost its disk neither promises nor votes again.
/// - order: every life of a learner applies slot after slot.
/// - equal states: snapshots at one slot are equal, and what the chosen commands make of the service.
/// - sessions: nobody but its client speaks for one.
/// - linearizability: one order explains all that clients were answered; it takes care of exactly once
///   too, since what clients write is written by nobody else.
struct LogOracle: Oracle {
    typealias Subject = LogHost

    let cluster: LogCluster
    private let hostCount: Int
    var violation: Violation?
    private(set) var tally = LogTally()
    var isUndecided: Bool { tally.isUndecided }

    var ledger: SlotLedger
    var reference: ReferenceReplica
    var history = ServiceHistory()
    var disks: [DiskWitness]
    /// By node: how far it has applied.
    var applied: [Slot]
    /// By node: whether its first slot after a restart is still to come.
    var isRecovering: [Bool]
    /// By acceptor: the birth of a vote that it lost with its disk, or with a part of it.
    var lostVotes: [UInt64]
    /// The births of clusters that were begun anew since: what their nodes still do is of no consequence.
    var formerBirths: [UInt64] = []
    /// By node and life: the other of two processes with one ID.
    var standingStill: [NodeID: [Int: StandingProcess]] = [:]
    private let state: any ReplicatedState
    /// By host: how many times it has come back.
    var lives: [Int]
    /// The ballots prepared, and in which life of their proposer.
    private var prepared = BallotLives()
    /// The commands that clients sent.
    private var requests: [CommandID: [UInt8]] = [:]
    /// The clients whose last operations were answered.
    private var concluded: NodeSet = []

    /// - Parameter state: the service before any command.
    init(shape: [Int], state: any ReplicatedState) {
        cluster = LogCluster(shape: shape)
        self.state = state
        hostCount = max(shape.reduce(0, +), cluster.nodeCount)
        ledger = SlotLedger(majority: cluster.majority)
        reference = ReferenceReplica(state)
        disks = Array(repeating: DiskWitness(), count: cluster.nodeCount)
        applied = Array(repeating: 0, count: cluster.nodeCount)
        isRecovering = Array(repeating: false, count: cluster.nodeCount)
        lives = Array(repeating: 0, count: hostCount)
        lostVotes = Array(repeating: 0, count: cluster.nodeCount)
    }

    /// Whoever overhears a client's commands can repeat them, and nobody can tell; a guest that only knows
    /// the hosts file cannot speak for it.
    func mayForge(_ message: LogMessage, to node: NodeID) -> Bool {
        guard case .request(let request) = message else { return true }
        return request.operations.allSatisfy { operation in
            guard operation.kind == .command else { return true }
            let id = operation.header.id
            if let sent = requests[id] { return sent == operation.body }
            return !requests.keys.contains { $0.owner == id.owner }
        }
    }

    mutating func didForge(
        _ message: LogMessage, from origin: Origin, on node: NodeID, at time: Instant
    ) {
        guard case .request(let request) = message else { return }
        for operation in request.operations where operation.kind == .command {
            requests[operation.header.id] = operation.body
        }
    }

    /// The healthy clients have their last answers, and the healthy learners everything chosen.
    func isDone(among healthy: NodeSet) -> Bool {
        guard healthy.subtracting(cluster.nodes).subtracting(concluded).isEmpty else {
            return false
        }
        for learner in healthy.intersection(cluster.learners)
        where applied[learner.index] != ledger.prefix && !isFormer(learner) { return false }
        return true
    }

    mutating func conclude() {
        tally.slots = Int(ledger.prefix)
        switch history.verdict() {
        case .linearizable: return
        case .notLinearizable(let explanation): violate("linearizability", explanation)
        case .unknown: tally.isUndecided = true
        }
    }

    /// Forgets all that was chosen and answered; see ``didBeginAnew(wiped:kept:at:)``.
    mutating func beginHistory(at time: Instant) {
        ledger = SlotLedger(majority: cluster.majority)
        reference = ReferenceReplica(state)
        history.beginAnew(at: time)
        applied = Array(repeating: 0, count: cluster.nodeCount)
        isRecovering = Array(repeating: true, count: cluster.nodeCount)
    }

    private mutating func violate(_ property: String, _ explanation: String) {
        violation = violation ?? Violation(property: property, explanation: explanation)
    }

    // MARK: - What hosts record

    mutating func didRecord(_ record: LogRecord, on node: NodeID, at time: Instant) {
        do throws(Violation) {
            try disks[node.index].append(record, of: node)
            if isFormer(node) { return }
            switch record {
            case .accepted(let entry):
                if let value = try ledger.count(entry, from: node) {
                    checkSent(value, in: entry.slot)
                }
            case .snapshot(let slot, let chain, let bytes):
                try reference.check(bytes, chain, at: slot, of: node, ledger)
            case .truncated(let slot): checkTruncation(slot, of: node)
            default: return
            }
        } catch {
            violation = violation ?? error
        }
    }

    mutating func didCheckpoint(_ records: [LogRecord], on node: NodeID, at time: Instant) {
        do throws(Violation) {
            let disk = DiskWitness(records)
            for record in records where !isFormer(node) {
                guard case .snapshot(let slot, let chain, let bytes) = record else { continue }
                try reference.check(bytes, chain, at: slot, of: node, ledger)
            }
            try disks[node.index].check(disk, of: node, form: cluster.form)
            disks[node.index] = disk
        } catch {
            violation = violation ?? error
        }
    }

    /// Everything in a chosen value was sent by a client.
    private mutating func checkSent(_ value: [UInt8], in slot: Slot) {
        var explanation: String?
        CommandBatch.forEach(in: value) { header, command in
            guard let sent = requests[header.id] else {
                explanation = "command \(inWords(header.id)), which no client sent"
                return
            }
            var isSame = sent.count == command.count
            for index in 0..<min(sent.count, command.count) where sent[index] != command[index] {
                isSame = false
            }
            if !isSame { explanation = "command \(inWords(header.id)) with other bytes than sent" }
        }
        if let explanation { violate("validity", "slot \(slot) has \(explanation)") }
    }

    /// Acceptors in role form forget only what is in a learner's snapshot.
    private mutating func checkTruncation(_ slot: Slot, of node: NodeID) {
        guard cluster.form == .roles else { return }
        if cluster.learners.contains(where: { disks[$0.index].snapshot >= slot }) { return }
        violate(
            "retention",
            "acceptor \(node) forgets the slots up to \(slot), which no learner's snapshot has")
    }

    // MARK: - What hosts send

    mutating func didSend(
        _ message: LogMessage, from node: NodeID, to recipients: Recipients, at time: Instant
    ) {
        switch message {
        case .prepare(let prepare): note(prepare, by: node)
        case .promise(let promise): checkPromise(promise.ballot, of: node)
        case .accepted(let accepted): checkVotes(accepted, of: node)
        case .request(let request):
            guard !cluster.nodes.contains(node) else { return }
            for operation in request.operations where operation.kind == .command {
                requests[operation.header.id] = operation.body
            }
        case .nack: tally.nacks += 1
        case .snapshotPart: tally.snapshotParts += 1
        default: return
        }
    }

    private mutating func note(_ prepare: LogPrepare, by node: NodeID) {
        switch prepared.note(prepare.ballot, by: lives[node.index]) {
        case .new, .repeated: return
        case .another:
            violate("one life a ballot", BallotLives.complaint(of: node, prepare.ballot))
        }
    }

    private mutating func checkPromise(_ ballot: Ballot, of node: NodeID) {
        checkMemory(of: node)
        if isFormer(node) { return }
        let promised = disks[node.index].promised
        if let promised, ballot < promised {
            violate(
                "promises",
                "acceptor \(node) promises ballot \(ballot), having promised \(promised)")
        } else if promised != ballot {
            violate(
                "durability",
                "acceptor \(node) promises ballot \(ballot) before that is on its disk")
        }
    }

    private mutating func checkVotes(_ accepted: LogAccepted, of node: NodeID) {
        checkMemory(of: node)
        if isFormer(node) { return }
        for range in accepted.slots {
            for slot in range.first...range.last
            where !ledger.hasVote(of: node, at: accepted.ballot, in: slot) {
                return violate(
                    "durability",
                    "acceptor \(node) votes in slot \(slot) at ballot \(accepted.ballot) before "
                        + "that is on its disk")
            }
        }
    }

    private mutating func checkMemory(of node: NodeID) {
        let lost = lostVotes[node.index]
        guard lost != 0, disks[node.index].birth?.identifier == lost else { return }
        violate("amnesia", "acceptor \(node), which lost its disk, takes part again")
    }

    // MARK: - What hosts report

    mutating func didOutput(_ output: LogHost.Output, on node: NodeID, at time: Instant) {
        switch output {
        case .node(let output): take(output, of: node)
        case .worker(.begins(let operation, let process)):
            history.begin(operation, by: process, at: time)
            tally.operations += 1
        case .worker(.ends(let process, let reply)):
            tally.answers += 1
            guard history.end(process, with: reply, at: time) else {
                return violate("answers", "client \(node) gets an answer that is none")
            }
        case .worker(.fails(_, .sessionExpired)): tally.expirations += 1
        case .worker(.fails(_, .superseded)):
            violate("sessions", "client \(node) has somebody else speak for it")
        case .worker(.fails): tally.timeouts += 1
        case .worker(.concludes): concluded.insert(node)
        }
    }

    private mutating func take(_ output: LogOutput, of node: NodeID) {
        if isFormer(node) { return }
        switch output {
        case .leads: tally.leaders += 1
        case .refused: tally.refusals += 1
        case .stranger(let other, _, _):
            tally.strangers += 1
            if formerBirths.isEmpty {
                violate("one history", "node \(node) takes \(other) for a stranger")
            }
        case .contradiction, .contradicted:
            violate("one history", "node \(node) reports \(output.story)")
        case .applied(let slot, let value): apply(slot, value, by: node)
        case .restored(let slot):
            if slot <= applied[node.index] && !isRecovering[node.index] {
                violate("order", "learner \(node) goes back to slot \(slot)")
            }
            if slot > disks[node.index].chosen {
                violate("durability", "learner \(node) goes on from slot \(slot), not on its disk")
            }
            applied[node.index] = slot
            isRecovering[node.index] = false
        }
    }

    private mutating func apply(_ slot: Slot, _ value: [UInt8], by node: NodeID) {
        let expected = isRecovering[node.index] ? 1 : applied[node.index] + 1
        isRecovering[node.index] = false
        applied[node.index] = slot
        if slot != expected {
            violate("order", "learner \(node) applies slot \(slot), expected \(expected)")
        }
        guard let chosen = ledger.chosen(in: slot) else {
            return violate(
                "quorum",
                "learner \(node) applies \(inWords(value)) in slot \(slot), which no majority has "
                    + "accepted at one ballot")
        }
        guard chosen == value else {
            return violate(
                "agreement",
                "learner \(node) applies \(inWords(value)) in slot \(slot), where "
                    + "\(inWords(chosen)) was chosen")
        }
    }

    mutating func didRestart(_ node: NodeID, life: Int, memory: Memory, at time: Instant) {
        lives[node.index] = life
        concluded.remove(node)
        guard cluster.nodes.contains(node) else { return }
        isRecovering[node.index] = true
        applied[node.index] = 0
        guard memory == .wiped else { return }
        loseDisk(of: node)
    }

    // MARK: - In words

    func describe(message: LogMessage) -> String { message.story }

    func describe(record: LogRecord) -> String { record.story }

    func describe(output: LogHost.Output) -> String {
        switch output {
        case .node(let output): output.story
        case .worker(let output): output.story
        }
    }
}
