internal import ConsensusCore

/// The first bytes of a segment: whose it is, and which part of the log it holds.
struct SegmentHeader: Hashable {
    var identity: LogIdentity
    /// Segments are numbered from 1 on, without gaps.
    var number: UInt64
    /// The number of the first frame; frames are numbered from 1 on, across segments.
    var firstFrame: UInt64
    /// Drawn at random for each segment, and part of its frames' checksums.
    ///
    /// What an old segment left on the device, or a client put into a value on purpose, is therefore
    /// no frame of this one.
    var salt: UInt64
    /// The size of the file, in bytes, this header among them.
    var capacity: Int
    /// Whether the log begins here: segments before it are left-overs of a compaction.
    var isBase: Bool

    /// How many bytes a header has.
    static let size = 64
    static let formatVersion: UInt32 = 1
    /// The most bytes a segment may have.
    static let maximumCapacity = 1 << 30
    /// No segment or frame reaches a higher number, so that counting on from it cannot overflow.
    static let highestNumber: UInt64 = 1 << 62
    private static let magic = Array("SynodLog".utf8)

    init(
        identity: LogIdentity, number: UInt64, firstFrame: UInt64, salt: UInt64, capacity: Int,
        isBase: Bool
    ) {
        self.identity = identity
        self.number = number
        self.firstFrame = firstFrame
        self.salt = salt
        self.capacity = capacity
        self.isBase = isBase
    }

    /// The name of the segment's file.
    var fileName: String { SegmentHeader.fileName(of: number) }

    static func fileName(of number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits + ".log"
    }

    /// The number of the segment whose file has this name; nil if no segment's has.
    static func number(ofFile name: String) -> UInt64? {
        guard name.utf8.count == 20, name.hasSuffix(".log"),
            let number = UInt64(name.dropLast(4), radix: 16), fileName(of: number) == name
        else { return nil }
        return number
    }

    /// What a header's file is called while it is being made.
    static let unfinishedSuffix = ".new"

    /// The 64 bytes.
    func encoded() -> [UInt8] {
        var writer = ByteWriter(reserving: SegmentHeader.size)
        for byte in SegmentHeader.magic { writer.write(byte) }
        writer.write(SegmentHeader.formatVersion)
        writer.write(identity.node)
        writer.write(identity.cluster)
        writer.write(number)
        writer.write(firstFrame)
        writer.write(salt)
        writer.write(UInt64(capacity))
        writer.write(isBase ? 1 as UInt32 : 0)
        writer.write(Checksum.crc32c(writer.bytes.span))
        return writer.bytes
    }

    /// Reads a header.
    ///
    /// - Throws: ``HeaderError``, whatever the bytes are.
    init(decoding bytes: [UInt8]) throws(HeaderError) {
        do throws(WireError) {
            var reader = bytes.span
            for byte in SegmentHeader.magic where try reader.readUInt8() != byte {
                throw WireError.notOurs
            }
            let version = try reader.readUInt32()
            let node = try reader.readNodeID()
            let cluster = try reader.readUInt64()
            identity = LogIdentity(cluster: cluster, node: node)
            number = try reader.readUInt64()
            firstFrame = try reader.readUInt64()
            salt = try reader.readUInt64()
            let capacity = try reader.readUInt64()
            let flags = try reader.readUInt32()
            let checksum = try reader.readUInt32()
            guard version == SegmentHeader.formatVersion else {
                throw WireError.unsupportedVersion(UInt8(clamping: version))
            }
            guard Checksum.crc32c(bytes.span.extracting(first: SegmentHeader.size - 4)) == checksum
            else { throw WireError.damaged }
            guard capacity >= UInt64(SegmentHeader.size),
                capacity <= UInt64(SegmentHeader.maximumCapacity), flags <= 1, number > 0,
                number <= SegmentHeader.highestNumber, firstFrame > 0,
                firstFrame <= SegmentHeader.highestNumber
            else { throw WireError.invalidField }
            self.capacity = Int(capacity)
            isBase = flags == 1
        } catch {
            switch error {
            case .notOurs: throw .notOurs
            case .unsupportedVersion(let version): throw .version(version)
            default: throw .damaged
            }
        }
    }
}

/// Why the first bytes of a file are not a header that this program can go by.
enum HeaderError: Error, Hashable {
    case notOurs
    case version(UInt8)
    case damaged
}
