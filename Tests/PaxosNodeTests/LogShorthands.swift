import ConsensusCore

@testable import PaxosNode

// Messages and records of the log whose further fields are of no interest to a test: no record was written,
// nothing was applied, votes count.

extension StateClaim {
    static let none = StateClaim(applied: 0, chain: 0)
}

extension Hello {
    init(proof: UInt64) { self.init(proof: proof, number: 0) }
}

extension Welcome {
    init(proof: UInt64, remembered: UInt64, number: UInt64 = 0) {
        self.init(
            proof: proof, remembered: remembered, written: 0, isVoting: true, number: number)
    }

    init(proof: UInt64, remembered: UInt64, written: UInt64, isVoting: Bool) {
        self.init(
            proof: proof, remembered: remembered, written: written, isVoting: isVoting, number: 0)
    }
}

extension LogHeartbeat {
    init(ballot: Ballot, round: UInt64, chosen: Slot, truncatable: Slot) {
        self.init(
            ballot: ballot, round: round, chosen: chosen, truncatable: truncatable, claim: .none,
            written: [])
    }
}

extension Pulse {
    init(ballot: Ballot, round: UInt64, isVoting: Bool, snapshot: Slot) {
        self.init(
            ballot: ballot, round: round, isVoting: isVoting, snapshot: snapshot, written: 0,
            claim: .none)
    }
}

extension LogPromise {
    init(
        ballot: Ballot, from: Slot, truncated: Slot, entries: [AcceptedEntry], next: Slot?
    ) {
        self.init(
            ballot: ballot, from: from, truncated: truncated, entries: entries, next: next,
            written: 0)
    }
}

extension LogAccepted {
    init(ballot: Ballot, slots: [SlotRange]) {
        self.init(ballot: ballot, slots: slots, written: 0)
    }
}

extension SnapshotPart {
    init(slot: Slot, size: UInt32, offset: UInt32, bytes: [UInt8]) {
        self.init(slot: slot, chain: 0, size: size, offset: offset, bytes: bytes)
    }
}

extension LogReport {
    init(
        isLeading: Bool, ballot: UInt64?, leader: NodeID?, chosen: Slot, applied: Slot?,
        snapshot: Slot, isVoting: Bool?, digest: UInt64?
    ) {
        self.init(
            isLeading: isLeading, ballot: ballot, leader: leader, chosen: chosen, applied: applied,
            snapshot: snapshot, isVoting: isVoting, digest: digest, birth: 0, disputed: nil)
    }
}

extension LogRecord {
    static func snapshot(_ slot: Slot, _ bytes: [UInt8]) -> LogRecord {
        .snapshot(slot, chain: 0, bytes)
    }
}
