package import ConsensusCore

/// The commands that share a slot, as the bytes that are agreed on.
///
/// One command is a ``CommandHeader``, a length and the client's bytes. Only proposers, which write it,
/// and learners look inside; no bytes at all are a no-op.
package struct CommandBatch {
    private var writer = ByteWriter()

    /// The most bytes of a batch that is taken from others: it fits a datagram with room to spare.
    static let maximumSize = 40_000

    /// How many bytes one command takes besides its own.
    static let overhead = CommandHeader.size + 4

    var isEmpty: Bool { writer.bytes.isEmpty }

    /// Whether a command goes in as well; into an empty batch any does.
    ///
    /// - Parameter limit: the most bytes of a batch of several.
    func hasRoom(for command: [UInt8], within limit: Int) -> Bool {
        isEmpty || writer.bytes.count + CommandBatch.overhead + command.count <= limit
    }

    mutating func append(_ header: CommandHeader, _ command: [UInt8]) {
        header.encode(into: &writer)
        writer.write(command)
    }

    /// The batch's bytes; it is empty then.
    mutating func take() -> [UInt8] {
        var taken = ByteWriter()
        swap(&taken, &writer)
        return taken.bytes
    }

    /// Calls `body` with each command of a batch, in order.
    ///
    /// Bytes that are no command end it: a proposer that keeps the rules writes none, and every learner
    /// ends at the same place.
    package static func forEach(
        in batch: [UInt8], _ body: (CommandHeader, borrowing Span<UInt8>) -> Void
    ) {
        var reader = batch.span
        while !reader.isEmpty {
            guard let header = try? CommandHeader(from: &reader),
                let length = try? reader.readCount(upTo: ServiceLimits.maximumCommandSize),
                reader.count >= length
            else { return }
            body(header, reader.extracting(first: length))
            reader = reader.extracting(droppingFirst: length)
        }
    }
}
