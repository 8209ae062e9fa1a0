import ConsensusCore
import PaxosNode
import Simulation

/// Judges a run of basic Paxos from what was sent, recorded and reported, never by asking a node.
///
/// - agreement: one value is chosen, that is, recorded by a majority of acceptors at one ballot; and
///   whatever learners learn and clients print is that value.
/// - validity: it is a value that a client proposed.
/// - quorum: when it is learned, a majority of acceptors has it on disk, accepted at one ballot.
/// - one value a ballot: no two accept requests of one ballot differ.
/// - one life a ballot: no ballot is prepared by two lives of a proposer.
/// - promises: an acceptor accepts nothing below a ballot that it has promised.
struct PaxosOracle: Oracle {
    typealias Subject = PaxosHost

    let cluster: Cluster
    private(set) var violation: Violation?
    private(set) var tally = RunTally()

    private var chosen: Value?
    /// What is on the acceptors' disks, by proposal, and who has accepted it.
    private var votes: [(proposal: Proposal, voters: NodeSet)] = []
    /// The ballots prepared, and in which life of their proposer.
    private var prepared = BallotLives()
    /// By host: how many times it has come back.
    private var lives: [Int]
    /// The proposals of the accept requests sent.
    private var proposed: [Proposal] = []
    /// By node: the highest ballot this life has promised aloud.
    private var promised: [Ballot?]
    /// The clients that printed a value.
    private(set) var satisfied: NodeSet = []
    /// Those that did so in their present life.
    private var printed: NodeSet = []
    private var isElecting = true

    init(cluster: Cluster) {
        self.cluster = cluster
        promised = Array(repeating: nil, count: cluster.nodeCount)
        lives = Array(repeating: 0, count: cluster.nodeCount + cluster.clientCount)
    }

    /// The value that a client of the simulation proposes.
    static func value(ofClient position: Int) -> Value { [0x76, UInt8(0x30 + position)] }

    // Basic Paxos counts on its disks, and on being alone.

    func mayRollBack(_ node: NodeID, to records: [NodeRecord]) -> Bool { false }
    func mayBeginAnew(wiped: NodeSet, kept: NodeSet) -> Bool { false }
    func mayTwin(_ node: NodeID, with disk: TwinDisk) -> Bool { false }
    func mayForge(_ message: Message, to node: NodeID) -> Bool { true }

    func isDone(among healthy: NodeSet) -> Bool {
        for node in healthy where cluster.isClient(node) && !satisfied.contains(node) {
            return false
        }
        return true
    }

    mutating func conclude() {}

    // MARK: - What hosts do

    mutating func didRecord(_ record: NodeRecord, on node: NodeID, at time: Instant) {
        guard case .accepted(let proposal) = record, cluster.acceptors.contains(node) else {
            return
        }
        var index = votes.firstIndex { $0.proposal == proposal } ?? votes.count
        if index == votes.count { votes.append((proposal, [])) }
        votes[index].voters.insert(node)
        guard cluster.majority.isReached(by: votes[index].voters) else { return }
        index = votes.firstIndex { cluster.majority.isReached(by: $0.voters) } ?? index
        if votes[index].proposal.value != proposal.value {
            let first = votes[index].proposal
            violate(
                "agreement",
                "majorities of the acceptors have accepted \(text(first.value)) at ballot "
                    + "\(first.ballot) and \(text(proposal.value)) at ballot \(proposal.ballot)")
        }
    }

    mutating func didSend(
        _ message: Message, from node: NodeID, to recipients: Recipients, at time: Instant
    ) {
        switch message {
        case .prepare(let prepare):
            note(prepare, by: node)
        case .promise(let promise):
            notePromise(promise.ballot, by: node)
        case .accepted(let accepted):
            let ballot = accepted.proposal.ballot
            if let highest = promised[node.index], ballot < highest {
                violate(
                    "promises",
                    "acceptor \(node) accepts at ballot \(ballot), having promised \(highest)")
            }
            notePromise(ballot, by: node)
        case .accept(let accept):
            note(accept.proposal)
        case .nack: tally.nacks += 1
        case .refuse: tally.refusals += 1
        default: return
        }
    }

    private mutating func notePromise(_ ballot: Ballot, by node: NodeID) {
        promised[node.index] = max(promised[node.index] ?? ballot, ballot)
    }

    private mutating func note(_ prepare: Prepare, by node: NodeID) {
        switch prepared.note(prepare.ballot, by: lives[node.index]) {
        case .new: tally.ballots += 1
        case .repeated: return
        case .another:
            violate("one life a ballot", BallotLives.complaint(of: node, prepare.ballot))
        }
    }

