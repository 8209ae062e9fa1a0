import ConsensusCore
import Foundation
import Testing

@testable import UDPRuntime

@Suite("Record log, damaged")
struct StorageDamageTests {
    private let batches = [[Note(1)], [Note(2), Note(3, size: 20)], [Note(4, size: 30), Note(5)]]

    /// Replaces the only segment's bytes.
    private func put(_ bytes: Data, in scratch: ScratchDirectory) throws {
        try bytes.write(to: try scratch.segments[0])
    }

    @Test("a last write of any length is cut, and that is said")
    func tornTail() throws {
        let scratch = try ScratchDirectory()
        let ends = try scratch.writeLog(batches)
        let whole = try Data(contentsOf: scratch.segments[0])
        let before = batches.dropLast().flatMap(\.self)
        for length in ends[1]..<ends[2] {
            // The file ends there, or goes on with zeros, or with another write's bytes.
            let cut = whole.prefix(length)
            let zeros = cut + Data(count: whole.count - length)
            var garbage = whole
            for index in length..<ends[2] { garbage[index] ^= 0xff }
            for (bytes, isTorn) in [(cut, true), (zeros, length > ends[1]), (garbage, true)] {
                try put(bytes, in: scratch)
                var opened = try OpenedLog(scratch.log, segmentSize: 1 << 13)
                let found = opened.records
                #expect(found == before, "length \(length)")
                let complaints = opened.complaints
                #expect(complaints.isEmpty == !isTorn, "length \(length): \(complaints)")
                try opened.log.makeDurable([Note(length)])
            }
            let contents = try LogContents(scratch.log)
            #expect(contents.records == before + [Note(length)])
            #expect(contents.complaints == [])
        }
    }

    @Test("the sentence for a torn end says where it was")
    func sentence() throws {
        let scratch = try ScratchDirectory()
        let ends = try scratch.writeLog(batches)
        var bytes = try Data(contentsOf: scratch.segments[0])
        bytes[ends[2] - 1] ^= 1
        try put(bytes, in: scratch)
        let complaints = try LogContents(scratch.log).complaints
        #expect(complaints.count == 1)
        #expect(complaints[0].contains(scratch.log))
        #expect(complaints[0].contains("'0000000000000001.log', at byte \(ends[1])"))
        #expect(complaints[0].contains("cut off"))
    }

