import ConsensusCore

/// How much a node has recorded since its last checkpoint, so that it knows when the next is due.
struct Journal: Sendable {
    /// About how many bytes of records there are since then.
    private(set) var bytes = 0
    /// About how many bytes the last checkpoint had.
    private(set) var checkpointBytes = 0
    /// How far the last snapshot reached.
    private(set) var snapshotSlot: Slot = 0
    /// The last slot recorded as chosen.
    var chosen: Slot = 0
    /// How many records there have ever been, those that checkpoints have replaced included, but for those
    /// that do not count.
    private(set) var written: UInt64 = 0
    /// Whether records count, as far as what is on record says.
    private(set) var isNumbering = true

    mutating func count(_ record: LogRecord) {
        bytes += record.size
        switch record {
        case .written(let number):
            written = number
            isNumbering = true
        case .unnumbered: isNumbering = false
        default: if isNumbering { written += 1 }
        }
    }

    mutating func noteSnapshot(at slot: Slot) {
        snapshotSlot = slot
        chosen = max(chosen, slot)
    }

    /// A checkpoint of these records replaces all others.
    mutating func restart(with records: [LogRecord]) {
        bytes = 0
        checkpointBytes = records.reduce(0) { $0 + $1.size }
        isNumbering = true
    }
}

extension LogNode {
    /// Asks for a record to be made durable, and counts it if records count now.
    mutating func remember(_ record: LogRecord, into lanes: inout Lanes) {
        if journal.isNumbering, !numbersRecords {
            journal.count(.unnumbered)
            lanes.remember(.unnumbered)
        }
        resumeNumbering(into: &lanes)
        journal.count(record)
        lanes.remember(record)
    }

    /// Whether records count: not while a life that has come back may have lost some.
    ///
    /// Else a directory older than what was told of it could make up for that by what it records before it
    /// has been confirmed, if it is started twice.
    private var numbersRecords: Bool {
        acceptor == nil || !hasRecovered || acquaintance.isConfirmed
    }

    /// Has records count again once this life is confirmed, from a number above that of any earlier copy of
    /// the directory.
    mutating func resumeNumbering(into lanes: inout Lanes) {
        guard !journal.isNumbering, numbersRecords else { return }
        let number = journal.written + 1
        journal.count(.written(number))
        lanes.remember(.written(number))
    }

    public var wantsCheckpoint: Bool {
        // At least as much as the last one, so that the work stays in proportion to what is recorded.
        if journal.bytes > max(options.snapshotBytes, journal.checkpointBytes) { return true }
        guard let learner else { return false }
        return learner.applied - journal.snapshotSlot > options.snapshotSlots
    }

    public mutating func checkpoint() -> [LogRecord] {
        var records: [LogRecord] = [.incarnation(incarnation)]
        if let birth = founding.birth {
            records.append(.born(birth, node, service: options.service))
        } else {
            founding.forEachRecord { records.append($0) }
        }
        acquaintance.forEachRecord { records.append($0) }
        if let number = ballots?.last { records.append(.ballot(number)) }
        if learner != nil {
            let kept = options.keptSlots
            learner?.takeSnapshot(keeping: kept)
            if let learner, learner.applied > 0 {
                // Better no node than one that cannot start again.
                precondition(
                    learner.snapshot.count <= LogRecord.maximumSnapshotSize,
                    "a snapshot of more than \(LogRecord.maximumSnapshotSize) bytes cannot be kept")
                records.append(
                    .snapshot(learner.applied, chain: learner.chain.value, learner.snapshot))
                journal.noteSnapshot(at: learner.applied)
                if cluster.form == .replicas { acceptor?.truncate(through: learner.applied) }
            }
        }
        if let acceptor {
            if acceptor.truncated > 0 { records.append(.truncated(acceptor.truncated)) }
            if let promised = acceptor.promised { records.append(.promised(promised)) }
            var slot = acceptor.accepted.first
            while slot < acceptor.accepted.end {
                if let acceptance = acceptor.accepted[slot] {
                    records.append(.accepted(AcceptedEntry(slot: slot, acceptance: acceptance)))
                }
                slot += 1
            }
        }
        if let learner {
            var slot = learner.applied + 1
            while slot < learner.values.end {
                if let value = learner.values[slot] { records.append(.learned(slot, value)) }
                slot += 1
            }
        }
        // Last, so that it stands for all that are read back before it.
        records.append(.written(journal.written))
        journal.restart(with: records)
        return records
    }
}
