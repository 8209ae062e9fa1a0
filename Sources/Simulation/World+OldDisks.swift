import ConsensusCore

/// What was on a host's disk at some time.
@usableFromInline
struct DiskCopy {
    /// Which fault it is for.
    @usableFromInline let fault: Int
    @usableFromInline let disk: SimulatedDisk
}

extension World {
    /// Copies a disk, as far as it is durable, for a fault that will put the copy in its place.
    @usableFromInline
    mutating func copyDisk(for fault: Int) {
        guard case .oldDisk(let node, _, _, _) = plan.scheduled[fault], node.index < hosts.count
        else { return }
        let disk = disks[node.index].durableCopy
        guard disk.size > 0 else { return }
        note(.copiesDisk, node.index, UInt64(disk.size))
        line(.copiesDisk, node.index)
        copies.append(DiskCopy(fault: fault, disk: disk))
    }

    /// Puts an older copy in the place of a host's disk; a host that is up goes down first.
    mutating func putBack(_ host: Int, comebackAfter pause: Interval, fault: Int) {
        guard let copy = copies.first(where: { $0.fault == fault }), canComeBack(host),
            copy.disk.writer.bytes != disks[host].writer.bytes
        else { return }
        let node = NodeID(index: host)
        let records = records(on: copy.disk)
        guard observer.mayRollBack(node, to: records) else { return }
        if hosts[host].isUp {
            crash(host, action: .crashes, tail: .kept, comeback: .withDisk(after: pause))
        }
        statistics.oldDisks += 1
        disks[host] = copy.disk
        hosts[host].hasForeignDisk = true
        hosts[host].hadOldDisk = true
        note(.findsOldDisk, host, UInt64(records.count))
        line(.findsOldDisk, host, text: "with \(records.count) records")
        observer.didRollBack(node, to: records, at: now)
    }

    /// Has hosts begin anew, some with emptied disks.
    mutating func beginAnew(wiped: NodeSet, kept: NodeSet, within span: Interval) {
        let wiped = wiped.filter { canComeBack($0.index) }
        let kept = kept.filter { canComeBack($0.index) && disks[$0.index].size > 0 }
            .subtracting(wiped)
        guard !wiped.isEmpty, observer.mayBeginAnew(wiped: wiped, kept: kept) else { return }
        statistics.newBeginnings += 1
        note(.beginsAnew, 0, wiped.bits)
        line(.beginsAnew, nil, text: "{\(wiped)} with empty disks, {\(kept)} with those they had")
        for node in wiped.union(kept) where hosts[node.index].isUp {
            let pause = drawnComeback(of: node.index, within: span)
            crash(node.index, action: .crashes, tail: .kept, comeback: .withDisk(after: pause))
        }
        for node in wiped {
            disks[node.index].removeAll()
            hosts[node.index].hasForeignDisk = false
            hosts[node.index].isEmptied = true
        }
        observer.didBeginAnew(wiped: wiped, kept: kept, at: now)
    }

    /// Whether a host is up, or down and will come back with what is on its disk.
    private func canComeBack(_ host: Int) -> Bool {
        guard host < hosts.count, hosts[host].status != .notStarted else { return false }
        return hosts[host].isUp || !hosts[host].isGone
    }

    /// All that an automaton would take back from a disk.
    private func records(on disk: SimulatedDisk) -> [Subject.Record] {
        var records: [Subject.Record] = []
        var offset = 0
        let bytes = disk.writer.bytes
        while let body = disk.body(at: offset) {
            offset = body.upperBound
            var reader = bytes.span.extracting(body)
            if let record = try? Subject.Record(from: &reader) { records.append(record) }
        }
        return records
    }
}

extension NodeSet {
    fileprivate func filter(_ isIncluded: (NodeID) -> Bool) -> NodeSet {
        var result = NodeSet()
        for node in self where isIncluded(node) { result.insert(node) }
        return result
    }
}
