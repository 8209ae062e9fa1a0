import ConsensusCore
import PaxosNode
import Simulation

/// What the chosen commands make of the service, reckoned apart from all nodes.
struct ReferenceReplica {
    private var state: any ReplicatedState
    private var applied: Slot = 0
    /// The first snapshot that a node took after a slot.
    private var snapshots: [Slot: [UInt8]] = [:]

    init(_ state: any ReplicatedState) {
        self.state = state
    }

    /// Compares a node's snapshot with the state after the same slot, or with another's snapshot.
    ///
    /// - Throws: the violation that it is.
    mutating func check(
        _ snapshot: [UInt8], at slot: Slot, of node: NodeID, _ ledger: SlotLedger
    ) throws(Violation) {
        if let known = snapshots[slot] {
            guard known != snapshot else { return }
            throw Violation(
                property: "equal states",
                explanation: "node \(node)'s snapshot at slot \(slot) differs from another's")
        }
        snapshots[slot] = snapshot
        while applied < slot, let value = ledger.chosen(in: applied + 1) {
            CommandBatch.forEach(in: value) { header, command in
                _ = state.apply(header, command)
            }
            applied += 1
        }
        guard applied == slot, state.snapshot() != snapshot else { return }
        throw Violation(
            property: "equal states",
            explanation: "node \(node)'s snapshot at slot \(slot) is not what the chosen commands "
                + "make of the service")
    }
}
