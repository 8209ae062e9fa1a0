import ConsensusCore
import Simulation
import UDPRuntime

/// Puts the drivers' own storage, ``UDPRuntime/RecordLog``, to the test of damage, in files in memory.
enum DamagedStorage {
    /// Small, so that a log has several segments.
    private static let segmentSize = 4_096
    private static let directory = "storage"

    /// Writes a node's records as condriver does, damages the files, and opens them as condriver does.
    ///
    /// The last record is spared: no log can tell damage there from a write that a crash cut short,
    /// which is to be cut off. Whatever is before it must be found out, with file and offset, and be
    /// left as it is.
    static func read<Record: WireCodable>(
        _ node: NodeID, _ records: [Record], _ damage: DiskDamage
    ) -> DamagedRead {
        let files = MemoryFiles()
        do throws(ExitError) {
            let stored = try write(records, of: node, in: files)
            if damage.isLie {
                files.lie(damage, about: stored.writes)
            } else {
                files.damage(damage, among: stored.counts)
            }
        } catch {
            return .lost("which it could not even write: \(error.sentence)")
        }
        let before = files.files
        do throws(ExitError) {
            return judge(try open(node, files) as [Record], wrote: records)
        } catch {
            guard error.status == ExitStatus.storage, error.sentence.hasPrefix(refusal) else {
                return .lost("of which it says: \(error.sentence)")
            }
            guard files.files == before else { return .lost("having changed what it refuses") }
            return .refused(error.sentence.dropFirst(refusal.count).upToFullStop)
        }
    }

    /// How every refusal begins; then come file, offset and reason.
    private static let refusal = "Storage '\(directory)': "

    /// Writes each record as a frame of its own; returns how many bytes each file held before the last,
    /// and how many writes that took.
    private static func write<Record: WireCodable>(
        _ records: [Record], of node: NodeID, in files: MemoryFiles
    ) throws(ExitError) -> (counts: [Int], writes: Int) {
        var log = try openLog(node, files) { (_: Record) in }
        for record in records.dropLast() { try log.makeDurable([record]) }
        let stored = (files.files.map(\.dataCount), files.writes.count)
        if let last = records.last { try log.makeDurable([last]) }
        return stored
    }

    private static func open<Record: WireCodable>(
        _ node: NodeID, _ files: MemoryFiles
    ) throws(ExitError) -> [Record] {
        var records: [Record] = []
        _ = try openLog(node, files) { records.append($0) }
        return records
    }

    private static func openLog<Record: WireCodable>(
        _ node: NodeID, _ files: MemoryFiles, recovering recover: (Record) -> Void
    ) throws(ExitError) -> RecordLog<Record> {
        try RecordLog(
            directory: directory, files: files, identity: LogIdentity(cluster: 1, node: node),
            segmentSize: segmentSize, seed: UInt64(node.rawValue), complain: { _ in },
            recovering: recover)
    }

    /// Whether a log that opens has every record as it was written.
    static func judge<Record: WireCodable>(
        _ found: [Record], wrote records: [Record]
    ) -> DamagedRead {
        guard found.count == records.count else {
            return .lost("with \(found.count) of its \(records.count) records")
        }
        for index in records.indices where bytes(found[index]) != bytes(records[index]) {
            return .lost("with another record number \(index + 1) than it wrote")
        }
        return .whole
    }

    private static func bytes(_ record: some WireCodable) -> [UInt8] {
        var writer = ByteWriter()
        record.encode(into: &writer)
        return writer.bytes
    }
}

extension MemoryFiles {
    /// Takes back what a disk only pretended to do with one of the first so many writes.
    ///
    /// An older last file is what a crash leaves that came before its last writes, and no log can tell:
    /// then the write is dropped instead.
    fileprivate func lie(_ lie: DiskDamage, about count: Int) {
        let writes = Array(writes.prefix(count))
        guard !writes.isEmpty else { return }
        let chosen = lie.offset(in: writes.count)
        switch lie.kind {
        case .flippedBit, .lostBlock: return
        case .droppedWrite: undo(writes[chosen])
        case .misdirectedWrite(let distance):
            undo(writes[chosen])
            let other = (chosen + max(1, writes.count * distance / 1_000)) % writes.count
            guard other != chosen else { return }
            put(
                writes[chosen].after, in: writes[other].file, at: writes[other].offset,
                before: firstSpared(in: writes[other].file, from: count))
        case .olderFile(let age):
            let file = writes[chosen].file
            guard file != files.lastIndex(where: { !$0.path.isEmpty }) else {
                return undo(writes[chosen])
            }
            let own = self.writes.filter { $0.file == file }
            for write in own.dropFirst(own.count * age / 1_000).reversed() { undo(write) }
        }
    }

    /// Where in a file the writes stand that are not lied about.
    private func firstSpared(in file: Int, from count: Int) -> Int {
        writes.dropFirst(count).filter { $0.file == file }.map(\.offset).min() ?? .max
    }

    private func undo(_ write: Write) { put(write.before, in: write.file, at: write.offset) }

    private func put(_ bytes: [UInt8], in file: Int, at offset: Int, before limit: Int = .max) {
        let end = min(offset + bytes.count, files[file].bytes.count, limit)
        guard offset < end else { return }
        files[file].bytes.replaceSubrange(offset..<end, with: bytes.prefix(end - offset))
    }

    /// Damages one place among the first so many bytes of each file.
    fileprivate func damage(_ damage: DiskDamage, among counts: [Int]) {
        var skipped = damage.offset(in: counts.reduce(0, +))
        for (index, count) in counts.enumerated() {
            if skipped < count {
                damage.apply(to: &files[index].bytes[..<count], at: skipped)
                return
            }
            skipped -= count
        }
    }
}

extension Substring {
    /// What comes before the first full stop that ends a sentence.
    fileprivate var upToFullStop: String {
        let characters = Array(self)
        for index in characters.indices.dropLast()
        where characters[index] == "." && characters[index + 1] == " " {
            return String(characters[..<index])
        }
        return String(self)
    }
}
