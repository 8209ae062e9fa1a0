import ConsensusCore
import StateMachines
import Testing

/// A machine that remembers what it applied, and answers how many commands it had before and an echo.
struct Recorder: StateMachine {
    var applied: [[UInt8]] = []

    mutating func apply(_ command: Span<UInt8>) -> [UInt8] {
        applied.append(Array(copying: command))
        return [UInt8(truncatingIfNeeded: applied.count - 1)] + Array(copying: command)
    }

    func read(_ query: Span<UInt8>) -> [UInt8] { Array(copying: query) }

    func snapshot() -> [UInt8] {
        var writer = ByteWriter()
        writer.write(count: applied.count)
        for command in applied { writer.write(command) }
        return writer.bytes
    }

    mutating func restore(_ snapshot: Span<UInt8>) throws(WireError) {
        var reader = snapshot
        var restored: [[UInt8]] = []
        for _ in 0..<(try reader.readUInt32()) { restored.append(try reader.readBytes(upTo: 64)) }
        guard reader.isEmpty else { throw .trailingBytes }
        applied = restored
    }
}

/// A machine without a state, whose reply is as many bytes as the command's first four say.
struct Filler: StateMachine {
    func apply(_ command: Span<UInt8>) -> [UInt8] {
        var reader = command
        guard let size = try? reader.readUInt32() else { return [] }
        return [UInt8](repeating: 7, count: Int(size))
    }

    func read(_ query: Span<UInt8>) -> [UInt8] { apply(query) }
    func snapshot() -> [UInt8] { [] }

    func restore(_ snapshot: Span<UInt8>) throws(WireError) {
        guard snapshot.isEmpty else { throw .trailingBytes }
    }

    static func command(size: Int) -> [UInt8] {
        var writer = ByteWriter()
        writer.write(count: size)
        return writer.bytes
    }
}

extension Array where Element == UInt8 {
    init(copying span: Span<UInt8>) {
        self = span.indices.map { span[$0] }
    }

    init(drawing count: Int, below bound: UInt64 = 256, _ random: inout RandomSource) {
        self = (0..<count).map { _ in UInt8(random.below(bound)) }
    }

    /// The same bytes with one bit flipped.
    func flipping(bit: Int) -> [UInt8] {
        var copy = self
        copy[bit / 8] ^= 1 << UInt8(bit % 8)
        return copy
    }
}

/// The owner of all sessions of the tests that have one client.
let soleOwner: UInt64 = 77

extension Sessions {
    mutating func send(
        _ sequence: UInt64, of session: UInt64, owner: UInt64 = soleOwner,
        answeredBelow: UInt64 = 0, _ command: [UInt8] = []
    ) -> Reply {
        let header = CommandHeader(
            id: CommandID(session: session, owner: owner, sequence: sequence),
            answeredBelow: answeredBelow)
        return apply(header, command.span)
    }

    /// Opens one more session, by the number that it will have.
    mutating func open() -> Reply {
        send(nextSession, of: 0)
    }

    private var nextSession: UInt64 {
        let bytes = snapshot()
        var reader = bytes.span.extracting(droppingFirst: 2)
        return (try? reader.readUInt64()) ?? 0
    }
}

extension KeyValueStore {
    mutating func perform(_ command: KeyValueCommand) throws -> KeyValueReply {
        try KeyValueReply(reading: apply(command.encoded().span).span)
    }

    func ask(_ query: KeyValueQuery) throws -> KeyValueReply {
        try KeyValueReply(reading: read(query.encoded().span).span)
    }
}

extension ReplicatedList {
    mutating func perform(_ command: ListCommand) throws -> ListReply {
        try ListReply(reading: apply(command.encoded().span).span)
    }

    func ask(_ query: ListQuery) throws -> ListReply {
        try ListReply(reading: read(query.encoded().span).span)
    }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
