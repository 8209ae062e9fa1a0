import ConsensusCore
import Foundation
import Testing

@testable import UDPRuntime

@Suite("Record log")
struct StorageTests {
    @Test("what was made durable is found again, in order, in any number of segments")
    func roundTrip() throws {
        let scratch = try ScratchDirectory()
        var expected: [Note] = []
        for life in 0..<4 {
            // The first life waits for the device.
            var opened =
                life == 0
                ? try OpenedLog(scratch.log, files: SystemFiles()) : try OpenedLog(scratch.log)
            let found = opened.records
            #expect(found == expected)
            let complaints = opened.complaints
            #expect(complaints == [])
            for call in 0..<30 {
                let batch = (0...call % 3).map { Note(life * 1_000 + call * 10 + $0, size: 40) }
                try opened.log.makeDurable(batch)
                expected += batch
            }
            try opened.log.makeDurable([])
        }
        #expect(try LogContents(scratch.log).records == expected)
        #expect(try scratch.segments.count > 3)
        for segment in try scratch.segments {
            #expect(try Data(contentsOf: segment).count == 4_096)
        }
    }

    @Test("a batch larger than a segment gets one of its own size", arguments: [4_000, 100_000])
    func large(size: Int) throws {
        let scratch = try ScratchDirectory()
        let batches = [
            [Note(1)], [Note(2, size: size)], [Note(3)], [Note(4, size: size), Note(5)],
        ]
        do {
            var opened = try OpenedLog(scratch.log)
            for batch in batches { try opened.log.makeDurable(batch) }
        }
        #expect(try LogContents(scratch.log).records == batches.flatMap(\.self))
    }

    @Test("compaction leaves only what it is given, and the log goes on from there")
    func compaction() throws {
        let scratch = try ScratchDirectory()
        do {
            var opened = try OpenedLog(scratch.log)
            for number in 0..<300 { try opened.log.makeDurable([Note(number, size: 60)]) }
            let before = try scratch.segments.count
            #expect(before > 5)
            try opened.log.replaceAll(with: [Note(1_000), Note(1_001)])
            let after = try scratch.segments.count
            #expect(after == 1)
            let size = opened.log.size
            #expect(size < 200)
            try opened.log.makeDurable([Note(1_002)])
        }
        let expected = [Note(1_000), Note(1_001), Note(1_002)]
        do {
            var opened = try OpenedLog(scratch.log)
            let found = opened.records
            #expect(found == expected)
            try opened.log.replaceAll(with: (0..<3_000).map { Note($0, size: 50) })
        }
        do {
            var opened = try OpenedLog(scratch.log)
            let found = opened.records
            #expect(found == (0..<3_000).map { Note($0, size: 50) })
            try opened.log.replaceAll(with: [])
        }
        #expect(try LogContents(scratch.log).records == [])
        #expect(try scratch.segments.count == 1)
    }

    @Test("a record as large as a snapshot is kept, and segments are small again after it")
    func largeReplacement() throws {
        let scratch = try ScratchDirectory()
        let large = Blob(bytes: [UInt8](repeating: 0xa5, count: 16 << 20))
        let small = (0..<100).map { Blob(bytes: [UInt8](repeating: UInt8($0), count: 100)) }
        func open(_ recover: (Blob) -> Void) throws(ExitError) -> RecordLog<Blob> {
            try RecordLog(
                StorageFolder(path: scratch.log, files: QuickFiles()),
                LogSettings(identity: owner, segmentSize: 4_096, seed: 1),
                complain: { Issue.record("\($0)") }, recovering: recover)
        }
        do {
            var log = try open { _ in }
            try log.makeDurable(small)
            try log.replaceAll(with: [small[0], large, small[1]])
            for record in small { try log.makeDurable([record]) }
        }
        let sizes = try scratch.segments.map { try Data(contentsOf: $0).count }
        #expect(sizes.count > 3)
        #expect(sizes[0] > large.bytes.count)
        #expect(sizes[0] < large.bytes.count + 1_000)
        #expect(sizes.dropFirst().allSatisfy { $0 == 4_096 })
        var found: [Blob] = []
        do {
            var log = try open { found.append($0) }
            let expected = [small[0], large, small[1]] + small
            #expect(found == expected)
            try log.replaceAll(with: [small[2]])
            let size = log.size
            #expect(size < 1_000)
        }
        #expect(try scratch.segments.map { try Data(contentsOf: $0).count } == [4_096])
    }

