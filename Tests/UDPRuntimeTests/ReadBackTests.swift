import ConsensusCore
import Testing

@testable import UDPRuntime

/// A record whose bytes need not be what its reader takes.
private struct Picky: WireCodable, Hashable {
    enum Kind: UInt8, CaseIterable {
        case good
        /// A field that the reader's checks refuse.
        case invalid
        /// A last field of fewer bytes than the reader takes.
        case short
        /// A last field of more.
        case long
        /// No bytes at all.
        case empty
    }

    var kind: Kind
    var number: UInt64

    init(_ kind: Kind, _ number: UInt64) {
        self.kind = kind
        self.number = number
    }

    func encode(into writer: inout ByteWriter) {
        if kind == .empty { return }
        writer.write(kind.rawValue)
        writer.write(number)
        if kind == .short { writer.bytes.removeLast() }
        if kind == .long { writer.write(0 as UInt8) }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        guard let kind = Kind(rawValue: try reader.readUInt8()), kind != .invalid else {
            throw .invalidField
        }
        self.init(kind, try reader.readUInt64())
    }
}

@Suite("Records are read back before they are written")
struct ReadBackTests {
    private func open(
        _ disk: FakeDisk, _ recover: (Picky) -> Void = { _ in }
    ) throws(ExitError) -> RecordLog<Picky> {
        try RecordLog(
            StorageFolder(path: "log", files: disk),
            LogSettings(identity: owner, segmentSize: 4_096, seed: 1),
            complain: { Issue.record("\($0)") }, recovering: recover)
    }

    private func contents(_ disk: FakeDisk) throws(ExitError) -> [Picky] {
        var found: [Picky] = []
        _ = try open(disk) { found.append($0) }
        return found
    }

    /// How the bad record stands among others that are given with it.
    enum Place: CaseIterable {
        case alone, first, last
    }

    @Test(
        "one that could not be read back is refused with 74, and the log is as it was",
        arguments: Array(Picky.Kind.allCases.dropFirst()), Place.allCases)
    fileprivate func refused(kind: Picky.Kind, place: Place) throws {
        let bad = Picky(kind, 9)
        let records =
            switch place {
            case .alone: [bad]
            case .first: [bad, Picky(.good, 2)]
            case .last: [Picky(.good, 2), bad]
            }
        for replaces in [false, true] {
            let disk = FakeDisk()
            do {
                var log = try open(disk)
                try log.makeDurable([Picky(.good, 1)])
                let changes = disk.changes
                // The second time, too, whatever is given.
                for given in [records, [Picky(.good, 3)]] {
                    do throws(ExitError) {
                        if replaces {
                            try log.replaceAll(with: given)
                        } else {
                            try log.makeDurable(given)
                        }
                        Issue.record("\(given) was taken")
                    } catch {
                        #expect(error.status == 74)
                        let words = given == records ? "could not be read back" : "failed before"
                        #expect(error.sentence.contains(words))
                    }
                }
                #expect(disk.changes == changes)
            }
            #expect(try contents(disk) == [Picky(.good, 1)])
            do {
                var log = try open(disk)
                try log.makeDurable([Picky(.good, 2)])
            }
            #expect(try contents(disk) == [Picky(.good, 1), Picky(.good, 2)])
        }
    }
}
