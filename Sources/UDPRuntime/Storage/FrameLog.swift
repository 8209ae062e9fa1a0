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
    /// Where the directory and that segment were found.
    var place: LogPlace
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

    /// Ends the frame that was begun, and returns once it is durable and where it will be looked for.
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
        try folder.check(place)
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

    /// What to throw for a record that cannot be read back; nothing of it has been written.
    ///
    /// The log takes no more in this life, for the automaton has gone on as if the record were kept.
    mutating func refuse(_ error: WireError) -> ExitError {
        hasFailed = true
        return .storage(
            "Storage '\(folder.path)' was given a record that could not be read back (\(error)). "
                + "Nothing of it was written, and nothing was said to others that rests on it; what is "
                + "stored is whole. The node ends rather than be unable to start again: start it "
                + "again, and report this, for the program should never have made such a record.")
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
        try begin(next, [])
        closedSize += offset
        header = next
        offset = SegmentHeader.size
    }

    /// Makes a segment and goes on in it, unless it would be made in another directory than the others.
    private mutating func begin(
        _ next: SegmentHeader, _ frames: [ByteWriter]
    ) throws(ExitError) {
        try folder.check(place)
        file = try folder.makeSegment(next, frames: frames)
        place = try folder.place(of: file, named: next.fileName, in: place.directory)
        try folder.check(place)
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
        try begin(next, replacement)
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
