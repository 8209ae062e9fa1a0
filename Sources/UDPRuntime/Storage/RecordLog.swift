public import ConsensusCore

/// Records that survive a crash: an append-only log in a directory of its own.
///
/// All records of one call become durable together, with one write and one synchronization (group
/// commit), and after a crash are found together or not at all. Each such frame has its length and a
/// CRC-32C (see ``Checksum``) that covers where it stands too. Frames lie in segments, files for which
/// room was set aside, so that the device is asked for nothing but the data itself.
///
/// What recovery finds:
/// - a last frame that is not whole, as a crash leaves it, is cut off, and that is said;
/// - one that is not whole although a later one is means damage: the log is refused with file and
///   offset, and nothing is changed, for a node that goes on without its promises breaks them.
///
/// A record that could not be read back is refused before anything is written (see ``makeDurable(_:)``):
/// recovery would refuse all of the log for its sake, at every start from then on.
///
/// A log that has failed once takes no more: after a failed synchronization nobody knows what the device
/// has (Rebello et al., *Can Applications Recover from fsync Failures?*, 2020).
///
/// Memory is bounded by one segment while it is opened, then by the largest frame.
public struct RecordLog<Record: WireCodable>: ~Copyable, RecordSink {
    var frames: FrameLog

    /// How many bytes a segment has unless something else is asked for.
    public static var defaultSegmentSize: Int { 1 << 20 }

    /// Opens a log, or makes one, and replays what it holds.
    ///
    /// - Parameters:
    ///   - directory: made if it is not there, the directories above it are not. No other process may
    ///     have the log of this directory open.
    ///   - identity: whose records these are; a log of somebody else's is refused.
    ///   - segmentSize: in bytes, from 4 KiB to 1 GiB; for the segments that will be made.
    ///   - complain: told, in a sentence, of a torn end that was cut off.
    ///   - recover: called with each record, oldest first.
    /// - Throws: ``ExitError`` of status 71 if another process has it open, of status 74 if it belongs to
    ///   another cluster or node, is damaged, or the system refuses.
    public init(
        directory: String, identity: LogIdentity,
        segmentSize: Int = RecordLog.defaultSegmentSize,
        complain: (String) -> Void = Console.complain, recovering recover: (Record) -> Void
    ) throws(ExitError) {
        precondition(segmentSize >= 4_096 && segmentSize <= SegmentHeader.maximumCapacity)
        let settings = LogSettings(
            identity: identity, segmentSize: segmentSize, seed: Entropy.seed())
        try self.init(
            StorageFolder(path: directory, files: SystemFiles()), settings, complain: complain,
            recovering: recover)
    }

    /// Opens a log as above, in files that need not be the operating system's.
    ///
    /// - Parameter seed: where the salts of segments are drawn from.
    package init(
        directory: String, files: any StorageFiles, identity: LogIdentity, segmentSize: Int,
        seed: UInt64, complain: (String) -> Void, recovering recover: (Record) -> Void
    ) throws(ExitError) {
        precondition(segmentSize >= 4_096 && segmentSize <= SegmentHeader.maximumCapacity)
        try self.init(
            StorageFolder(path: directory, files: files),
            LogSettings(identity: identity, segmentSize: segmentSize, seed: seed),
            complain: complain, recovering: recover)
    }

    init(
        _ folder: StorageFolder, _ settings: LogSettings, complain: (String) -> Void,
        recovering recover: (Record) -> Void
    ) throws(ExitError) {
        frames = try FrameLog(folder, settings, complain: complain) {
            frame throws(ExitError) in
            do throws(WireError) {
                var reader = frame.bytes.span.extracting(frame.body)
                while !reader.isEmpty {
                    let before = reader.count
                    recover(try Record(from: &reader))
                    guard reader.count < before else { throw .trailingBytes }
                }
            } catch {
                throw folder.refusal(
                    frame.fileName, at: frame.body.lowerBound,
                    "a record that this program does not know (\(error))")
            }
        }
    }

    /// How many bytes the log holds, in all its segments.
    public var size: Int { frames.size }

    /// Returns once all of the records are durable.
    ///
    /// Each is read back from its bytes first, as recovery will. If one cannot be, nothing is written, and
    /// the log can be opened again with all that was durable before.
    ///
    /// - Throws: ``ExitError`` of status 74 if a record could not be read back, if the device is full or
    ///   fails, or if directory or file are no longer where they were, and from then on always.
    public mutating func makeDurable(_ records: [Record]) throws(ExitError) {
        guard !records.isEmpty else { return }
        frames.beginFrame()
        for record in records {
            let start = frames.writer.bytes.count
            record.encode(into: &frames.writer)
            do throws(WireError) {
                try RecordLog.readBack(frames.writer, from: start)
            } catch {
                throw frames.refuse(error)
            }
        }
        try frames.commitFrame()
    }

    /// Reads the record whose bytes begin at an offset and end with what was written.
    private static func readBack(
        _ writer: borrowing ByteWriter, from start: Int
    ) throws(WireError) {
        var reader = writer.bytes.span.extracting(droppingFirst: start)
        guard !reader.isEmpty else { throw .truncated }
        _ = try Record(from: &reader)
        guard reader.isEmpty else { throw .trailingBytes }
    }

    /// Puts these records in the place of all that the log holds; returns once that is durable.
    ///
    /// A crash at any point leaves all of the old records or all of the new. It costs three
    /// synchronizations and the removal of the old segments. Together they may have a gibibyte; later
    /// segments are as small as before.
    ///
    /// - Throws: ``ExitError`` of status 74 if they are too large, and as ``makeDurable(_:)`` does.
    public mutating func replaceAll(with records: [Record]) throws(ExitError) {
        // Many frames, and encoded where they are written from: memory holds the bytes once.
        var replacement: [ByteWriter] = []
        for record in records {
            if replacement.isEmpty || replacement[replacement.count - 1].bytes.count >= 1 << 16 {
                replacement.append(ByteWriter())
                SegmentContents.beginFrame(
                    frames.nextFrame + UInt64(replacement.count - 1),
                    in: &replacement[replacement.count - 1])
            }
            let last = replacement.count - 1
            let start = replacement[last].bytes.count
            record.encode(into: &replacement[last])
            do throws(WireError) {
                try RecordLog.readBack(replacement[last], from: start)
            } catch {
                throw frames.refuse(error)
            }
        }
        try frames.replaceAll(with: replacement)
    }
}
