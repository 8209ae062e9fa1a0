import ConsensusCore

@testable import PaxosNode

/// Nodes of basic Paxos and their clients: no sequence of datagrams and crashes traps one, breaks its
/// invariants, has it record what it cannot read, or forget what it has accepted.
func fuzz(_ bytes: [UInt8]) {
    var input = Input(bytes)
    let cluster = cluster(input.byte())
    var rig = Rig<ConsensusNode, ClientNode>(
        nodes: Array(cluster.nodes),
        clients: (0..<cluster.clientCount).map { index in
            let id = NodeID(index: cluster.nodeCount + index)
            return (
                id,
                ClientNode(
                    cluster: cluster, client: id, value: [UInt8(index)], preferredProposer: index,
                    timeout: .seconds(3), seed: 1_000 + UInt64(index))
            )
        },
        make: { id, life in ConsensusNode(cluster: cluster, node: id, seed: life) })
    rig.compare = expectRemembered
    rig.play(&input)
}

private func cluster(_ choice: UInt8) -> Cluster {
    switch choice % 3 {
    case 0: Cluster(proposers: 1, acceptors: 3, learners: 1, clients: 1)
    case 1: Cluster(proposers: 2, acceptors: 3, learners: 2, clients: 2)
    default: Cluster(proposers: 1, acceptors: 1, learners: 1, clients: 1)
    }
}

/// What a node has promised and accepted is there after a crash.
private func expectRemembered(_ before: ConsensusNode, _ after: ConsensusNode) {
    guard let old = before.acceptor else { return }
    guard let new = after.acceptor else { fatalError("it has forgotten that it is an acceptor") }
    if let promised = old.promised {
        expect(new.promised.map { $0 >= promised } ?? false, "it has forgotten a promise")
    }
    expect(new.accepted == old.accepted, "it has forgotten what it accepted")
}
