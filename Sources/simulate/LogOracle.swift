import ConsensusCore
import PaxosNode
import Simulation

/// Judges a run of the log from what was sent, recorded and reported, never by asking a node.
///
/// - agreement: in each slot one value is chosen, that is, recorded by a majority of acceptors at one
///   ballot; whatever a learner applies there is that value (quorum).
/// - validity: what is chosen are commands that clients sent, as they sent them.
/// - promises: what an acceptor records never goes down, nor does a checkpoint forget any of it.
/// - proposals: what the reports of a majority allow (P2c), one value a ballot in each slot, and none
///   above the ballot at which another was chosen.
/// - ballots: a proposer's numbers go up, and each is on disk before it is used; one life a ballot.
/// - leadership: who leads has the whole reports of a majority; one leader a ballot.
/// - claims: what a leader or a learner says to be chosen is.
/// - reports: a promise tells all that was accepted.
/// - queries: who answers one has, since it came, the word of a majority that it leads.
/// - sessions: nobody but its client speaks for one; what a client has not said to be answered is not
///   superseded; one is forgotten only if there were more than there is room for.
/// - durability: a promise or a vote that is sent is on disk, and that this life may vote.
/// - amnesia: an acceptor that lost its disk neither promises nor votes again.
/// - learned values, recovery: what a node would find on its disk as chosen is all there, and chosen.
/// - order: every life of a learner applies slot after slot.
/// - equal states: snapshots at one slot are equal, and what the chosen commands make of the service.
/// - linearizability: one order explains all that clients were answered; it takes care of exactly once
///   too, since what clients write is written by nobody else.
struct LogOracle: Oracle {
    typealias Subject = LogHost

    let cluster: LogCluster
    private let hostCount: Int
    var violation: Violation?
    var tally = LogTally()
    var isUndecided: Bool { tally.isUndecided }

    var ledger: SlotLedger
    var reference: ReferenceReplica
    var history = ServiceHistory()
    var disks: [DiskWitness]
    var reigns: ReignWitness
    var queries: QueryWitness
    /// By node: how far it has applied.
    var applied: [Slot]
    /// By node: up to where its disk had what was chosen when it started again, until it goes on.
    var recoverable: [Slot?]
    /// By acceptor: the birth of a vote that it lost with its disk, or with a part of it.
    var lostVotes: [UInt64]
    /// The births of clusters that were begun anew since: what their nodes still do is of no consequence.
    var formerBirths: [UInt64] = []
    /// The hosts that have been healed.
    var healed: NodeSet = []
    /// By node and life: the other of two processes with one ID.
    var standingStill: [NodeID: [Int: StandingProcess]] = [:]
    private let state: any ReplicatedState
    /// By host: how many times it has come back.
    var lives: [Int]
    /// The ballots prepared, and in which life of their proposer.
    var prepared = BallotLives()
    /// The queries that clients sent.
    var questions: [CommandID: [UInt8]] = [:]
    /// The commands that clients sent.
    var requests: [CommandID: [UInt8]] = [:]
    /// Up to where the client said, with each command, that it has its answers.
    var answeredBelow: [CommandID: UInt64] = [:]
    var sessions: SessionWitness
    /// The clients whose last operations were answered.
    var concluded: NodeSet = []

    /// - Parameters:
    ///   - state: the service before any command.
    ///   - sessions: the bounds of its sessions.
    init(shape: [Int], state: any ReplicatedState, sessions: SessionSizes) {
        cluster = LogCluster(shape: shape)
        self.state = state
        hostCount = max(shape.reduce(0, +), cluster.nodeCount)
        ledger = SlotLedger(majority: cluster.majority)
        reference = ReferenceReplica(state)
        disks = Array(repeating: DiskWitness(), count: cluster.nodeCount)
        reigns = ReignWitness(cluster)
        queries = QueryWitness(cluster)
        self.sessions = SessionWitness(sessions)
        applied = Array(repeating: 0, count: cluster.nodeCount)
        recoverable = Array(repeating: nil, count: cluster.nodeCount)
        lives = Array(repeating: 0, count: hostCount)
        lostVotes = Array(repeating: 0, count: cluster.nodeCount)
    }

    /// Whoever overhears a client's commands can repeat them, and nobody can tell; a guest that only knows
    /// the hosts file cannot speak for it.
    func mayForge(_ message: LogMessage, to node: NodeID) -> Bool {
        guard case .request(let request) = message else { return true }
        return request.operations.allSatisfy { operation in
            let id = operation.header.id
            guard operation.kind == .command else {
                return questions[id].map { $0 == operation.body } ?? true
            }
            if let sent = requests[id] {
                // Below a mark raised for it, a client's own commands would be superseded.
                return sent == operation.body
                    && operation.header.answeredBelow <= answeredBelow[id, default: 0]
            }
            return !requests.keys.contains { $0.owner == id.owner }
        }
    }

    mutating func didForge(
        _ message: LogMessage, from origin: Origin, on node: NodeID, at time: Instant
    ) {
        guard case .request(let request) = message else { return }
        if cluster.nodes.contains(node) { queries.didReceive(request, on: node) }
        for operation in request.operations where operation.kind == .command {
            requests[operation.header.id] = operation.body
            sessions.didForge(operation.header)
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
        reigns = ReignWitness(cluster)
        queries = QueryWitness(cluster)
        sessions.beginAnew()
        applied = Array(repeating: 0, count: cluster.nodeCount)
        recoverable = Array(repeating: 0, count: cluster.nodeCount)
    }

    mutating func violate(_ found: Violation) {
        violation = violation ?? found
    }

    mutating func violate(_ property: String, _ explanation: String) {
        violation = violation ?? Violation(property: property, explanation: explanation)
    }

    // MARK: - What hosts record

    mutating func didRecord(_ record: LogRecord, on node: NodeID, at time: Instant) {
        do throws(Violation) {
            try disks[node.index].append(record, of: node, isFormer(node) ? nil : ledger)
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
            violate(error)
        }
    }

    mutating func didCheckpoint(_ records: [LogRecord], on node: NodeID, at time: Instant) {
        do throws(Violation) {
            let disk = try DiskWitness(
                checkpoint: records, of: node, isFormer(node) ? nil : ledger)
            for record in records where !isFormer(node) {
                guard case .snapshot(let slot, let chain, let bytes) = record else { continue }
                try reference.check(bytes, chain, at: slot, of: node, ledger)
            }
            try disks[node.index].check(disk, of: node, form: cluster.form)
            disks[node.index] = disk
        } catch {
            violate(error)
        }
    }

    /// Everything in a chosen value was sent by a client.
    private mutating func checkSent(_ value: [UInt8], in slot: Slot) {
        var explanation: String?
        CommandBatch.forEach(in: value) { header, command in
            if header.id.session == 0 { sessions.openings.insert(header.id) }
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

    mutating func didRestart(_ node: NodeID, life: Int, memory: Memory, at time: Instant) {
        lives[node.index] = life
        concluded.remove(node)
        guard cluster.nodes.contains(node) else { return }
        if memory == .wiped { loseDisk(of: node) }
        recoverable[node.index] = disks[node.index].chosen
        applied[node.index] = 0
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
