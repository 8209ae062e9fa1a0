import ConsensusCore
import Testing

@testable import UDPRuntime

@Suite("Record log in crashes")
struct StorageCrashTests {
    /// How a process ends.
    enum Crash: CaseIterable {
        case kill
        case powerFailure
    }

    private func crash(_ disk: FakeDisk, _ crash: Crash, _ random: inout RandomSource) {
        switch crash {
        case .kill: disk.kill()
        case .powerFailure: disk.powerFailure(&random)
        }
    }

    /// A log of several segments.
    private func prepare(_ disk: FakeDisk) throws -> [Note] {
        let notes = (0..<100).map { Note($0, size: 100) }
        var opened = try OpenedLog("log", files: disk)
        for note in notes { try opened.log.makeDurable([note]) }
        return notes
    }

    @Test(
        "a crash at any step of a compaction leaves all of the old log or all of the new",
        arguments: Crash.allCases, 1...10 as ClosedRange<UInt64>)
    func compaction(kind: Crash, seed: UInt64) throws {
        let new = (0..<30).map { Note(1_000 + $0, size: 20) }
        var random = RandomSource(seed: seed)
        var hasFinished = false
        var results = (old: 0, new: 0)
        var steps = 0
        while !hasFinished {
            let disk = FakeDisk()
            let old = try prepare(disk)
            do {
                var opened = try OpenedLog("log", files: disk)
                disk.with { $0.callsToLive = steps }
                do throws(ExitError) {
                    try opened.log.replaceAll(with: new)
                    hasFinished = true
                } catch {
                    #expect(error.status == 74)
                }
            }
            crash(disk, kind, &random)
            let found = try LogContents("log", files: disk).records
            #expect(found == old || found == new, "\(steps) steps")
            if found == old { results.old += 1 } else { results.new += 1 }
            if hasFinished { #expect(found == new) }
            // What was recovered once stays, and the log can be gone on with.
            do {
                var opened = try OpenedLog("log", files: disk)
                try opened.log.makeDurable([Note(7)])
            }
            crash(disk, .powerFailure, &random)
            #expect(try LogContents("log", files: disk).records == found + [Note(7)])
            let names = disk.with { state in state.names.keys.filter { $0.hasSuffix(".new") } }
            #expect(names.isEmpty)
            steps += 1
        }
        #expect(results.old > 0)
        #expect(results.new > 0)
        #expect(steps > 8)
    }

    @Test(
        "a crash at any step of a log's making leaves an empty log",
        arguments: Crash.allCases, 1...10 as ClosedRange<UInt64>)
    func making(kind: Crash, seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        for steps in 0..<12 {
            let disk = FakeDisk()
            disk.with { $0.callsToLive = steps }
            _ = try? LogContents("log", files: disk)
            crash(disk, kind, &random)
            do {
                var opened = try OpenedLog("log", files: disk)
                let found = opened.records
                #expect(found == [])
                try opened.log.makeDurable([Note(1)])
            }
            disk.powerFailure(&random)
            #expect(try LogContents("log", files: disk).records == [Note(1)])
        }
    }

    /// Any number of lives that append, compact, fail and crash at any step: all that was said to be
    /// durable is found, in order, and nothing else but, whole, what was under way.
    @Test(
        "whatever happens, what was durable is found again",
        arguments: 1...30 as ClosedRange<UInt64>)
    func histories(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        let disk = FakeDisk()
        var durable: [Note] = []
        var underWay: [Note]?
        var next = 0
        for life in 0..<20 {
            if random.below(2) == 0 { disk.with { $0.callsToLive = random.number(in: 0...80) } }
            if random.below(4) == 0 { disk.with { $0.writeLimit = random.number(in: 1...200) } }
            do throws(ExitError) {
                var opened = try OpenedLog("log", files: disk, seed: seed &* 100 &+ UInt64(life))
                let found = opened.records
                #expect(
                    found == durable || found == underWay,
                    "seed \(seed), life \(life): found \(found.count) of \(durable.count)")
                durable = found
                underWay = nil
                for _ in 0..<random.number(in: 0...40) {
                    if random.below(12) == 0 {
                        let kept = durable.suffix(random.number(in: 0...20))
                        underWay = Array(kept)
                        try opened.log.replaceAll(with: Array(kept))
                        durable = Array(kept)
                    } else {
                        let batch = (0...random.number(in: 0...5)).map {
                            Note(next + $0, size: random.number(in: 0...900))
                        }
                        next += batch.count
                        underWay = durable + batch
                        if random.below(30) == 0 { disk.fail(.synchronizeData, 5) }
                        try opened.log.makeDurable(batch)
                        durable += batch
                    }
                    underWay = nil
                }
            } catch {
                #expect(error.status == 74)
                #expect(!error.sentence.contains("damaged"), "seed \(seed): \(error.sentence)")
            }
            if random.below(2) == 0 { disk.powerFailure(&random) } else { disk.kill() }
            disk.with { $0.writeLimit = .max }
        }
        #expect(try LogContents("log", files: disk).records.count >= 0)
    }

    @Test("a file cut off anywhere gives back a prefix", arguments: 1...40 as ClosedRange<UInt64>)
    func prefixes(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        let scratch = try ScratchDirectory()
        var batches: [[Note]] = []
        for index in 0..<random.number(in: 1...7) {
            batches.append(
                (0...random.number(in: 0...6)).map {
                    Note(index * 10 + $0, size: random.number(in: 0...100))
                })
        }
        let ends = try scratch.writeLog(batches)
        let whole = try scratch.segments[0]
        let bytes = try whole.contents()
        for _ in 0..<20 {
            let length = random.number(in: SegmentHeader.size...ends.last! + 10)
            try whole.replace(with: bytes.prefix(length))
            let records = try LogContents(scratch.log).records
            let expected = batches.prefix(ends.prefix { $0 <= length }.count).flatMap(\.self)
            #expect(records == expected)
        }
    }
}
