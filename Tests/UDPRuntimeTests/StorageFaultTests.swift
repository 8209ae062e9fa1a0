import ConsensusCore
import Foundation
import Testing

@testable import UDPRuntime

@Suite("Record log on a failing disk")
struct StorageFaultTests {
    @Test(
        "one call is one write and one synchronization, however many records", arguments: [1, 64])
    func groupCommit(count: Int) throws {
        let disk = FakeDisk()
        var opened = try OpenedLog("log", segmentSize: 1 << 16, files: disk)
        let writes = disk.count(.write)
        let changes = disk.changes
        for call in 1...20 {
            try opened.log.makeDurable((0..<count).map { Note($0) })
            #expect(disk.count(.write) == writes + call)
            #expect(disk.count(.synchronizeData) == call)
            #expect(disk.changes == changes + 2 * call)
        }
    }

    @Test("a write that the system takes in parts is made whole", arguments: [1, 7, 100])
    func shortWrites(limit: Int) throws {
        let disk = FakeDisk()
        disk.with { $0.writeLimit = limit }
        let notes = (0..<10).map { Note($0, size: 30) }
        do {
            var opened = try OpenedLog("log", files: disk)
            try opened.log.makeDurable(notes)
            #expect(disk.count(.synchronizeData) == 1)
        }
        #expect(try LogContents("log", files: disk).records == notes)
    }

    @Test("a write that takes nothing fails rather than hang")
    func noProgress() throws {
        let disk = FakeDisk()
        var opened = try OpenedLog("log", files: disk)
        disk.with { $0.writeLimit = 0 }
        let error = expectFailure(&opened.log, [Note(1)])
        #expect(error?.status == 74)
    }

    /// What making records durable throws; nil and an issue if nothing.
    private func expectFailure(
        _ log: inout RecordLog<Note>, _ records: [Note],
        _ location: SourceLocation = #_sourceLocation
    ) -> ExitError? {
        do throws(ExitError) {
            try log.makeDurable(records)
        } catch {
            return error
        }
        Issue.record("nothing was thrown", sourceLocation: location)
        return nil
    }

    @Test(
        "a write or synchronization that fails gives 74, and the log takes no more",
        arguments: [
            (FakeDisk.Call.write, EIO), (.write, ENOSPC), (.synchronizeData, EIO),
            (.synchronizeData, ENOSPC),
        ])
    func failures(call: FakeDisk.Call, code: Int32) throws {
        let disk = FakeDisk()
        var opened = try OpenedLog("log", files: disk)
        try opened.log.makeDurable([Note(1)])
        disk.fail(call, code)
        let first = expectFailure(&opened.log, [Note(2)])
        #expect(first?.status == 74)
        #expect(first?.sentence.contains("Storage 'log': '0000000000000001.log'") == true)
        #expect(first?.sentence.contains("The device is full") == (code == ENOSPC))
        let changes = disk.changes
        let second = expectFailure(&opened.log, [Note(3)])
        #expect(second?.status == 74)
        #expect(second?.sentence.contains("failed before") == true)
        #expect(disk.changes == changes)
    }

    @Test("what a failed synchronization forgot is written again before it is gone by")
    func forgottenPages() throws {
        let disk = FakeDisk()
        do {
            var opened = try OpenedLog("log", files: disk)
            try opened.log.makeDurable([Note(1)])
            disk.fail(.synchronizeData, EIO)
            _ = expectFailure(&opened.log, [Note(2)])
        }
        disk.kill()
        // The system still shows the second record, so it is recovered, and the node goes by it.
        #expect(try LogContents("log", files: disk).records == [Note(1), Note(2)])
        var random = RandomSource(seed: 1)
        disk.powerFailure(&random)
        #expect(try LogContents("log", files: disk).records == [Note(1), Note(2)])
    }

    @Test("what was killed between write and synchronization is durable once it is recovered")
    func recoveredFromMemory() throws {
        let disk = FakeDisk()
        do {
            var opened = try OpenedLog("log", files: disk)
            disk.with { $0.callsToLive = 1 }
            _ = expectFailure(&opened.log, [Note(1)])
        }
        disk.kill()
        #expect(try LogContents("log", files: disk).records == [Note(1)])
        for seed in 1...10 as ClosedRange<UInt64> {
            var random = RandomSource(seed: seed)
            disk.powerFailure(&random)
            #expect(try LogContents("log", files: disk).records == [Note(1)])
        }
    }