    @Test("what no segment can hold is refused with 74 and changes nothing")
    func tooLarge() throws {
        let scratch = try ScratchDirectory()
        do {
            var opened = try OpenedLog(scratch.log)
            try opened.log.makeDurable([Note(1)])
            // Eleven frames that share the memory of one.
            var frame = ByteWriter()
            frame.bytes = [UInt8](repeating: 0, count: 100 << 20)
            do throws(ExitError) {
                try opened.log.frames.replaceAll(with: [ByteWriter](repeating: frame, count: 11))
                Issue.record("more than a gibibyte was taken")
            } catch {
                #expect(error.status == 74)
                #expect(error.sentence.contains("it takes at most"))
            }
        }
        #expect(try LogContents(scratch.log).records == [Note(1)])
    }

    @Test("another cluster's or node's log is refused and not touched")
    func identity() throws {
        let scratch = try ScratchDirectory()
        _ = try scratch.writeLog([[Note(1)]])
        let before = try scratch.snapshot
        let strangers = [
            (LogIdentity(cluster: 8, node: 2), "belongs to another cluster"),
            (LogIdentity(cluster: 7, node: 3), "belongs to node 2, not to node 3"),
        ]
        for (stranger, words) in strangers {
            let error = try #require(throws: ExitError.self) {
                try LogContents(scratch.log, stranger)
            }
            #expect(error.status == 74)
            #expect(error.sentence.contains(words))
            #expect(error.sentence.contains(scratch.log))
        }
        #expect(try scratch.snapshot == before)
        #expect(try LogContents(scratch.log).records == [Note(1)])
    }

    @Test("another format is refused by its number")
    func version() throws {
        let scratch = try ScratchDirectory()
        _ = try scratch.writeLog([[Note(1)]])
        let segment = try scratch.segments[0]
        var bytes = try Data(contentsOf: segment)
        bytes[8] = 9
        try bytes.write(to: segment)
        let error = try #require(throws: ExitError.self) { try LogContents(scratch.log) }
        #expect(error.status == 74)
        #expect(error.sentence.contains("has format 9"))
    }

    @Test("a directory is opened by one at a time, and free again afterwards")
    func lock() throws {
        let scratch = try ScratchDirectory()
        do {
            var first = try OpenedLog(scratch.log)
            let error = try #require(throws: ExitError.self) { try LogContents(scratch.log) }
            #expect(error.status == 71)
            #expect(error.sentence.contains("'\(scratch.log)' is in use"))
            try first.log.makeDurable([Note(1)])
        }
        #expect(try LogContents(scratch.log).records == [Note(1)])
    }

    @Test("a directory that cannot be made, or is none, is named")
    func directories() throws {
        let scratch = try ScratchDirectory()
        let orphan = scratch.log + "/below"
        let missing = try #require(throws: ExitError.self) { try LogContents(orphan) }
        #expect(missing.status == 74)
        #expect(missing.sentence.contains("'\(orphan)' could not be made"))
        #expect(missing.sentence.contains("Make the directory above it first"))
        try Data("text".utf8).write(to: URL(fileURLWithPath: scratch.log))
        let file = try #require(throws: ExitError.self) { try LogContents(scratch.log) }
        #expect(file.status == 74)
        #expect(file.sentence.contains("Not a directory"))
    }

    @Test("other files in the directory are left alone; unfinished segments go")
    func strangers() throws {
        let scratch = try ScratchDirectory()
        _ = try scratch.writeLog([[Note(1)]])
        let folder = URL(fileURLWithPath: scratch.log)
        let names = ["notes.txt", "1.log", "000000000000000g.log", "0000000000000002.log.new"]
        for name in names { try Data("x".utf8).write(to: folder.appendingPathComponent(name)) }
        #expect(try LogContents(scratch.log).records == [Note(1)])
        #expect(
            try scratch.snapshot.keys.sorted()
                == [
                    "0000000000000001.log", "000000000000000g.log", "1.log", "lock", "notes.txt",
                ])
    }

    @Test("only this user may read what is stored")
    func permissions() throws {
        let scratch = try ScratchDirectory()
        _ = try scratch.writeLog([[Note(1)]])
        for (path, expected) in [(scratch.log, 0o700), (try scratch.segments[0].path, 0o600)] {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == expected)
        }
    }

    @Test(
        "the directory above is found in any spelling",
        arguments: [
            ("a", "."), ("a/", "."), ("./a", "."), ("a/b", "a"), ("a//b//", "a"), ("/a", "/"),
            ("/", "/"), ("//a", "/"), ("/a/b/c", "/a/b"),
        ])
    func parents(path: String, parent: String) {
        #expect(StorageFolder(path: path, files: SystemFiles()).parent == parent)
    }
}
