internal import ConsensusCore

/// The bytes of a segment, taken apart into frames.
///
/// A frame holds the records of one call, and so becomes durable as a whole or not at all: checksum
/// (4 bytes), length of the body (4), number (8), body. The checksum covers all behind it and the place
/// where it stands: the segment's salt and the offset of the frame. Frames lie one behind the other; the
/// rest of the file is zeros.
struct SegmentContents {
    let header: SegmentHeader
    /// The file's bytes from its beginning, at most as many as the header's capacity.
    let bytes: [UInt8]

    static let frameHeaderSize = 16

    /// Begins a frame: what its body is then written behind.
    static func beginFrame(_ number: UInt64, in writer: inout ByteWriter) {
        writer.removeAll()
        writer.write(0 as UInt32)
        writer.write(0 as UInt32)
        writer.write(number)
    }

    /// Fills in the length and checksum of a frame whose body has been written.
    static func endFrame(in writer: inout ByteWriter, salt: UInt64, at offset: Int) {
        writer.overwrite(UInt32(writer.bytes.count - frameHeaderSize), at: 4)
        let sum = checksum(
            writer.bytes.span.extracting(droppingFirst: 4), salt: salt, at: offset)
        writer.overwrite(sum, at: 0)
    }

    private static func checksum(_ bytes: Span<UInt8>, salt: UInt64, at offset: Int) -> UInt32 {
        var place: [16 of UInt8] = .init(repeating: 0)
        for index in 0..<8 {
            place[index] = UInt8(truncatingIfNeeded: salt >> UInt64(8 * index))
            place[8 + index] = UInt8(truncatingIfNeeded: offset >> (8 * index))
        }
        return Checksum.crc32c(bytes, continuing: Checksum.crc32c(place.span))
    }

    /// A whole and undamaged frame.
    struct Frame: Hashable {
        var number: UInt64
        /// Which bytes of the segment are its body.
        var body: Range<Int>
    }

    /// The frame that begins at an offset; nil if no whole and undamaged one does.
    func frame(at offset: Int) -> Frame? {
        let start = offset + SegmentContents.frameHeaderSize
        guard start < bytes.count else { return nil }
        var reader = bytes.span.extracting(droppingFirst: offset)
        guard let checksum = try? reader.readUInt32(), let length = try? reader.readUInt32(),
            let number = try? reader.readUInt64(), number > 0, length > 0,
            Int(length) <= bytes.count - start
        else { return nil }
        let body = start..<start + Int(length)
        let covered = bytes.span.extracting(offset + 4..<body.upperBound)
        guard
            SegmentContents.checksum(covered, salt: header.salt, at: offset) == checksum
        else { return nil }
        return Frame(number: number, body: body)
    }

    /// The frames from the first to the last before something that is none, or is out of order.
    func frames() -> (frames: [Frame], end: Int) {
        var frames: [Frame] = []
        var end = SegmentHeader.size
        while let next = frame(at: end), next.number == header.firstFrame + UInt64(frames.count) {
            frames.append(next)
            end = next.body.upperBound
        }
        return (frames, end)
    }

    /// The offset behind the last byte that is not zero; never less than `start`.
    func endOfData(from start: Int) -> Int {
        let span = bytes.span
        var end = span.count
        while end > start && span[end - 1] == 0 { end -= 1 }
        return max(end, start)
    }

    /// Where the first whole frame of this number or a higher one begins, from an offset on.
    func laterFrame(from start: Int, before end: Int, number: UInt64) -> Int? {
        let last = min(end, bytes.count - SegmentContents.frameHeaderSize)
        guard start < last else { return nil }
        // A frame may end in zeros, so all that can be said of where it begins is that it is before `end`.
        for offset in start..<last {
            // Most places are ruled out by what would be the number, which costs little to read.
            var reader = bytes.span.extracting(droppingFirst: offset + 8)
            guard let found = try? reader.readUInt64(), found >= number,
                found - number <= UInt64(bytes.count)
            else { continue }
            if frame(at: offset) != nil { return offset }
        }
        return nil
    }
}
