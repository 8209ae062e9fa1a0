import Foundation
import Testing

@testable import UDPRuntime

/// How long it takes to make records durable here.
///
/// The figures mean something only without other work and from an optimized build:
///
///     swift test -c release -Xswiftc -enable-testing --filter StorageFigures
@Suite("StorageFigures", .serialized)
struct StorageFigures {
    @Test("µs a call, on the file system of the temporary directory", arguments: [1, 64])
    func makeDurable(count: Int) throws {
        #if DEBUG
            let calls = 20
        #else
            let calls = 4_000
        #endif
        let scratch = try ScratchDirectory()
        var log = try RecordLog<Note>(
            directory: scratch.log, identity: owner, recovering: { _ in })
        // 45 bytes encoded, about as many as an acceptance of a small value.
        let records = (0..<count).map { Note($0, size: 33) }
        let clock = ContinuousClock()
        var times: [Duration] = []
        for _ in 0..<calls {
            let began = clock.now
            try log.makeDurable(records)
            times.append(clock.now - began)
        }
        times.sort()
        let mean = times.reduce(.zero, +) / calls
        #expect(log.size > calls * count * 45)
        print(
            "\(calls) calls of \(count) records: mean \(microseconds(mean)) µs, "
                + "p50 \(microseconds(times[calls / 2])) µs, "
                + "p99 \(microseconds(times[calls * 99 / 100])) µs")

        let size = log.size
        var encoder = try RecordLog<Note>(
            StorageFolder(path: "log", files: FakeDisk()),
            LogSettings(identity: owner, segmentSize: 1 << 20, seed: 1),
            complain: { _ in }, recovering: { _ in })
        encoder.frames.beginFrame()
        let began = clock.now
        for _ in 0..<calls {
            encoder.frames.beginFrame()
            for record in records { record.encode(into: &encoder.frames.writer) }
            SegmentContents.endFrame(in: &encoder.frames.writer, salt: 1, at: 64)
        }
        let encoding = (clock.now - began) / calls
        print(
            "  of which encoding and checksum \(microseconds(encoding)) µs; "
                + "\(size / calls) bytes a call")
    }

    private func microseconds(_ duration: Duration) -> Int64 {
        duration.components.attoseconds / 1_000_000_000_000
    }
}
