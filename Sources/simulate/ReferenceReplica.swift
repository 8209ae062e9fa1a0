import ConsensusCore
import PaxosNode
import Simulation

/// What the chosen commands make of the service, reckoned apart from all nodes.
struct ReferenceReplica {
    private var state: any ReplicatedState
    private var applied: Slot = 0
    private var chain = ChainDigest()
    /// The first snapshot that a node took after a slot, and its digest.
    private var snapshots: [Slot: (bytes: [UInt8], chain: UInt64)] = [:]

    init(_ state: any ReplicatedState) {
        self.state = state
    }

    /// Compares a node's snapshot with the state after the same slot, or with another's snapshot.
    ///
    /// - Throws: the violation that it is.
    mutating func check(
        _ snapshot: [UInt8], _ chain: UInt64, at slot: Slot, of node: NodeID, _ ledger: SlotLedger
    ) throws(Violation) {
        if let known = snapshots[slot] {
            guard known != (snapshot, chain) else { return }
            throw Violation(
                property: "equal states",
                explanation: "node \(node)'s snapshot at slot \(slot) differs from another's")
        }
        snapshots[slot] = (snapshot, chain)
        while applied < slot, let value = ledger.chosen(in: applied + 1) {
            self.chain.fold(value.span)
            CommandBatch.forEach(in: value) { header, command in
                self.chain.fold(state.apply(header, command))
            }
            applied += 1
        }
        guard applied == slot, state.snapshot() != snapshot || self.chain.value != chain else {
            return
        }
        throw Violation(
            property: "equal states",
            explanation: "node \(node)'s snapshot at slot \(slot) is not what the chosen commands "
                + "make of the service")
    }
}
