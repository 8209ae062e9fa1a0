import ConsensusCore
import Foundation

@testable import UDPRuntime

/// A record of any size.
struct Note: WireCodable, Hashable, Sendable {
    var number: UInt64
    var text: [UInt8]

    init(_ number: Int, size: Int = 5) {
        self.number = UInt64(number)
        text = (0..<size).map { UInt8(truncatingIfNeeded: number &* 31 &+ $0) }
    }

    func encode(into writer: inout ByteWriter) {
        writer.write(number)
        writer.write(text)
    }

    init(from reader: inout ByteReader) throws(WireError) {
        number = try reader.readUInt64()
        text = try reader.readBytes(upTo: 1 << 20)
    }
}

/// A record as large as a snapshot.
struct Blob: WireCodable, Hashable, Sendable {
    var bytes: [UInt8]

    init(bytes: [UInt8]) { self.bytes = bytes }
    func encode(into writer: inout ByteWriter) { writer.write(bytes) }
    init(from reader: inout ByteReader) throws(WireError) {
        bytes = try reader.readBytes(upTo: 1 << 28)
    }
}

let owner = LogIdentity(cluster: 7, node: 2)

/// The files of the operating system, without waiting for the device.
///
/// For tests that crash nothing: synchronization is most of what they would do.
struct QuickFiles: StorageFiles {
    let files = SystemFiles()

    func synchronize(_ descriptor: Int32) throws(SystemError) {}
    func synchronizeData(_ descriptor: Int32) throws(SystemError) {}

    func makeDirectory(_ path: String) throws(SystemError) { try files.makeDirectory(path) }

    func namesInDirectory(_ path: String) throws(SystemError) -> [String] {
        try files.namesInDirectory(path)
    }

    func openToRead(_ path: String) throws(SystemError) -> Int32 { try files.openToRead(path) }
    func openOrMake(_ path: String) throws(SystemError) -> Int32 { try files.openOrMake(path) }
    func close(_ descriptor: Int32) { files.close(descriptor) }

    func identity(at path: String) throws(SystemError) -> FileIdentity {
        try files.identity(at: path)
    }

    func identity(of descriptor: Int32) throws(SystemError) -> FileIdentity {
        try files.identity(of: descriptor)
    }

    func lockExclusively(_ descriptor: Int32) throws(SystemError) {
        try files.lockExclusively(descriptor)
    }

    func unlock(_ descriptor: Int32) { files.unlock(descriptor) }

    func read(_ descriptor: Int32, limit: Int, at offset: Int) throws(SystemError) -> [UInt8] {
        try files.read(descriptor, limit: limit, at: offset)
    }

    func write(
        _ descriptor: Int32, _ bytes: [UInt8], from first: Int, at offset: Int
    ) throws(SystemError) -> Int {
        try files.write(descriptor, bytes, from: first, at: offset)
    }

    func allocate(_ descriptor: Int32, size: Int) throws(SystemError) {
        try files.allocate(descriptor, size: size)
    }

    func move(_ path: String, to newPath: String) throws(SystemError) {
        try files.move(path, to: newPath)
    }

    func remove(_ path: String) throws(SystemError) { try files.remove(path) }
}

/// A log, and what was found when it was opened.
struct OpenedLog: ~Copyable {
    var log: RecordLog<Note>
    var records: [Note]
    var complaints: [String]

    /// Opens a log of the operating system's, or of a fake's, files.
    init(
        _ directory: String, _ identity: LogIdentity = owner, segmentSize: Int = 4_096,
        files: any StorageFiles = QuickFiles(), seed: UInt64 = 1
    ) throws(ExitError) {
        var records: [Note] = []
        var complaints: [String] = []
        log = try RecordLog(
            StorageFolder(path: directory, files: files),
            LogSettings(identity: identity, segmentSize: segmentSize, seed: seed),
            complain: { complaints.append($0) }, recovering: { records.append($0) })
        self.records = records
        self.complaints = complaints
    }
}

/// What a log of a directory holds, opened and closed.
struct LogContents {
    var records: [Note] = []
    var complaints: [String] = []
    var size = 0

    init(
        _ directory: String, _ identity: LogIdentity = owner,
        files: any StorageFiles = QuickFiles()
    ) throws(ExitError) {
        let opened = try OpenedLog(directory, identity, files: files)
        records = opened.records
        complaints = opened.complaints
        size = opened.log.size
    }
}

/// A directory of a test's own, removed with it.
final class ScratchDirectory: Sendable {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)

    init() throws {
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }

    /// Where a log is to be; not there yet.
    var log: String { url.appendingPathComponent("log").path }

    /// The files of the log's segments, in order.
    var segments: [URL] {
        get throws {
            try FileManager.default.contentsOfDirectory(
                at: url.appendingPathComponent("log"), includingPropertiesForKeys: nil
            )
            .filter { $0.pathExtension == "log" }
            .sorted { $0.path < $1.path }
        }
    }

    /// All files of the log and what they hold.
    var snapshot: [String: Data] {
        get throws {
            let folder = url.appendingPathComponent("log")
            var result: [String: Data] = [:]
            for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
                result[name] = try Data(contentsOf: folder.appendingPathComponent(name))
            }
            return result
        }
    }

    /// Makes a log of these batches; returns where in its only segment each of them ends.
    func writeLog(_ batches: [[Note]]) throws -> [Int] {
        var opened = try OpenedLog(log, segmentSize: 1 << 13)
        var ends: [Int] = []
        for batch in batches {
            try opened.log.makeDurable(batch)
            ends.append(opened.log.size)
        }
        return ends
    }
}

extension URL {
    func contents() throws -> Data { try Data(contentsOf: self) }
    func replace(with bytes: Data) throws { try bytes.write(to: self) }
}
