import ConsensusCore
import PaxosNode
import Simulation

/// What is on the disk of one node of the log, as its records say.
struct DiskWitness {
    private(set) var promised: Ballot?
    /// By slot, from 1: the ballot at which it was accepted last.
    private var accepted: [Ballot?] = []
    /// All slots up to here are on record as chosen, by themselves or in a snapshot.
    private(set) var chosen: Slot = 0
    private(set) var snapshot: Slot = 0
    private(set) var truncated: Slot = 0
    /// The acceptors of which it remembers a life.
    private(set) var lives: NodeSet = []
    /// The node's own life.
    private(set) var incarnation: UInt64 = 0
    private(set) var birth: Birth?
    /// The birth that it has accepted last in the founding.
    private(set) var acceptedBirth: Birth?
    private(set) var isAdmitted = false
    private(set) var isRefused = false
    /// How many records it has written in all.
    private(set) var written: UInt64 = 0
    /// By acceptor: the highest record number known.
    private(set) var witnessed: [NodeID: UInt64] = [:]

    /// Whether it votes in the cluster of a birth, as far as its disk says.
    func votes(in birth: Birth, _ node: NodeID) -> Bool {
        !isRefused && (isAdmitted || birth.life(of: node) == incarnation)
    }

    /// Whether it has ever had a vote.
    func hasVote(_ node: NodeID) -> Bool {
        isAdmitted || birth?.life(of: node) == incarnation
    }

    /// Begins with what a checkpoint holds.
    init(_ records: [LogRecord] = []) {
        for record in records { take(record) }
    }

    /// Takes a record that comes after the others.
    ///
    /// - Throws: the violation that it is.
    mutating func append(_ record: LogRecord, of node: NodeID) throws(Violation) {
        let before = promised
        promised = nil
        take(record)
        if let before, let promised, promised < before {
            throw Violation(
                property: "promises",
                explanation:
                    "acceptor \(node) records ballot \(promised), having promised \(before)")
        }
        promised = promised ?? before
    }

    private mutating func take(_ record: LogRecord) {
        if case .written(let number) = record { written = number } else { written += 1 }
        switch record {
        case .promised(let ballot): promised = max(promised ?? ballot, ballot)
        case .accepted(let entry):
            let ballot = entry.acceptance.ballot
            promised = max(promised ?? ballot, ballot)
            while UInt64(accepted.count) < entry.slot { accepted.append(nil) }
            accepted[Int(entry.slot) - 1] = ballot
        case .truncated(let slot): truncated = max(truncated, slot)
        case .chosen(let slot): chosen = max(chosen, slot)
        case .snapshot(let slot, _, _):
            snapshot = max(snapshot, slot)
            chosen = max(chosen, slot)
        case .life(let node, _): lives.insert(node)
        case .incarnation(let incarnation): self.incarnation = incarnation
        case .admitted: isAdmitted = true
        case .refused: isRefused = true
        case .born(let birth, _, _):
            self.birth = birth
            lives = lives.union(birth.founders)
        case .foundingAccepted(let proposal): acceptedBirth = Birth(proposal.value)
        case .witnessed(let acceptor, let number):
            witnessed[acceptor] = max(witnessed[acceptor] ?? 0, number)
        case .ballot, .learned, .written, .foundingBallot, .foundingPromised: return
        }
    }

    /// Whether nothing that matters is lost when what is here gives way to a checkpoint.
    ///
    /// - Throws: the violation that it is.
    func check(_ new: DiskWitness, of node: NodeID, form: LogCluster.Form) throws(Violation) {
        func forgets(_ what: String) -> Violation {
            Violation(
                property: "checkpoints keep everything",
                explanation: "the checkpoint of node \(node) forgets \(what)")
        }
        if let promised, new.promised.map({ $0 < promised }) ?? true {
            throw forgets("that it has promised ballot \(promised)")
        }
        if !lives.subtracting(new.lives).isEmpty { throw forgets("a life of another") }
        if new.incarnation != incarnation { throw forgets("whose life it is") }
        if new.birth != birth { throw forgets("the cluster's birth") }
        if birth == nil, new.acceptedBirth != acceptedBirth { throw forgets("an accepted birth") }
        if isAdmitted && !new.isAdmitted { throw forgets("that it may vote") }
        if isRefused && !new.isRefused { throw forgets("that its votes are refused") }
        if new.written < written { throw forgets("that it has written \(written) records") }
        if new.chosen < chosen { throw forgets("what was chosen up to slot \(chosen)") }
        var slot = form == .replicas ? max(new.truncated, new.snapshot) : new.truncated
        while slot < UInt64(accepted.count) {
            if let ballot = accepted[Int(slot)] {
                let kept = slot < UInt64(new.accepted.count) ? new.accepted[Int(slot)] : nil
                if kept.map({ $0 < ballot }) ?? true {
                    throw forgets("that it has accepted in slot \(slot + 1) at ballot \(ballot)")
                }
            }
            slot += 1
        }
    }
}