    private mutating func note(_ proposal: Proposal) {
        for other in proposed where other.ballot == proposal.ballot {
            if other.value == proposal.value { return }
            violate(
                "one value a ballot",
                "ballot \(proposal.ballot) proposes \(text(other.value)) and "
                    + text(proposal.value))
        }
        proposed.append(proposal)
    }

    mutating func didOutput(_ output: PaxosHost.Output, on node: NodeID, at time: Instant) {
        switch output {
        case .node(.learned(let value)):
            judge(value, by: "learner \(node)")
        case .client(.chosen(let value)):
            if !printed.insert(node) { violate("once", "client \(node) printed twice") }
            satisfied.insert(node)
            judge(value, by: "client \(node)")
        case .node(.elected):
            tally.leaders += 1
            isElecting = false
        case .node(.assigned), .node(.refused), .node(.finished), .client(.timedOut),
            .client(.finished):
            return
        }
    }

    mutating func didCrash(_ node: NodeID, at time: Instant) {
        if isElecting { tally.crashesWhileElecting += 1 }
    }

    mutating func didRestart(_ node: NodeID, life: Int, memory: Memory, at time: Instant) {
        lives[node.index] = life
        // A life that has lost its disk has promised nothing; its votes must not be counted.
        if memory == .wiped, node.index < promised.count { promised[node.index] = nil }
        printed.remove(node)
    }

    private mutating func judge(_ value: Value, by witness: String) {
        if let chosen, chosen != value {
            return violate(
                "agreement",
                "\(witness) has \(text(value)), and \(text(chosen)) was chosen before")
        }
        chosen = value
        tally.hasChosen = true
        let positions = 0..<cluster.clientCount
        guard positions.contains(where: { PaxosOracle.value(ofClient: $0) == value }) else {
            return violate("validity", "\(witness) has \(text(value)), which nobody proposed")
        }
        let isBacked = votes.contains {
            $0.proposal.value == value && cluster.majority.isReached(by: $0.voters)
        }
        guard isBacked else {
            return violate(
                "quorum",
                "\(witness) has \(text(value)), which no majority has accepted at one ballot")
        }
    }

    private mutating func violate(_ property: String, _ explanation: String) {
        guard violation == nil else { return }
        violation = Violation(property: property, explanation: explanation)
    }

    // MARK: - In words

    func describe(message: Message) -> String { message.story }

    func describe(record: NodeRecord) -> String {
        switch record {
        case .incarnation: "its incarnation"
        case .epoch: "the run's epoch"
        case .ballot(let number): "that it uses ballot \(number)"
        case .promised(let ballot): "the promise of ballot \(ballot)"
        case .accepted(let proposal):
            "the acceptance of \(text(proposal.value)) at ballot \(proposal.ballot)"
        case .life(let node, _): "the life of acceptor \(node)"
        case .admitted: "that it may vote"
        case .done(let position): "that client number \(position) is done"
        }
    }

    func describe(output: PaxosHost.Output) -> String {
        switch output {
        case .node(.elected): "that it leads"
        case .node(.assigned(let role)): "its role, \("\(role)".lowercased())"
        case .node(.learned(let value)): "that \(text(value)) is chosen"
        case .node(.refused): "that its votes are refused"
        case .node(.finished), .client(.finished): "that it ends"
        case .client(.chosen(let value)): "the chosen value \(text(value))"
        case .client(.timedOut): "that it gives up"
        }
    }
}

/// What happened in one run, to be added up.
struct RunTally {
    var hasChosen = false
    var leaders = 0
    var crashesWhileElecting = 0
    var ballots = 0
    var nacks = 0
    var refusals = 0
}

/// A value as text in quotes.
func text(_ value: Value) -> String { "\"\(String(decoding: value, as: UTF8.self))\"" }

extension Message {
    /// The message in words, for stories.
    var story: String {
        switch self {
        case .request(let request): "request \(text(request.value))"
        case .prepare(let prepare): "prepare, ballot \(prepare.ballot)"
        case .promise(let promise):
            "promise, ballot \(promise.ballot), "
                + (promise.accepted.map { "accepted \(text($0.value)) at \($0.ballot)" }
                    ?? "nothing accepted")
        case .accept(let accept):
            "accept \(text(accept.proposal.value)), ballot \(accept.proposal.ballot)"
        case .accepted(let accepted):
            "accepted \(text(accepted.proposal.value)), ballot \(accepted.proposal.ballot)"
        case .nack(let nack): "nack, ballot \(nack.ballot), promised \(nack.promised)"
        case .chosen(let chosen): "chosen \(text(chosen.value))"
        default: kind
        }
    }
}
