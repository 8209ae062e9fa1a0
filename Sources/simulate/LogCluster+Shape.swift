import ConsensusCore
import PaxosNode

extension LogCluster {
    /// - Parameter shape: how many replicas, or proposers, acceptors and learners; and how many clients.
    init(shape: [Int]) {
        if shape.count == 4 {
            self.init(proposers: shape[0], acceptors: shape[1], learners: shape[2])
        } else {
            self.init(replicas: shape.first ?? 1)
        }
    }

    /// How many hosts of its role a run can do without for good, among them those without their disks.
    ///
    /// Of learners that are nothing else a majority must stay, since acceptors forget what half of the
    /// learners have in a snapshot.
    func spare(of node: NodeID) -> (peers: NodeSet, count: Int) {
        if acceptors.contains(node) { return (acceptors, acceptors.count - majority.size) }
        if proposers.contains(node) { return (proposers, proposers.count - 1) }
        return (learners, learners.count - Majority(of: learners).size)
    }
}
