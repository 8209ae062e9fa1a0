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
        let looks = disk.with { $0.looks }
        for call in 1...20 {
            try opened.log.makeDurable((0..<count).map { Note($0) })
            #expect(disk.count(.write) == writes + call)
            #expect(disk.count(.synchronizeData) == call)
            #expect(disk.changes == changes + 2 * call)
            #expect(disk.with { $0.looks } == looks + 2 * call)
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

    @Test("what a failed synchronization of recovery forgot is written again by the next one")
    func forgottenByRecovery() throws {
        let disk = FakeDisk()
        do {
            var opened = try OpenedLog("log", files: disk)
            try opened.log.makeDurable([Note(1)])
            disk.with { $0.callsToLive = 1 }
            _ = expectFailure(&opened.log, [Note(2)])
        }
        disk.kill()
        // Of what recovery synchronizes, first the names and then the segment.
        for others in 0...1 {
            disk.fail(.synchronize, EIO, after: others)
            let error = #expect(throws: ExitError.self) { try LogContents("log", files: disk) }
            #expect(error?.status == 74)
            disk.kill()
        }
        #expect(try LogContents("log", files: disk).records == [Note(1), Note(2)])
        for seed in 1...10 as ClosedRange<UInt64> {
            var random = RandomSource(seed: seed)
            disk.powerFailure(&random)
            #expect(try LogContents("log", files: disk).records == [Note(1), Note(2)])
        }
    }

    @Test(
        "a checkpoint whose name could not be made durable leaves all of the old records or of the new",
        arguments: 1...20 as ClosedRange<UInt64>)
    func unsynchronizedName(seed: UInt64) throws {
        let disk = FakeDisk()
        var random = RandomSource(seed: seed)
        let old = (0..<100).map { Note($0, size: 100) }
        do {
            var opened = try OpenedLog("log", files: disk)
            for note in old { try opened.log.makeDurable([note]) }
            // The first is of the file, before it has its name; the second of the directory.
            disk.fail(.synchronize, EIO, after: 1)
            do throws(ExitError) {
                try opened.log.replaceAll(with: [Note(1_000)])
                Issue.record("nothing was thrown")
            } catch {
                #expect(error.status == 74)
                #expect(error.sentence.contains("the directory could not be synchronized"))
            }
            let changes = disk.changes
            _ = expectFailure(&opened.log, [Note(7)])
            #expect(disk.changes == changes)
        }
        // The system shows the new name, so that is what a life goes by that comes before a power failure.
        let isPowerLost = seed % 2 == 0
        if isPowerLost { disk.powerFailure(&random) } else { disk.kill() }
        let found: [Note]
        do {
            var opened = try OpenedLog("log", files: disk)
            found = opened.records
            try opened.log.makeDurable([Note(8)])
        }
        #expect(found == [Note(1_000)] || (isPowerLost && found == old))
        disk.powerFailure(&random)
        #expect(try LogContents("log", files: disk).records == found + [Note(8)])
    }

    /// Every call that can fail, in a life that opens, records, begins segments and compacts.
    @Test(
        "after an error of any call nothing more is taken, and all that was durable is found again",
        arguments: [EIO, ENOSPC], [false, true])
    func anyCall(code: Int32, isPowerLost: Bool) throws {
        var hasFinished = false
        var others = 0
        while !hasFinished {
            let disk = FakeDisk()
            var random = RandomSource(seed: UInt64(others))
            var durable: [Note] = []
            var underWay: [Note] = []
            disk.fail(nil, code, after: others)
            do throws(ExitError) {
                var opened = try OpenedLog("log", files: disk)
                for number in 0..<30 {
                    let note = Note(number, size: 300)
                    underWay = number == 20 ? [note] : durable + [note]
                    do throws(ExitError) {
                        if number == 20 {
                            try opened.log.replaceAll(with: underWay)
                        } else {
                            try opened.log.makeDurable([note])
                        }
                    } catch {
                        let changes = disk.changes
                        _ = expectFailure(&opened.log, [Note(1_000)])
                        #expect(disk.changes == changes, "after \(others) calls")
                        throw error
                    }
                    durable = underWay
                }
                hasFinished = true
            } catch {
                #expect(error.status == 74)
            }
            if isPowerLost { disk.powerFailure(&random) } else { disk.kill() }
            for _ in 0..<2 {
                let found = try LogContents("log", files: disk).records
                #expect(found == durable || found == underWay, "after \(others) calls")
                durable = found
                // What was found once is durable.
                disk.powerFailure(&random)
            }
            others += 1
        }
        #expect(others > 60)
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
