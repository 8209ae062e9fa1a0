package import ConsensusCore

/// A learner of the log: it knows which values are chosen, applies them in order, and helps others to
/// catch up.
///
/// A value is known to be chosen in a slot when
/// - a majority of distinct acceptors has accepted it at one ballot (``count(_:from:)``),
/// - or the leader of a ballot says that the slot is chosen, and the value is what it proposed at that
///   ballot (``learn(through:at:from:)``),
/// - or another learner, which knows, says so.
///
/// Slots up to the snapshot are forgotten, but for some that lagging learners may still ask for.
package struct SlotLearner: Sendable {
    /// What the log is applied to.
    package var state: any ReplicatedState
    /// All slots up to here are applied.
    package private(set) var applied: Slot = 0
    /// All slots up to here are known to be chosen, though their values may not be here.
    private(set) var chosen: Slot = 0
    /// The chosen values that are here, applied or not.
    private(set) var values = SlotLog<[UInt8]>(first: 1)
    /// The digest of all that was applied.
    private(set) var chain = ChainDigest()
    /// The digests after the last slots, each at its number modulo their count.
    private var chains = [UInt64](repeating: 0, count: SlotLearner.chainCount)
    /// The lowest slot that ``chains`` tells of.
    private var firstChain: Slot = 1
    /// The state after ``snapshotSlot``, for learners that are further behind; empty if there is none.
    private(set) var snapshot: [UInt8] = []
    private(set) var snapshotSlot: Slot = 0
    /// The digest after ``snapshotSlot``.
    private(set) var snapshotChain: UInt64 = 0
    /// What proposers asked the acceptors to accept, where this node is not an acceptor.
    private var proposed = SlotLog<Acceptance>(first: 1)
    /// The votes heard of in slots not yet applied, at the highest ballot of each.
    private var tallies = SlotLog<Tally>(first: 1)

    private struct Tally: Sendable {
        var ballot: Ballot
        var voters: NodeSet
    }

    /// How many positions' digests are kept, to be compared with others'.
    static let chainCount = 1_024

    init(state: any ReplicatedState) {
        self.state = state
    }

    /// The digest of all that was applied up to a slot, if that is known still.
    func chain(at slot: Slot) -> UInt64? {
        guard slot <= applied, slot >= firstChain, applied - slot < UInt64(SlotLearner.chainCount)
        else { return nil }
        return chains[Int(slot % UInt64(SlotLearner.chainCount))]
    }

    private mutating func keepChain() {
        chains[Int(applied % UInt64(SlotLearner.chainCount))] = chain.value
    }

    /// Whether slots are chosen that it cannot apply yet.
    var lags: Bool { chosen > applied }

    // MARK: Learning

    /// Takes note of how far slots are chosen.
    mutating func note(chosen slot: Slot) {
        chosen = max(chosen, slot)
    }

    /// Learns a chosen value; returns whether it is new.
    mutating func learn(_ value: [UInt8], in slot: Slot) -> Bool {
        guard slot > applied, values.canHold(slot), values[slot] == nil else { return false }
        values[slot] = value
        return true
    }

    /// Keeps a proposal that has been seen, so that its value is here when it turns out to be chosen.
    mutating func see(_ acceptance: Acceptance, in slot: Slot) {
        guard slot > applied, proposed.canHold(slot) else { return }
        if let known = proposed[slot], known.ballot >= acceptance.ballot { return }
        proposed[slot] = acceptance
    }

    /// The proposal of the highest ballot seen in a slot.
    func proposal(in slot: Slot) -> Acceptance? { proposed[slot] }

    /// Counts an acceptor's vote in a slot; returns the ballot if a majority has accepted at it.
    mutating func count(
        _ slot: Slot, at ballot: Ballot, from acceptor: NodeID, majority: Majority
    ) -> Bool {
        guard slot > applied, tallies.canHold(slot) else { return false }
        if tallies[slot].map({ $0.ballot < ballot }) ?? true {
            tallies[slot] = Tally(ballot: ballot, voters: [])
        }
        return tallies.update(slot) { tally in
            guard tally.ballot == ballot else { return false }
            tally.voters.insert(acceptor)
            return majority.isReached(by: tally.voters)
        } ?? false
    }

    /// Whether the votes heard of make what was accepted at a ballot chosen.
    func isChosen(_ slot: Slot, at ballot: Ballot, by majority: Majority) -> Bool {
        guard let tally = tallies[slot], tally.ballot == ballot else { return false }
        return majority.isReached(by: tally.voters)
    }

    // MARK: Applying

    /// The value to be applied next, if it is here.
    var next: [UInt8]? { values[applied + 1] }

    /// Applies the next value.
    ///
    /// - Parameter answer: told of every command's reply.
    mutating func applyNext(_ answer: (CommandID, Reply) -> Void) {
        guard let value = next else { return }
        var chain = chain
        chain.fold(value.span)
        CommandBatch.forEach(in: value) { header, command in
            let reply = state.apply(header, command)
            chain.fold(reply)
            answer(header.id, reply)
        }
        self.chain = chain
        applied += 1
        keepChain()
        chosen = max(chosen, applied)
        proposed.removeThrough(applied)
        tallies.removeThrough(applied)
    }

    // MARK: Snapshots

    /// Takes a snapshot of the state and forgets the slots before it but the last few.
    mutating func takeSnapshot(keeping count: UInt64) {
        snapshot = state.snapshot()
        snapshotSlot = applied
        snapshotChain = chain.value
        if applied > count { values.removeThrough(applied - count) }
    }

    /// Goes on from another learner's snapshot; returns false if it is no use or cannot be read.
    mutating func restore(_ bytes: [UInt8], at slot: Slot, chain: UInt64) -> Bool {
        guard slot > applied else { return false }
        do throws(WireError) {
            try state.restore(bytes.span)
        } catch {
            return false
        }
        snapshot = bytes
        snapshotSlot = slot
        snapshotChain = chain
        applied = slot
        self.chain = ChainDigest(chain)
        firstChain = slot
        keepChain()
        chosen = max(chosen, slot)
        values.removeThrough(slot)
        proposed.removeThrough(slot)
        tallies.removeThrough(slot)
        return true
    }
}

/// The pieces of a snapshot that is being received, in order.
struct SnapshotAssembly: Sendable {
    let slot: Slot
    let chain: UInt64
    let size: Int
    private(set) var bytes: [UInt8] = []

    init(slot: Slot, chain: UInt64, size: Int) {
        self.slot = slot
        self.chain = chain
        self.size = size
    }

    var isComplete: Bool { bytes.count == size }

    /// Adds a piece if it is the next one; returns whether it was.
    mutating func add(_ part: SnapshotPart) -> Bool {
        guard part.slot == slot, part.chain == chain, Int(part.offset) == bytes.count,
            bytes.count + part.bytes.count <= size
        else { return false }
        bytes += part.bytes
        return true
    }
}
