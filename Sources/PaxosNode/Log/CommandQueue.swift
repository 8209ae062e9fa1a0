import ConsensusCore

/// The commands that have no slot yet, in batches that are to have one each.
///
/// It is bounded in batches, and in the bytes of each guest's commands.
struct CommandQueue: Sendable {
    /// The bytes of commands of one asker that follow one another.
    private struct Part: Sendable {
        var asker: NodeID
        var bytes: Int
    }

    private struct Batch: Sendable {
        var bytes: [UInt8]
        var parts: [Part]
    }

    private let sizes: LogSizes
    private var shares: AskerShares
    private var fullBatches: [Batch] = []
    private var nextBatch = 0
    private var batch = CommandBatch()
    private var parts: [Part] = []

    init(_ sizes: LogSizes, nodes: NodeSet) {
        self.sizes = sizes
        shares = AskerShares(limit: sizes.guestBatchBytes, exempt: nodes)
    }

    var isEmpty: Bool { batch.isEmpty && nextBatch == fullBatches.count }

    private static func size(of command: LogOperation) -> Int {
        CommandBatch.overhead + command.body.count
    }

    /// Whether another command of an asker may wait.
    func hasRoom(for command: LogOperation, of asker: NodeID) -> Bool {
        fullBatches.count - nextBatch < sizes.batches
            && shares.allows(CommandQueue.size(of: command), to: asker)
    }

    mutating func append(_ command: LogOperation, of asker: NodeID) {
        if !batch.hasRoom(for: command.body, within: sizes.batch) {
            // A queue that is never empty would keep all that ever went through it.
            if nextBatch > sizes.batches { dropTakenBatches() }
            fullBatches.append(Batch(bytes: batch.take(), parts: parts))
            parts.removeAll()
        }
        batch.append(command.header, command.body)
        let size = CommandQueue.size(of: command)
        shares.take(size, for: asker)
        if let last = parts.indices.last, parts[last].asker == asker {
            parts[last].bytes += size
        } else {
            parts.append(Part(asker: asker, bytes: size))
        }
    }

    /// The commands that are to share the next slot; nil if none wait.
    mutating func take() -> [UInt8]? {
        if nextBatch < fullBatches.count {
            defer { nextBatch += 1 }
            giveBack(fullBatches[nextBatch].parts)
            return fullBatches[nextBatch].bytes
        }
        dropTakenBatches()
        guard !batch.isEmpty else { return nil }
        giveBack(parts)
        parts.removeAll(keepingCapacity: true)
        return batch.take()
    }

    private mutating func giveBack(_ parts: [Part]) {
        for part in parts { shares.give(part.bytes, of: part.asker) }
    }

    private mutating func dropTakenBatches() {
        fullBatches.removeFirst(nextBatch)
        nextBatch = 0
    }

    mutating func removeAll() {
        fullBatches.removeAll()
        nextBatch = 0
        batch = CommandBatch()
        parts.removeAll()
        shares.reset()
    }
}
