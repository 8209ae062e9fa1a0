import ConsensusCore
import PaxosNode

@testable import UDPRuntime

/// Recovery from any files: it never traps, leaves what it refuses as it was, and what it opens can be
/// written to and opened again.
func fuzz(_ bytes: [UInt8]) {
    var input = Input(bytes)
    let files = MemoryFiles()
    var written: [Note] = []
    if input.below(4) == 0 {
        makeFiles(of: &input, in: files)
    } else {
        written = write(&input, to: files)
        let isUntouched = input.isEmpty
        for _ in 0..<8 where !input.isEmpty { damage(files, &input) }
        if isUntouched { expect(open(files)?.notes == written, "a log that is whole") }
    }
    reopen(files)
}

/// A record of the fuzzer's own: some bytes.
private struct Note: WireCodable, Equatable {
    var bytes: [UInt8]

    func encode(into writer: inout ByteWriter) { writer.write(bytes) }

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    init(from reader: inout ByteReader) throws(WireError) {
        bytes = try reader.readBytes(upTo: 8_192)
    }
}

private let directory = "storage"
private let identity = LogIdentity(cluster: 1, node: 2)

private func openLog(
    _ files: MemoryFiles, recovering recover: (Note) -> Void
) throws(ExitError) -> RecordLog<Note> {
    try RecordLog(
        directory: directory, files: files, identity: identity, segmentSize: 4_096, seed: 7,
        complain: { _ in }, recovering: recover)
}

/// The records of a log, and the same with one more; nil if it is refused.
private func open(
    _ files: MemoryFiles, adding note: Note? = nil
) -> (notes: [Note], size: Int)? {
    var notes: [Note] = []
    do {
        var log = try openLog(files) { notes.append($0) }
        if let note { try log.makeDurable([note]) }
        return (notes, log.size)
    } catch {
        expect(error.status == ExitStatus.storage, "a refusal with status \(error.status)")
        return nil
    }
}

private func reopen(_ files: MemoryFiles) {
    // Such segments only cost memory here.
    for file in files.files {
        guard let header = try? SegmentHeader(decoding: Array(file.bytes.prefix(64))) else {
            continue
        }
        guard header.capacity <= 1 << 20 else { return }
    }
    let before = stored(in: files)
    guard let first = open(files) else {
        expect(stored(in: files) == before, "it has changed what it refuses")
        return
    }
    guard let second = open(files, adding: Note([1, 2, 3])) else {
        fatalError("what it opened once it does not open again")
    }
    expect(second.notes == first.notes, "opened again it has other records")
    expect(
        open(files)?.notes == first.notes + [Note([1, 2, 3])],
        "a record that was written to it is not there")
}

/// All files but the one that is there to be locked.
private func stored(in files: MemoryFiles) -> [MemoryFiles.File] {
    files.files.filter { $0.path != "\(directory)/\(StorageFolder.lockName)" }
}

// MARK: - Making files

private func makeFiles(of input: inout Input, in files: MemoryFiles) {
    for _ in 0..<input.below(4) {
        let name = name(&input)
        let count = input.short() % 8_192
        files.files.append(MemoryFiles.File(path: name, bytes: input.take(count)))
    }
}

private func name(_ input: inout Input) -> String {
    let choice = input.byte()
    let number = UInt64(choice & 7)
    let suffix = choice & 8 == 0 ? "" : SegmentHeader.unfinishedSuffix
    let name =
        choice & 16 == 0
        ? SegmentHeader.fileName(of: number)
        : String(decoding: input.take(Int(choice >> 5)), as: UTF8.self)
    return "\(directory)/\(name)\(suffix)"
}

/// Writes what the input says, as nodes do, with a replacement of all records now and then.
private func write(_ input: inout Input, to files: MemoryFiles) -> [Note] {
    var notes: [Note] = []
    do {
        var log = try openLog(files) { _ in }
        for _ in 0..<input.below(24) {
            let size = input.below(16) == 0 ? 3_000 : input.below(64)
            let batch = (0..<1 + input.below(3)).map { _ in
                Note(Array(repeating: input.byte(), count: size))
            }
            if input.below(8) == 0 {
                try log.replaceAll(with: batch)
                notes = batch
            } else {
                try log.makeDurable(batch)
                notes += batch
            }
        }
    } catch {
        fatalError("files that never fail: \(error)")
    }
    return notes
}

/// Damages the files in one place.
private func damage(_ files: MemoryFiles, _ input: inout Input) {
    let present = files.files.indices.filter { !files.files[$0].path.isEmpty }
    guard !present.isEmpty else { return }
    let index = present[input.below(present.count)]
    let file = files.files[index]
    var bytes = file.bytes
    switch input.below(8) {
    case 0: bytes.removeLast(min(bytes.count, input.short()))
    case 1: bytes += input.take(input.below(64))
    case 2: return files.remove(file.path)
    case 3: return files.move(file.path, to: name(&input))
    case 4:
        let copy = MemoryFiles.File(path: name(&input), bytes: bytes)
        files.remove(copy.path)
        files.files.append(copy)
        return
    case 5:
        // A part of the file stands somewhere else in it too.
        let part = bytes.dropFirst(input.short()).prefix(input.short())
        for (place, byte) in zip(input.short()..., part) where place < bytes.count {
            bytes[place] = byte
        }
    default:
        let offset = input.short()
        let count = 1 + input.below(16)
        for (place, byte) in zip(offset..., input.take(count)) where place < bytes.count {
            bytes[place] ^= byte
        }
    }
    files.files[index].bytes = bytes
}
