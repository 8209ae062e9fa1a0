import ConsensusCore
import PaxosNode
import Simulation

/// What is on the disk of one node of the log, as its records say, and what the node can make of it when
/// it starts again.
struct DiskWitness {
    private(set) var promised: Ballot?
    /// The number of the last ballot that its proposer began.
    private(set) var ballotNumber: UInt64?
    /// By slot, from 1: what was accepted there last.
    private var accepted: [Acceptance?] = []
    /// By slot, from 1: what was learned there first.
    private var learned: [[UInt8]?] = []
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
    /// How many records it has written in all that count.
    private(set) var written: UInt64 = 0
    private var isNumbering = true
    /// By acceptor: the highest record number known.
    private(set) var witnessed: [NodeID: UInt64] = [:]

    /// Whether it votes in the cluster of a birth, as far as its disk says.
    func votes(in birth: Birth, _ node: NodeID) -> Bool {
        !isRefused && (isAdmitted || birth.life(of: node) == incarnation)
    }

    /// Whether this life may vote.
    func mayVote(_ node: NodeID) -> Bool { hasVote(node) && !isRefused }

    /// Whether it has ever had a vote.
    func hasVote(_ node: NodeID) -> Bool {
        isAdmitted || birth?.life(of: node) == incarnation
    }

    /// Begins with these records.
    init(_ records: [LogRecord] = []) {
        for record in records { take(record) }
    }

    /// Begins with what a checkpoint holds.
    ///
    /// - Parameter ledger: what was chosen; nil if that is not to be judged.
    /// - Throws: the violation that one of its records is.
    init(
        checkpoint records: [LogRecord], of node: NodeID, _ ledger: SlotLedger?
    ) throws(Violation) {
        for record in records {
            if let ledger { try check(record, of: node, ledger) }
            take(record)
        }
    }

    /// Takes a record that comes after the others.
    ///
    /// - Parameter ledger: what was chosen; nil if that is not to be judged.
    /// - Throws: the violation that it is.
    mutating func append(
        _ record: LogRecord, of node: NodeID, _ ledger: SlotLedger?
    ) throws(Violation) {
        switch record {
        case .promised(let ballot): try check(ballot, of: node)
        case .accepted(let entry): try check(entry.acceptance.ballot, of: node)
        case .ballot(let number):
            if let ballotNumber, number <= ballotNumber {
                throw Violation(
                    property: "ballots",
                    explanation:
                        "proposer \(node) begins ballot \(number), having begun \(ballotNumber)")
            }
        default: break
        }
        if let ledger { try check(record, of: node, ledger) }
        take(record)
    }

    private mutating func take(_ record: LogRecord) {
        switch record {
        case .written(let number):
            written = number
            isNumbering = true
        case .unnumbered: isNumbering = false
        default: if isNumbering { written += 1 }
        }
        switch record {
        case .promised(let ballot): promised = max(promised ?? ballot, ballot)
        case .accepted(let entry):
            let ballot = entry.acceptance.ballot
            promised = max(promised ?? ballot, ballot)
            while UInt64(accepted.count) < entry.slot { accepted.append(nil) }
            accepted[Int(entry.slot) - 1] = entry.acceptance
        case .truncated(let slot): truncated = max(truncated, slot)
        case .learned(let slot, let value):
            while UInt64(learned.count) < slot { learned.append(nil) }
            learned[Int(slot) - 1] = learned[Int(slot) - 1] ?? value
        case .chosen(let slot): chosen = max(chosen, slot)
        case .snapshot(let slot, _, _):
            snapshot = max(snapshot, slot)
            chosen = max(chosen, slot)
        case .ballot(let number): ballotNumber = number
        case .admitted: isAdmitted = true
        case .refused: isRefused = true
        case .life(let other, _): lives.insert(other)
        case .incarnation(let incarnation): self.incarnation = incarnation
        case .born(let birth, _, _):
            self.birth = birth
            lives = lives.union(birth.founders)
        case .foundingAccepted(let proposal): acceptedBirth = Birth(proposal.value)
        case .witnessed(let acceptor, let number):
            witnessed[acceptor] = max(witnessed[acceptor] ?? 0, number)
        case .written, .unnumbered, .foundingBallot, .foundingPromised: return
        }
    }