    @Test("any flipped bit before the last write is refused with file and offset, untouched")
    func flippedBits() throws {
        let scratch = try ScratchDirectory()
        let ends = try scratch.writeLog(batches)
        let whole = try Data(contentsOf: scratch.segments[0])
        for position in 0..<ends[1] {
            let start = ([SegmentHeader.size] + ends).last { $0 <= position } ?? 0
            for bit in 0..<8 {
                var bytes = whole
                bytes[position] ^= 1 << UInt8(bit)
                try put(bytes, in: scratch)
                let error = try #require(throws: ExitError.self, "byte \(position) bit \(bit)") {
                    try LogContents(scratch.log)
                }
                #expect(error.status == 74)
                // The version is part of no refusal for damage, but of one of its own.
                guard !(8..<12).contains(position) else { continue }
                #expect(
                    error.sentence.contains("'0000000000000001.log' is damaged at byte \(start):"),
                    "\(error.sentence)")
            }
            #expect(try Data(contentsOf: scratch.segments[0]) != whole)
        }
        try put(whole, in: scratch)
        #expect(try LogContents(scratch.log).records == batches.flatMap(\.self))
    }

    @Test("a flipped bit in the last write cuts it, and nothing before it")
    func lastWrite() throws {
        let scratch = try ScratchDirectory()
        let ends = try scratch.writeLog(batches)
        let whole = try Data(contentsOf: scratch.segments[0])
        for position in ends[1]..<ends[2] {
            var bytes = whole
            bytes[position] ^= 1 << UInt8(position % 8)
            try put(bytes, in: scratch)
            let contents = try LogContents(scratch.log)
            #expect(contents.records == batches.dropLast().flatMap(\.self))
            #expect(contents.complaints.count == 1)
        }
    }

    @Test("a sector that was never written, with whole frames behind it, is damage")
    func lostSector() throws {
        let scratch = try ScratchDirectory()
        let ends = try scratch.writeLog((0..<60).map { [Note($0, size: 40)] })
        var bytes = try Data(contentsOf: scratch.segments[0])
        bytes.replaceSubrange(1_024..<1_536, with: Data(count: 512))
        try put(bytes, in: scratch)
        let error = try #require(throws: ExitError.self) { try LogContents(scratch.log) }
        let start = try #require(ends.last { $0 <= 1_024 })
        #expect(error.sentence.contains("damaged at byte \(start)"))
    }

    @Test("a missing segment, or a misnamed one, is refused", arguments: [0, 1, 2])
    func missingSegment(index: Int) throws {
        let scratch = try ScratchDirectory()
        do {
            var opened = try OpenedLog(scratch.log)
            for number in 0..<200 { try opened.log.makeDurable([Note(number, size: 60)]) }
        }
        let segments = try scratch.segments
        #expect(segments.count > 3)
        let folder = URL(fileURLWithPath: scratch.log)
        let aside = folder.appendingPathComponent("aside")
        try FileManager.default.moveItem(at: segments[index], to: aside)
        let missing = try #require(throws: ExitError.self) { try LogContents(scratch.log) }
        #expect(missing.status == 74)
        #expect(missing.sentence.contains("missing"))
        let name = folder.appendingPathComponent("00000000000000ff.log")
        try FileManager.default.moveItem(at: aside, to: name)
        let misnamed = try #require(throws: ExitError.self) { try LogContents(scratch.log) }
        #expect(misnamed.sentence.contains("its header is that of"))
    }

    @Test("an earlier segment that ends too soon is refused", arguments: [500, 64, 0])
    func shortSegment(length: Int) throws {
        let scratch = try ScratchDirectory()
        do {
            var opened = try OpenedLog(scratch.log)
            for number in 0..<200 { try opened.log.makeDurable([Note(number, size: 60)]) }
        }
        let segment = try scratch.segments[1]
        try Data(contentsOf: segment).prefix(length).write(to: segment)
        let error = try #require(throws: ExitError.self) { try LogContents(scratch.log) }
        #expect(error.status == 74)
        #expect(error.sentence.contains("'0000000000000002.log' is damaged at byte"))
    }

    @Test("a frame of another segment, or of another place, is none here")
    func leftovers() throws {
        let scratch = try ScratchDirectory()
        let other = try ScratchDirectory()
        let ends = try scratch.writeLog(batches)
        // Another seed: another salt. Its second frame would fit exactly behind the first of ours.
        do {
            var opened = try OpenedLog(other.log, segmentSize: 1 << 13, seed: 2)
            for batch in batches { try opened.log.makeDurable(batch) }
        }
        let foreign = try Data(contentsOf: other.segments[0])
        var bytes = try Data(contentsOf: scratch.segments[0])
        bytes.replaceSubrange(ends[0]..<ends[2], with: foreign[ends[0]..<ends[2]])
        try put(bytes, in: scratch)
        let contents = try LogContents(scratch.log)
        #expect(contents.records == batches[0])
        #expect(contents.complaints.count == 1)
    }

    @Test("a value that looks like a frame does not make a torn write look like damage")
    func craftedValue() throws {
        let scratch = try ScratchDirectory()
        _ = try scratch.writeLog(batches)
        let frames = try Data(contentsOf: scratch.segments[0])[64..<400]
        let other = try ScratchDirectory()
        var note = Note(9)
        note.text = Array(frames)
        let ends = try other.writeLog([[Note(1)], [note]])
        var bytes = try Data(contentsOf: other.segments[0])
        bytes[ends[0]] ^= 1
        try put(bytes, in: other)
        #expect(try LogContents(other.log).records == [Note(1)])
    }

    @Test("no header and no segment can trap", arguments: 1...20 as ClosedRange<UInt64>)
    func fuzz(seed: UInt64) throws {
        let scratch = try ScratchDirectory()
        let ends = try scratch.writeLog(batches)
        let whole = try Data(contentsOf: scratch.segments[0])
        var random = RandomSource(seed: seed)
        for _ in 0..<50 {
            var bytes = whole.prefix(random.number(in: 0...ends[2] + 20))
            for _ in 0..<random.number(in: 0...3) where !bytes.isEmpty {
                bytes[random.number(in: 0...bytes.count - 1)] = UInt8(random.below(256))
            }
            if random.below(3) == 0 {
                // A header that its checksum vouches for, whatever is in it.
                var header = SegmentHeader(
                    identity: owner, number: 1, firstFrame: random.next() >> random.below(64),
                    salt: random.next(), capacity: Int(random.next() >> 40), isBase: true)
                header.number = random.below(2) == 0 ? 1 : random.next()
                bytes = Data(header.encoded()) + bytes.dropFirst(64)
            }
            try put(bytes, in: scratch)
            do throws(ExitError) {
                let records = try LogContents(scratch.log).records
                #expect(batches.flatMap(\.self).starts(with: records))
            } catch {
                #expect(error.status == 74)
            }
        }
    }
}
