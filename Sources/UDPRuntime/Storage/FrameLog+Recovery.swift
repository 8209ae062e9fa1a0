internal import ConsensusCore

extension FrameLog {
    /// Opens the log of a directory and replays it.
    ///
    /// Nothing is changed before all of it has been read and found in order. Then the tail that a crash
    /// tore is cut off, and what was read is made durable: a frame may have been found in the system's
    /// memory alone, written by a life that was killed before the device had it.
    ///
    /// - Parameters:
    ///   - complain: told, in a sentence, of what was cut off.
    ///   - replay: called with each frame, oldest first.
    init(
        _ folder: StorageFolder, _ settings: LogSettings, complain: (String) -> Void,
        replay: (RecoveredFrame) throws(ExitError) -> Void
    ) throws(ExitError) {
        let lock = try folder.lock()
        let directory = try folder.identity()
        var random = RandomSource(seed: settings.seed)
        let (headers, leftovers) = try folder.headers(of: settings.identity)
        guard let last = headers.last else {
            try folder.synchronizeParent()
            for name in leftovers { try folder.remove(name) }
            let header = SegmentHeader(
                identity: settings.identity, number: 1, firstFrame: 1, salt: random.next(),
                capacity: settings.segmentSize, isBase: true)
            let file = try folder.makeSegment(header, frames: [])
            self.init(
                folder: folder, settings: settings, lock: lock, random: random, header: header,
                place: try folder.place(of: file, named: header.fileName, in: directory),
                file: file, offset: SegmentHeader.size, nextFrame: 1, base: 1, closedSize: 0)
            return
        }

        var closedSize = 0
        for (index, header) in headers.dropLast().enumerated() {
            closedSize += try folder.replayClosed(
                header, before: headers[index + 1], replay: replay)
        }
        let tail = try folder.replayLast(last, replay: replay)

        // The name of a new segment must be durable before those it replaces are removed.
        try folder.synchronizeNames(in: folder.path)
        for name in leftovers { try folder.remove(name) }
        let file = try folder.open(last.fileName)
        try folder.settle(file, last, tail, complain: complain)
        self.init(
            folder: folder, settings: settings, lock: lock, random: random, header: last,
            place: try folder.place(of: file, named: last.fileName, in: directory),
            file: file, offset: tail.end, nextFrame: tail.nextFrame, base: headers[0].number,
            closedSize: closedSize)
    }
}

/// A frame read back, and where it was found.
struct RecoveredFrame {
    /// The bytes of its segment.
    let bytes: [UInt8]
    /// Which of them are the frame's body.
    let body: Range<Int>
    let fileName: String
}

/// How the last segment ends.
private struct SegmentTail {
    /// Where the next frame is to begin.
    var end: Int
    var nextFrame: UInt64
    /// How many bytes behind the end are not zeros as they should be, up to the last that is not.
    var excess: Int
    /// How many bytes the file has.
    var fileSize: Int
    /// The bytes of the last frame; none if the segment has no frame.
    var lastFrame: ArraySlice<UInt8>
}

extension StorageFolder {
    fileprivate func replay(
        _ header: SegmentHeader, _ replay: (RecoveredFrame) throws(ExitError) -> Void
    ) throws(ExitError) -> (contents: SegmentContents, frames: [SegmentContents.Frame], end: Int) {
        let contents = SegmentContents(
            header: header, bytes: try read(header.fileName, limit: header.capacity))
        let (frames, end) = contents.frames()
        for frame in frames {
            try replay(
                RecoveredFrame(
                    bytes: contents.bytes, body: frame.body, fileName: header.fileName))
        }
        return (contents, frames, end)
    }

    /// Replays a segment that another one follows; returns how many bytes it holds.
    fileprivate func replayClosed(
        _ header: SegmentHeader, before next: SegmentHeader,
        replay: (RecoveredFrame) throws(ExitError) -> Void
    ) throws(ExitError) -> Int {
        let (_, frames, end) = try self.replay(header, replay)
        guard header.firstFrame + UInt64(frames.count) == next.firstFrame else {
            throw refusal(
                header.fileName, at: end,
                "frame \(header.firstFrame + UInt64(frames.count)) should begin there, and "
                    + "'\(next.fileName)' goes on with frame \(next.firstFrame)")
        }
        return end
    }

    fileprivate func replayLast(
        _ header: SegmentHeader, replay: (RecoveredFrame) throws(ExitError) -> Void
    ) throws(ExitError) -> SegmentTail {
        let (contents, frames, end) = try self.replay(header, replay)
        let nextFrame = header.firstFrame + UInt64(frames.count)
        let endOfData = contents.endOfData(from: end)
        if let later = contents.laterFrame(from: end, before: endOfData, number: nextFrame) {
            throw refusal(
                header.fileName, at: end,
                "frame \(nextFrame) is not whole, yet a later one, at byte \(later), is")
        }
        let lastFrame = frames.last.map {
            contents.bytes[$0.body.lowerBound - SegmentContents.frameHeaderSize..<end]
        }
        return SegmentTail(
            end: end, nextFrame: nextFrame, excess: endOfData - end,
            fileSize: contents.bytes.count, lastFrame: lastFrame ?? [])
    }

    /// Cuts a torn tail off and makes durable what is left.
    fileprivate func settle(
        _ file: borrowing OpenFile, _ header: SegmentHeader, _ tail: SegmentTail,
        complain: (String) -> Void
    ) throws(ExitError) {
        let name = header.fileName
        if tail.excess > 0 {
            complain(
                "Storage '\(path)': the last write to '\(name)', at byte \(tail.end), was not "
                    + "finished (found \(tail.excess) bytes of it). It is cut off; nothing was "
                    + "said to others that rests on it.")
        }
        if tail.fileSize < header.capacity {
            complain(
                "Storage '\(path)': '\(name)' has \(tail.fileSize) of its \(header.capacity) "
                    + "bytes. What it holds is whole up to byte \(tail.end); it goes on from there."
            )
        }
        do throws(SystemError) {
            try files.allocate(file.descriptor, size: header.capacity)
            try file.write([UInt8](repeating: 0, count: tail.excess), at: tail.end)
            // A failed synchronization may leave pages that count as written and are not: only what is
            // written again is certain to be tried again. They can only be the last frame's.
            try file.write(Array(tail.lastFrame), at: tail.end - tail.lastFrame.count)
            try files.synchronize(file.descriptor)
        } catch {
            throw failure("made ready", name, error)
        }
    }

    /// Removes a file of the directory.
    func remove(_ name: String) throws(ExitError) {
        try attempt("removed", name) { () throws(SystemError) in
            try files.remove(path(of: name))
        }
    }
}
