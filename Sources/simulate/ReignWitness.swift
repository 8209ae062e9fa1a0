import ConsensusCore
import PaxosNode
import Simulation

/// What led to each ballot's leader, and what that has claimed, as its messages say.
struct ReignWitness {
    /// A ballot from its first prepare on.
    private struct Phase {
        /// The first slot that was asked about.
        let from: Slot
        /// By acceptor: the pages of its report that its proposer has received.
        var pages: [NodeID: [LogPromise]] = [:]
        /// The life that leads it, or has led it.
        var leader: Int?
        /// How far its leader has said that slots are chosen.
        var claimed: Slot = 0
        /// The acceptors whose whole reports it had when it began to lead.
        var promisers = NodeSet()
        /// By slot: what was reported as accepted there, and by whom.
        var reported: [Slot: [(acceptor: NodeID, acceptance: Acceptance)]] = [:]
        /// By acceptor: how far it has forgotten slots, as it said.
        var truncated: [NodeID: Slot] = [:]

        mutating func add(_ entries: [AcceptedEntry], of acceptor: NodeID) {
            for entry in entries {
                reported[entry.slot, default: []].append((acceptor, entry.acceptance))
            }
        }
    }

    private let cluster: LogCluster
    private var phases: [Ballot: Phase] = [:]

    init(_ cluster: LogCluster) {
        self.cluster = cluster
    }

    /// Returns whether it is the first of its ballot, which asks from the first slot not known to be chosen.
    mutating func note(_ prepare: LogPrepare) -> Bool {
        guard phases[prepare.ballot] == nil else { return false }
        phases[prepare.ballot] = Phase(from: prepare.from)
        return true
    }

    /// A page of an acceptor's report has reached its proposer.
    mutating func note(_ promise: LogPromise, from acceptor: NodeID) {
        phases[promise.ballot]?.pages[acceptor, default: []].append(promise)
    }

    /// A life of a proposer says that it leads.
    ///
    /// - Parameter disk: what its own acceptor reports, if that has promised the ballot.
    /// - Throws: the violation that it is.
    mutating func lead(
        _ ballot: Ballot, by node: NodeID, life: Int, _ disk: DiskWitness?
    ) throws(Violation) {
        func isNot(_ explanation: String) -> Violation {
            Violation(
                property: "leadership",
                explanation: "proposer \(node) leads at ballot \(ballot), \(explanation)")
        }
        guard cluster.owner(of: ballot) == node else { throw isNot("which is another's") }
        var phase = phases[ballot] ?? Phase(from: 1)
        guard phase.leader == nil else { throw isNot("which was led before") }
        phase.leader = life
        for acceptor in cluster.acceptors {
            let pages = phase.pages[acceptor] ?? []
            for page in pages {
                phase.add(page.entries, of: acceptor)
                phase.truncated[acceptor] = max(phase.truncated[acceptor] ?? 0, page.truncated)
            }
            if isWhole(pages, from: phase.from) { phase.promisers.insert(acceptor) }
        }
        if let disk {
            phase.promisers.insert(node)
            phase.add(disk.report(from: phase.from, below: ballot), of: node)
            phase.truncated[node] = disk.forgotten(cluster.form)
        }
        guard cluster.majority.isReached(by: phase.promisers) else {
            throw isNot("with the whole reports of acceptors \(phase.promisers) alone")
        }
        phases[ballot] = phase
    }

    /// Whether pages are an acceptor's report from the first slot asked about to its end.
    private func isWhole(_ pages: [LogPromise], from first: Slot) -> Bool {
        var slot = first
        while true {
            guard let page = pages.first(where: { $0.from == slot }) else { return false }
            guard let next = page.next else { return true }
            guard next > slot else { return false }
            slot = next
        }
    }

    /// A leader asks to accept, or gives a sign of life.
    ///
    /// - Throws: the violation that it is.
    func checkLeader(of ballot: Ballot, _ node: NodeID, life: Int) throws(Violation) {
        guard cluster.owner(of: ballot) != node || phases[ballot]?.leader != life else { return }
        throw Violation(
            property: "leadership",
            explanation: "proposer \(node) acts as the leader of ballot \(ballot), which it is not")
    }

    /// A leader proposes a value: the one of the highest ballot that a majority has reported in the slot, if
    /// any was (P2c in *Paxos Made Simple*).
    ///
    /// - Throws: the violation that it is.
    func check(
        _ value: [UInt8], at ballot: Ballot, in slot: Slot, by node: NodeID
    ) throws(Violation) {
        guard let phase = phases[ballot] else { return }
        let reported = phase.reported[slot] ?? []
        let own = reported.filter { $0.acceptance.value == value }.map(\.acceptance.ballot).max()
        // Those that know of nothing above what is proposed. A report may have come too early to be heard.
        // One that has forgotten the slot since it reported has promised just the same.
        let agreeing = phase.promisers.filter { acceptor in
            let reports = reported.filter { $0.acceptor == acceptor }
            if reports.isEmpty { return (phase.truncated[acceptor] ?? 0) < slot }
            return reports.allSatisfy { report in
                own.map { report.acceptance.ballot <= $0 } ?? false
            }
        }
        if cluster.majority.isReached(by: agreeing.reduce(into: NodeSet()) { $0.insert($1) }) {
            return
        }
        throw Violation(
            property: "proposals",
            explanation: "proposer \(node) proposes \(inWords(value)) in slot \(slot) at ballot "
                + "\(ballot), of which the reports of acceptors \(phase.promisers) do not allow it")
    }

    /// A leader says that slots are chosen: those who follow take what it has proposed there for that.
    ///
    /// - Throws: the violation that it is.
    mutating func claim(
        _ slot: Slot, at ballot: Ballot, by node: NodeID, _ ledger: SlotLedger
    ) throws(Violation) {
        guard let claimed = phases[ballot]?.claimed, claimed < slot else { return }
        for each in claimed + 1...slot {
            let proposed = ledger.proposal(at: ballot, in: each)
            if let chosen = ledger.chosen(in: each), proposed ?? chosen == chosen { continue }
            throw Violation(
                property: "claims",
                explanation: "the leader of ballot \(ballot) says that slot \(each) is chosen"
                    + (proposed.map { ", having proposed \(inWords($0)), " } ?? ", ")
                    + ledger.told(of: each))
        }
        phases[ballot]?.claimed = slot
    }
}
