import ConsensusCore

/// A log of frames, each some bytes, in segments of a directory; ``RecordLog`` without the records.
struct FrameLog: ~Copyable {
    let folder: StorageFolder
    let settings: LogSettings
    /// Locked as long as this log is open.
    let lock: DirectoryLock
    var random: RandomSource

    /// The segment that is written to, the last one.
    var header: SegmentHeader
    var file: OpenFile
    /// Where in the segment the next frame begins.
    var offset: Int
    var nextFrame: UInt64
    /// The number of the first segment of the log.
    var base: UInt64
    /// How many bytes the segments before the last hold.
    var closedSize: Int
    /// Whether something has failed: it is not known then what the device has, and no more is taken.
    var hasFailed = false
    var writer = ByteWriter(reserving: 4_096)

    /// The most memory kept for the next frame after a larger one.
    static let keptCapacity = 1 << 20
    /// The most bytes a frame may have.
    static let maximumFrame = SegmentHeader.maximumCapacity - SegmentHeader.size

    /// How many bytes the log holds: what it would take to read it.
    var size: Int { closedSize + offset }

    // MARK: Appending

    /// Begins a frame; its body is then written to `writer`.
    mutating func beginFrame() {
        SegmentContents.beginFrame(nextFrame, in: &writer)
    }

    /// Ends the frame that was begun, and returns once it is durable.
    mutating func commitFrame() throws(ExitError) {
        try beginChange()
        let length = writer.bytes.count
        guard length <= FrameLog.maximumFrame else { throw tooLarge(length) }
        if offset + length > header.capacity { try startSegment(fitting: length) }
        SegmentContents.endFrame(in: &writer, salt: header.salt, at: offset)
        do throws(SystemError) {
            try file.write(writer.bytes, at: offset)
            try folder.files.synchronizeData(file.descriptor)
        } catch {
            throw folder.failure("written", header.fileName, error)
        }
        offset += length
        nextFrame += 1
        hasFailed = false
        if length > FrameLog.keptCapacity { writer = ByteWriter(reserving: 4_096) }
    }

    /// Notes a failure that the caller takes back once all has gone well.
    private mutating func beginChange() throws(ExitError) {
        guard !hasFailed else {
            throw .storage(
                "Storage '\(folder.path)' failed before; it takes nothing more in this life.")
        }
        hasFailed = true
    }

    private func tooLarge(_ length: Int) -> ExitError {
        .storage(
            "Storage '\(folder.path)' was given \(length) bytes at once; it takes at most "
                + "\(FrameLog.maximumFrame).")
    }

    /// Goes on in a new segment.
    private mutating func startSegment(fitting length: Int) throws(ExitError) {
        let next = SegmentHeader(
            identity: settings.identity, number: header.number + 1, firstFrame: nextFrame,
            salt: random.next(),
            capacity: max(settings.segmentSize, SegmentHeader.size + length), isBase: false)
        file = try folder.makeSegment(next, frames: [])
        closedSize += offset
        header = next
        offset = SegmentHeader.size
    }

    // MARK: Replacing

    /// Puts these frames, begun and not ended, in the place of all there is.
    ///
    /// They are written to a segment of their own, which takes effect at the instant it is given its
    /// name; only then are the others removed. A crash leaves all of the old log or all of the new.
    mutating func replaceAll(with replacement: consuming [ByteWriter]) throws(ExitError) {
        try beginChange()
        let size = replacement.reduce(0) { $0 + $1.bytes.count }
        guard size <= FrameLog.maximumFrame else { throw tooLarge(size) }
        let next = SegmentHeader(
            identity: settings.identity, number: header.number + 1, firstFrame: nextFrame,
            salt: random.next(), capacity: max(settings.segmentSize, SegmentHeader.size + size),
            isBase: true)
        var end = SegmentHeader.size
        for index in replacement.indices {
            SegmentContents.endFrame(in: &replacement[index], salt: next.salt, at: end)
            end += replacement[index].bytes.count
        }
        file = try folder.makeSegment(next, frames: replacement)
        for number in base...header.number {
            try folder.remove(SegmentHeader.fileName(of: number))
        }
        header = next
        base = next.number
        closedSize = 0
        offset = end
        nextFrame += UInt64(replacement.count)
        hasFailed = false
    }
}

/// What a log is told when it is opened.
struct LogSettings {
    var identity: LogIdentity
    /// How many bytes a segment has, unless one frame needs more.
    var segmentSize: Int
    /// Where segments' salts are drawn from.
    var seed: UInt64
}
