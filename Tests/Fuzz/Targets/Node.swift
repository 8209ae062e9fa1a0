import ConsensusCore
import StateMachines

@testable import PaxosNode

/// Nodes of a log and their clients: no sequence of datagrams, crashes and checkpoints traps one, breaks
/// its invariants, has it record what it cannot read, or forget what it has accepted.
func fuzz(_ bytes: [UInt8]) {
    var input = Input(bytes)
    let choice = input.byte()
    let cluster = cluster(choice)
    var options = LogOptions(snapshotBytes: 4_096, snapshotSlots: 6, keptSlots: 3)
    if choice >= 0x80 { makeTiny(&options.sizes) }
    var rig = Rig<LogNode, LogClient>(
        nodes: Array(cluster.nodes),
        clients: (0..<2).map { index in
            (
                NodeID(NodeID.firstGuest.rawValue + UInt32(index)),
                LogClient(
                    cluster: cluster, seed: 1_000 + UInt64(index), preferredProposer: index)
            )
        },
        make: { id, life in
            LogNode(
                cluster: cluster, node: id, state: Sessions(KeyValueStore(), limit: 8),
                seed: life, options: options)
        })
    rig.compare = expectRemembered
    var calls: UInt64 = 0
    rig.nextRequest = { input in
        calls += 1
        return .call(
            ClientCall(
                number: calls, operation: operation(&input),
                timeout: .milliseconds(1 + 8 * Int64(input.byte()))))
    }
    rig.play(&input)
}

private func cluster(_ choice: UInt8) -> LogCluster {
    switch choice % 5 {
    case 0: LogCluster(replicas: 1)
    case 1: LogCluster(replicas: 2)
    case 2: LogCluster(replicas: 3)
    case 3: LogCluster(proposers: 1, acceptors: 3, learners: 1)
    default: LogCluster(proposers: 2, acceptors: 1, learners: 2)
    }
}

/// Everything comes in several pages and pieces, and tables are full soon.
private func makeTiny(_ sizes: inout LogSizes) {
    sizes.page = 100
    sizes.entries = 2
    sizes.batch = 120
    sizes.windowSlots = 3
    sizes.piece = 40
    sizes.burst = 2
    sizes.commands = 4
    sizes.batches = 2
    sizes.reads = 2
    sizes.relayed = 3
}

private func operation(_ input: inout Input) -> ClientCall.Operation {
    let key: [UInt8] = [UInt8(input.below(4))]
    switch input.below(8) {
    case 0: return .query(encoded(KeyValueQuery.get(key: key)))
    case 1: return .status(.computed)
    case 2: return .command(input.take(input.below(32)))
    case 3:
        return .command(
            encoded(KeyValueCommand.put(key: key, value: Array(repeating: 1, count: 9_000))))
    default: return .command(encoded(KeyValueCommand.put(key: key, value: input.take(4))))
    }
}

/// What a node has promised, accepted and applied is there after a crash.
private func expectRemembered(_ before: LogNode, _ after: LogNode) {
    if let old = before.acceptor, let new = after.acceptor {
        if let promised = old.promised {
            expect(new.promised.map { $0 >= promised } ?? false, "it has forgotten a promise")
        }
        for slot in old.accepted.first..<old.accepted.end where slot > new.truncated {
            expect(
                new.accepted[slot] == old.accepted[slot],
                "it has forgotten what it accepted in slot \(slot)")
        }
    }
}
