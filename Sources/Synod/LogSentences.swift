internal import ConsensusCore
public import PaxosNode
public import UDPRuntime

/// What a node of a log says to the person who must act.
extension LogOutput {
    /// A sentence for standard error, without the program's name; nil of what calls for nobody.
    public func sentence(of node: NodeID) -> String? {
        switch self {
        case .refused(.forgotten):
            "node \(node) has been started again without what it had promised, so its votes are refused "
                + "for good. It still learns and answers; the cluster survives one failure less. Keep its "
                + "directory (--storage DIR) next time."
        case .refused(.restored):
            "the directory of node \(node) is older than what the node had told others of, as if it had "
                + "been put back from a copy, so its votes are refused for good. It still learns and "
                + "answers; the cluster survives one failure less."
        case .stranger(let other, let foreign, let birth):
            "node \(other) belongs to another beginning of this cluster (birth \(Birth.name(of: foreign))) "
                + "than node \(node) (birth \(Birth.name(of: birth))), and the two take no part in each "
                + "other's. Find out which has the data you want; stop the nodes of the other, move "
                + "their directories away, and start them with empty ones."
        case .contradiction(let other, let slot):
            "node \(other) has another history than node \(node), up to slot \(slot): what was "
                + "acknowledged by one is unknown to the other. Was a directory put back from a copy, "
                + "or a disk lost? All nodes are being asked."
        case .leads, .applied, .restored, .contradicted: nil
        }
    }
}

extension ExitError {
    /// A majority of the learners has another history than a node.
    public static func contradicted(_ node: NodeID, at slot: UInt64) -> ExitError {
        ExitError(
            status: ExitStatus.storage,
            "What node \(node) has applied up to slot \(slot) contradicts what a majority of the nodes "
                + "has. It ends rather than answer from it. Keep its directory for a look at what it "
                + "has, and start the node with an empty one.")
    }
}
