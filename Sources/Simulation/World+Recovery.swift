public import ConsensusCore

extension World {
    /// Has an automaton take back all whole records of a host's disk; returns how many, and where the last
    /// ends.
    @usableFromInline
    mutating func replay(_ host: Int, into automaton: inout Subject) -> (count: Int, end: Int) {
        var offset = 0
        var count = 0
        while let body = disks[host].body(at: offset) {
            offset = body.upperBound
            if let record = decodeRecord(host, body) {
                automaton.recover(record)
                count += 1
            }
        }
        return (count, offset)
    }

    /// A host that cannot take back what was recorded does not start, and stays down.
    ///
    /// It is a violation where the disk is the one that the host has written.
    @usableFromInline
    mutating func refuseToStart(_ host: Int, because reason: String) {
        effects.removeAll()
        hosts[host].status = .crashed
        hosts[host].isGone = true
        statistics.refusedStarts += 1
        note(.refusesToStart, host)
        line(.refusesToStart, host, text: reason)
        observer.didCrash(NodeID(index: host), at: now)
        if !hosts[host].hasForeignDisk { complain(of: host, because: reason) }
    }

    private mutating func complain(of host: Int, because reason: String) {
        fault =
            fault
            ?? Violation(
                property: "what was recorded can be taken back",
                explanation: "node \(host) does not start again: \(reason)")
    }

    /// Sees whether every host could start again from what is on its disk now.
    @usableFromInline
    mutating func checkDisks() {
        for host in hosts.indices where disks[host].size > 0 {
            guard !hosts[host].hasForeignDisk, hosts[host].rotFault == nil else { continue }
            var heir = automaton(host, life: hosts[host].life + 1)
            _ = replay(host, into: &heir)
            if let reason = World.recoveryFault(of: &heir) { complain(of: host, because: reason) }
        }
    }

    /// Reads a record that has just been written from the bytes that are on the disk.
    @inlinable
    mutating func readBack(_ record: Subject.Record, on host: Int, at frame: Int) {
        let body = frame + SimulatedDisk.frameHeader..<disks[host].size
        guard let found = decodeRecord(host, body), found != record else { return }
        noteReadsDifferently(host)
    }

    @usableFromInline
    mutating func noteReadsDifferently(_ host: Int) {
        fault = Violation(
            property: "records can be read back",
            explanation: "node \(host) wrote a record that reads as another")
    }

    /// Reads back a record that was written whole; not being able to is a violation of the codec.
    @inlinable
    mutating func decodeRecord(_ host: Int, _ body: Range<Int>) -> Subject.Record? {
        let bytes = disks[host].writer.bytes
        var reader = bytes.span.extracting(body)
        if let record = try? Subject.Record(from: &reader), reader.isEmpty { return record }
        noteUnreadable(host)
        return nil
    }

    @usableFromInline
    mutating func noteUnreadable(_ host: Int) {
        fault = Violation(
            property: "records can be read back",
            explanation: "node \(host) wrote a record that does not decode to the end")
    }

    @usableFromInline
    static func recoveryFault(of automaton: inout Subject) -> String? { automaton.recoveryFault }

    /// The planted bug: what is left of a half-written record, its checksum ignored.
    @usableFromInline
    func decodeTornRecord(_ host: Int, _ offset: Int) -> Subject.Record? {
        let bytes = disks[host].writer.bytes
        guard bytes.count - offset > SimulatedDisk.frameHeader else { return nil }
        var header = bytes.span.extracting(droppingFirst: offset)
        guard let length = try? header.readUInt32(), length <= 1 << 20 else { return nil }
        let start = offset + SimulatedDisk.frameHeader
        var body = Array(bytes[start...].prefix(Int(length)))
        body.append(contentsOf: repeatElement(0, count: Int(length) - body.count))
        var reader = body.span
        return try? Subject.Record(from: &reader)
    }
}
