import ConsensusCore
import Foundation
import Testing

@testable import UDPRuntime

/// What somebody does to a directory while a node writes to it.
struct Displacement: Sendable, CustomTestStringConvertible {
    /// As one would say it.
    let words: String
    /// What the node must say.
    let sentence: String
    /// Given the directory and its segment.
    let act: @Sendable (URL, URL) throws -> Void

    var testDescription: String { words }

    private static func copy(_ url: URL) throws -> URL {
        let copy = url.appendingPathExtension("copy")
        try FileManager.default.copyItem(at: url, to: copy)
        return copy
    }

    static let gone = "the directory is gone"
    static let replaced = "something else is in its place"

    static let all = [
        Displacement(words: "rm -r", sentence: gone) { directory, _ in
            try FileManager.default.removeItem(at: directory)
        },
        Displacement(words: "mv", sentence: gone) { directory, _ in
            try FileManager.default.moveItem(
                at: directory, to: directory.appendingPathExtension("old"))
        },
        Displacement(words: "another directory", sentence: replaced) { directory, _ in
            try FileManager.default.moveItem(
                at: directory, to: directory.appendingPathExtension("old"))
            try FileManager.default.createDirectory(
                at: directory, withIntermediateDirectories: false)
        },
        Displacement(words: "a copy of it", sentence: replaced) { directory, _ in
            let copy = try copy(directory)
            try FileManager.default.removeItem(at: directory)
            try FileManager.default.moveItem(at: copy, to: directory)
        },
        Displacement(words: "a link to a copy", sentence: replaced) { directory, _ in
            let copy = try copy(directory)
            try FileManager.default.removeItem(at: directory)
            try FileManager.default.createSymbolicLink(at: directory, withDestinationURL: copy)
        },
        Displacement(words: "a file", sentence: replaced) { directory, _ in
            try FileManager.default.removeItem(at: directory)
            try Data("x".utf8).write(to: directory)
        },
        Displacement(words: "the directory above", sentence: gone) { directory, _ in
            let above = directory.deletingLastPathComponent()
            try FileManager.default.moveItem(at: above, to: above.appendingPathExtension("old"))
        },
        Displacement(words: "rm of the segment", sentence: "log' is gone") { _, segment in
            try FileManager.default.removeItem(at: segment)
        },
        Displacement(words: "mv of the segment", sentence: "log' is gone") { _, segment in
            try FileManager.default.moveItem(at: segment, to: segment.appendingPathExtension("old"))
        },
        // The file has a name then, but not the one that is looked for.
        Displacement(words: "rm of a segment with two names", sentence: "log' is gone") {
            _, segment in
            try FileManager.default.linkItem(at: segment, to: segment.appendingPathExtension("2"))
            try FileManager.default.removeItem(at: segment)
        },
        Displacement(words: "a copy of the segment", sentence: "another file is in the place of") {
            _, segment in
            let copy = try copy(segment)
            try FileManager.default.removeItem(at: segment)
            try FileManager.default.moveItem(at: copy, to: segment)
        },
    ]
}

@Suite("Storage that is taken away while its node runs")
struct DisplacedStorageTests {
    /// What the log is asked to do next.
    enum Work: CaseIterable {
        case sync, newSegment, checkpoint
    }

    @Test(
        "is found out within one synchronization, said, and written to no more",
        arguments: Displacement.all, Work.allCases)
    func foundOut(_ displacement: Displacement, work: Work) throws {
        let scratch = try ScratchDirectory()
        let above = scratch.url.appendingPathComponent("above")
        try FileManager.default.createDirectory(at: above, withIntermediateDirectories: false)
        let directory = above.appendingPathComponent("log")
        var opened = try OpenedLog(directory.path)
        // The segment is not the first, as in a node that has run for a while.
        for number in 0..<30 { try opened.log.makeDurable([Note(number, size: 300)]) }
        let segment = directory.appendingPathComponent(opened.log.frames.header.fileName)
        try displacement.act(directory, segment)
        let before = names(in: directory)
        for attempt in 0..<2 {
            do throws(ExitError) {
                switch work {
                case .sync: try opened.log.makeDurable([Note(100)])
                case .newSegment: try opened.log.makeDurable([Note(100, size: 4_000)])
                case .checkpoint: try opened.log.replaceAll(with: [Note(100)])
                }
                Issue.record("nothing was thrown")
            } catch {
                #expect(error.status == 74)
                let words = attempt == 0 ? displacement.sentence : "failed before"
                #expect(error.sentence.contains(words), "\(error.sentence)")
                #expect(error.sentence.contains("Storage '\(directory.path)'"))
                if attempt == 0 { #expect(error.sentence.contains("put that back")) }
            }
        }
        // What is at the path now is somebody else's.
        #expect(names(in: directory) == before)
    }

    /// The names in a directory; none if there is none.
    private func names(in directory: URL) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []).sorted()
    }

    @Test("put back as it was, it is opened again with all that it held")
    func putBack() throws {
        let scratch = try ScratchDirectory()
        let directory = URL(fileURLWithPath: scratch.log)
        let away = directory.appendingPathExtension("old")
        do {
            var opened = try OpenedLog(scratch.log)
            try opened.log.makeDurable([Note(1)])
            try FileManager.default.moveItem(at: directory, to: away)
            do throws(ExitError) {
                try opened.log.makeDurable([Note(2)])
                Issue.record("nothing was thrown")
            } catch {
                #expect(error.status == 74)
            }
        }
        try FileManager.default.moveItem(at: away, to: directory)
        // The second was not answered, and may be there.
        let found = try LogContents(scratch.log).records
        #expect(found == [Note(1), Note(2)])
    }

    @Test("other files that come and go in it, and another name for it, are nobody's business")
    func untouched() throws {
        let scratch = try ScratchDirectory()
        let directory = URL(fileURLWithPath: scratch.log)
        var opened = try OpenedLog(scratch.log)
        let segment = directory.appendingPathComponent(opened.log.frames.header.fileName)
        try Data("x".utf8).write(to: directory.appendingPathComponent("notes"))
        try FileManager.default.linkItem(at: segment, to: segment.appendingPathExtension("2"))
        for number in 0..<30 { try opened.log.makeDurable([Note(number, size: 300)]) }
        try opened.log.replaceAll(with: [Note(1)])
        try opened.log.makeDurable([Note(2)])
    }
}