    /// What a record says to be chosen is chosen, and is on record.
    private func check(
        _ record: LogRecord, of node: NodeID, _ ledger: SlotLedger
    ) throws(Violation) {
        switch record {
        case .learned(let slot, let value):
            guard ledger.chosen(in: slot) != value else { return }
            throw Violation(
                property: "learned values",
                explanation: "node \(node) records that \(inWords(value)) was chosen in slot "
                    + "\(slot), " + ledger.told(of: slot))
        case .chosen(let last):
            var slot = chosen
            while slot < last {
                slot += 1
                try checkRebuilt(slot, of: node, ledger)
            }
        default: return
        }
    }

    /// What the node would take for chosen in a slot when it starts again.
    private func checkRebuilt(
        _ slot: Slot, of node: NodeID, _ ledger: SlotLedger
    ) throws(Violation) {
        guard let value = rebuilt(slot) else {
            throw Violation(
                property: "recovery",
                explanation: "node \(node) records that slot \(slot) is chosen, but not its value")
        }
        guard ledger.chosen(in: slot) != value else { return }
        throw Violation(
            property: "learned values",
            explanation: "node \(node) would find \(inWords(value)) in slot \(slot) when it starts "
                + "again, " + ledger.told(of: slot))
    }

    private func check(_ ballot: Ballot, of node: NodeID) throws(Violation) {
        guard let promised, ballot < promised else { return }
        throw Violation(
            property: "promises",
            explanation: "acceptor \(node) records ballot \(ballot), having promised \(promised)")
    }

    /// What the node takes for chosen in a slot when it finds on record that one was.
    private func rebuilt(_ slot: Slot) -> [UInt8]? {
        if slot <= UInt64(learned.count), let value = learned[Int(slot) - 1] { return value }
        return acceptance(in: slot)?.value
    }

    /// What it has on record as accepted in a slot that it has not forgotten.
    func acceptance(in slot: Slot) -> Acceptance? {
        guard slot > truncated, slot <= UInt64(accepted.count) else { return nil }
        return accepted[Int(slot) - 1]
    }

    /// What it has on record as accepted from a slot on at lower ballots.
    func report(from slot: Slot, below ballot: Ballot) -> [AcceptedEntry] {
        accepted.indices.compactMap { index in
            let slot = Slot(index) + 1
            return acceptance(in: slot).map { AcceptedEntry(slot: slot, acceptance: $0) }
        }.filter { $0.slot >= slot && $0.acceptance.ballot < ballot }
    }

    /// All slots up to here are chosen and forgotten by the acceptor.
    func forgotten(_ form: LogCluster.Form) -> Slot {
        form == .replicas ? max(truncated, snapshot) : truncated
    }

    /// The highest slot in which something may be on record as accepted.
    var lastAccepted: Slot { UInt64(accepted.count) }

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
        if let ballotNumber, new.ballotNumber.map({ $0 < ballotNumber }) ?? true {
            throw forgets("that it has begun ballot \(ballotNumber)")
        }
        if !lives.subtracting(new.lives).isEmpty { throw forgets("a life of another") }
        if new.incarnation != incarnation { throw forgets("whose life it is") }
        if new.birth != birth { throw forgets("the cluster's birth") }
        if birth == nil, new.acceptedBirth != acceptedBirth { throw forgets("an accepted birth") }
        if isAdmitted && !new.isAdmitted { throw forgets("that it may vote") }
        if isRefused && !new.isRefused { throw forgets("that its votes are refused") }
        if new.written < written { throw forgets("that it has written \(written) records") }
        if new.chosen < chosen { throw forgets("what was chosen up to slot \(chosen)") }
        var slot = new.forgotten(form)
        while slot < lastAccepted {
            slot += 1
            guard let acceptance = acceptance(in: slot) else { continue }
            if new.acceptance(in: slot).map({ $0.ballot < acceptance.ballot }) ?? true {
                throw forgets("that it has accepted in slot \(slot) at ballot \(acceptance.ballot)")
            }
        }
        slot = new.chosen
        while slot < UInt64(learned.count) {
            slot += 1
            guard let value = learned[Int(slot) - 1] else { continue }
            let kept = slot <= UInt64(new.learned.count) ? new.learned[Int(slot) - 1] : nil
            if kept != value { throw forgets("what was chosen in slot \(slot)") }
        }
    }
}
