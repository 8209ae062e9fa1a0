/// What becomes of stored bytes while nobody looks at them.
public struct DiskDamage: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// The bit of this number, from 0 to 7, is the other.
        case flippedBit(Int)
        /// So many bytes read as zeros.
        case lostBlock(Int)
        /// A write was acknowledged and never done: what was there before is there still.
        case droppedWrite
        /// A write was done in another's place, so many thousandths of all writes further on, from the end
        /// on again from the beginning, and not in its own.
        case misdirectedWrite(Int)
        /// One of several files is as it was when so many thousandths of its writes had been done.
        case olderFile(Int)
    }

    public var kind: Kind
    /// How far into what is stored it begins, in millionths of all.
    public var place: Int

    /// Whether writes are not what their disk has acknowledged, rather than damaged later.
    public var isLie: Bool {
        switch kind {
        case .flippedBit, .lostBlock: false
        case .droppedWrite, .misdirectedWrite, .olderFile: true
        }
    }

    public init(_ kind: Kind, place: Int) {
        self.kind = kind
        self.place = place
    }

    /// Where it begins in so many bytes; from 0 on, and less than their count unless that is 0.
    public func offset(in count: Int) -> Int { count * min(max(place, 0), 999_999) / 1_000_000 }

    /// Damages stored bytes from an index of theirs on, and nothing beyond their end.
    ///
    /// Which writes there were only who made them knows: a lie about one of them changes nothing here.
    public func apply(to bytes: inout ArraySlice<UInt8>, at start: Int) {
        switch kind {
        case .flippedBit(let bit): bytes[start] ^= 1 << UInt8(bit & 7)
        case .lostBlock(let length):
            for index in start..<min(start + max(length, 0), bytes.endIndex) { bytes[index] = 0 }
        case .droppedWrite, .misdirectedWrite, .olderFile: break
        }
    }
}

extension DiskDamage: CustomStringConvertible {
    public var description: String {
        let place = "\(place / 10_000) % into it"
        return switch kind {
        case .flippedBit(let bit): "bit \(bit) of a byte flips, \(place)"
        case .lostBlock(let length): "\(length) bytes read as zeros, \(place)"
        case .droppedWrite: "a write was never done, \(place)"
        case .misdirectedWrite: "a write was done in another's place, \(place)"
        case .olderFile: "a file is an older one, \(place)"
        }
    }
}
