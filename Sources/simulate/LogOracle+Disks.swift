import ConsensusCore
import PaxosNode
import Simulation

/// What may become of disks in a run of the log without its being lost for good, and what then counts.
extension LogOracle {
    /// An acceptor may lose its disk once its life is on every other acceptor's, or once so many hold a birth
    /// that the others can found no second one without them: see ``PaxosNode/Founding``.
    func mayLoseDisk(_ node: NodeID) -> Bool {
        guard cluster.acceptors.contains(node) else { return true }
        let others = cluster.acceptors.removing(node)
        // The only one there is takes the cluster with it.
        guard !others.isEmpty else { return false }
        let unborn = others.filter { disks[$0.index].birth == nil }
        return unborn.count + 1 < cluster.majority.size
            || others.allSatisfy { disks[$0.index].lives.contains(node) }
    }

    /// An acceptor's disk may be an older one once every other acceptor has it on record that it knew more:
    /// whoever it asks can tell it.
    func mayRollBack(_ node: NodeID, to records: [LogRecord]) -> Bool {
        let copy = DiskWitness(records)
        // Without its life it comes back as one that lost all.
        guard copy.incarnation != 0 else { return mayLoseDisk(node) }
        guard cluster.acceptors.contains(node) else { return true }
        return copy.birth == disks[node.index].birth
            && cluster.acceptors.removing(node).allSatisfy { other in
                disks[other.index].birth != nil
                    && disks[other.index].witnessed[node] ?? 0 > copy.written
            }
    }

    /// A cluster may begin anew once, on so many emptied disks that the rest can do nothing without them; of
    /// a node with a twin there would be another disk.
    func mayBeginAnew(wiped: NodeSet, kept: NodeSet) -> Bool {
        formerBirths.isEmpty && standingStill.isEmpty && cluster.majority.isReached(by: wiped)
            && disks.contains { $0.birth != nil }
    }

    /// A second process with an empty disk is one that lost its disk, as far as the others can tell; one with
    /// a copy of the disk cannot be told from the first.
    ///
    /// Acceptors in role form forget what is in the snapshot
    /// of a learner, whichever of the two it was that told them of it.
    func mayTwin(_ node: NodeID, with disk: TwinDisk) -> Bool {
        let isLearnerAlone = cluster.form == .roles && cluster.learners.contains(node)
        return disk == .empty && cluster.nodes.contains(node) && !isLearnerAlone
            && mayLoseDisk(node)
    }

    /// Whether a node belongs to a cluster that was begun anew without it.
    func isFormer(_ node: NodeID) -> Bool {
        guard !formerBirths.isEmpty, let birth = disks[node.index].birth else { return false }
        return formerBirths.contains(birth.identifier)
    }

    /// Those with a vote, and those whom they can give one, make a majority, whatever birth there is.
    func canProgress(_ healthy: NodeSet) -> Bool {
        let nodes = healthy.intersection(cluster.nodes)
        let births = nodes.compactMap { node in
            isFormer(node)
                ? nil : disks[node.index].birth ?? disks[node.index].acceptedBirth
        }
        if !formerBirths.isEmpty {
            // An empty node that meets one of the former cluster belongs to that from then on.
            let isMixed = nodes.contains(where: isFormer)
            let present = NodeSet(nodes.filter { !isFormer($0) })
            if isMixed && nodes.contains(where: { disks[$0.index].birth == nil }) { return false }
            if present.intersection(cluster.proposers).isEmpty { return false }
            if present.intersection(cluster.learners).isEmpty { return false }
        }
        let acceptors = nodes.intersection(cluster.acceptors).filter { !isFormer($0) }
        guard !births.isEmpty else {
            // Those of whom another life is remembered found nothing.
            return acceptors.filter { !disks[$0.index].isRefused }.count >= cluster.majority.size
        }
        return births.allSatisfy { birth in
            let whole = acceptors.filter { lostVotes[$0.index] != birth.identifier }
            let voters = whole.filter { disks[$0.index].votes(in: birth, $0) }.count
            let canAdmit = voters > (cluster.acceptors.count - 1) / 2
            let others = whole.filter { !disks[$0.index].isRefused }.count
            return (canAdmit ? others : voters) >= cluster.majority.size
        }
    }

    mutating func didHeal(_ healthy: NodeSet, at time: Instant) {
        healed = healthy
    }

    // MARK: - What has become of them

    /// A life that never had a vote has promised nothing, and the next may come in its place.
    mutating func loseDisk(of node: NodeID) {
        noteLostVote(of: node)
        disks[node.index] = DiskWitness()
    }

    private mutating func noteLostVote(of node: NodeID) {
        guard cluster.acceptors.contains(node), disks[node.index].hasVote(node),
            let birth = disks[node.index].birth
        else { return }
        lostVotes[node.index] = birth.identifier
    }

    mutating func didRollBack(_ node: NodeID, to records: [LogRecord], at time: Instant) {
        noteLostVote(of: node)
        disks[node.index] = DiskWitness(records)
        recoverable[node.index] = disks[node.index].chosen
    }

    mutating func didTwin(_ node: NodeID, life: Int, with disk: TwinDisk, at time: Instant) {
        guard cluster.nodes.contains(node) else { return }
        let first = standing(of: node)
        standingStill[node] = [lives[node.index]: first]
        lives[node.index] = life
        loseDisk(of: node)
        applied[node.index] = 0
        recoverable[node.index] = 0
    }

    /// One of two processes with one ID stands still, and what is known of it stays as it is.
    mutating func didTurn(_ node: NodeID, to life: Int, at time: Instant) {
        guard let other = standingStill[node]?[life] else { return }
        let present = standing(of: node)
        standingStill[node]?[lives[node.index]] = present
        lives[node.index] = life
        disks[node.index] = other.disk
        lostVotes[node.index] = other.lostVote
        applied[node.index] = other.applied
        recoverable[node.index] = other.recoverable
    }

    private func standing(of node: NodeID) -> StandingProcess {
        StandingProcess(
            disk: disks[node.index], lostVote: lostVotes[node.index],
            applied: applied[node.index], recoverable: recoverable[node.index])
    }

    /// Another history begins; what is under way may come to belong to it.
    mutating func didBeginAnew(wiped: NodeSet, kept: NodeSet, at time: Instant) {
        for disk in disks {
            guard let birth = disk.birth, !formerBirths.contains(birth.identifier) else { continue }
            formerBirths.append(birth.identifier)
        }
        for node in wiped.intersection(cluster.nodes) { loseDisk(of: node) }
        beginHistory(at: time)
    }
}

/// What is known of one of two processes with one ID.
struct StandingProcess {
    let disk: DiskWitness
    let lostVote: UInt64
    let applied: Slot
    let recoverable: Slot?
}

extension NodeSet {
    fileprivate init(_ nodes: [NodeID]) {
        self.init()
        for node in nodes { insert(node) }
    }
}