    @Test("a full disk is said, costs nothing that was durable, and can be made room on")
    func fullDisk() throws {
        let disk = FakeDisk()
        disk.with { $0.capacity = 3 * 4_096 }
        var durable = 0
        var failure: ExitError?
        do {
            var opened = try OpenedLog("log", files: disk)
            while failure == nil && durable < 1_000 {
                do throws(ExitError) {
                    try opened.log.makeDurable([Note(durable, size: 50)])
                    durable += 1
                } catch {
                    failure = error
                }
            }
        }
        #expect(failure?.status == 74)
        #expect(failure?.sentence.contains("The device is full: make room") == true)
        #expect(durable > 100)
        let expected = (0..<durable).map { Note($0, size: 50) }
        disk.kill()
        #expect(try LogContents("log", files: disk).records == expected)
        disk.with { $0.capacity = 4 * 4_096 }
        var opened = try OpenedLog("log", files: disk)
        try opened.log.makeDurable([Note(1)])
    }

    @Test("a disk too full for a log to begin is said")
    func fullFromTheStart() throws {
        let disk = FakeDisk()
        disk.with { $0.capacity = 100 }
        let error = try #require(throws: ExitError.self) { try LogContents("log", files: disk) }
        #expect(error.status == 74)
        #expect(error.sentence.contains("'0000000000000001.log.new'"))
        #expect(disk.with { $0.names.keys.sorted() } == ["log/lock"])
    }

    @Test("records of someone who encodes otherwise are refused, not guessed at")
    func undecodable() throws {
        let disk = FakeDisk()
        do {
            var log = try RecordLog<PingRecord>(
                StorageFolder(path: "log", files: disk),
                LogSettings(identity: owner, segmentSize: 4_096, seed: 1), complain: { _ in },
                recovering: { _ in })
            try log.makeDurable([PingRecord(number: 1)])
        }
        let error = try #require(throws: ExitError.self) { try LogContents("log", files: disk) }
        #expect(error.status == 74)
        #expect(error.sentence.contains("a record that this program does not know"))
        #expect(error.sentence.contains("at byte 80"))
    }

    @Test("on a real device that is full", .enabled(if: FullDevice.canMount, FullDevice.notice))
    func fullDevice() throws {
        let scratch = try ScratchDirectory()
        let device = try FullDevice(at: scratch.url, size: "256k")
        defer { device.unmount() }
        var durable = 0
        var failure: ExitError?
        do {
            var opened = try OpenedLog(scratch.log, segmentSize: 1 << 16, files: SystemFiles())
            while failure == nil && durable < 10_000 {
                do throws(ExitError) {
                    try opened.log.makeDurable([Note(durable, size: 1_000)])
                    durable += 1
                } catch {
                    failure = error
                }
            }
        }
        #expect(failure?.status == 74)
        #expect(failure?.sentence.contains("No space left on device") == true)
        #expect(durable > 50)
        let expected = (0..<durable).map { Note($0, size: 1_000) }
        #expect(try LogContents(scratch.log).records == expected)
    }
}

/// A small file system in memory, which only root can mount.
struct FullDevice {
    static let notice: Comment = "NOT TESTED HERE: only root on Linux can mount a small file system"
    let path: String

    static var canMount: Bool {
        #if os(Linux)
            geteuid() == 0 && FileManager.default.isExecutableFile(atPath: "/bin/mount")
        #else
            false
        #endif
    }

    init(at url: URL, size: String) throws {
        path = url.path
        try FullDevice.run("/bin/mount", "-t", "tmpfs", "-o", "size=\(size)", "synod-test", path)
    }

    func unmount() {
        try? FullDevice.run("/bin/umount", path)
    }

    private static func run(_ program: String, _ arguments: String...) throws {
        let process = try Process.run(URL(fileURLWithPath: program), arguments: arguments)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(program) \(arguments)")
    }
}
