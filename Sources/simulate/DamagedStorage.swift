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
            files.damage(damage, among: stored)
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

    /// Writes each record as a frame of its own; returns how many bytes each file held before the last.
    private static func write<Record: WireCodable>(
        _ records: [Record], of node: NodeID, in files: MemoryFiles
    ) throws(ExitError) -> [Int] {
        var log = try openLog(node, files) { (_: Record) in }
        for record in records.dropLast() { try log.makeDurable([record]) }
        let stored = files.files.map(\.dataCount)
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
