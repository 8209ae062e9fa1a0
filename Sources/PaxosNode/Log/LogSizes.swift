import ConsensusCore

/// How much of everything a node or a client of the log sends and holds at a time.
///
/// What it takes from others is bounded by the formats alone, so nodes and clients with different sizes
/// understand one another. The defaults are what a cluster runs with. Small sizes are for tests: there
/// everything that comes in several pages, pieces or rounds does so all the time.
public struct LogSizes: Hashable, Sendable {
    /// About the most bytes of values in a datagram; one value goes alone, whatever its size.
    public var page = LogMessage.pageSize
    /// The most entries of a list in a datagram.
    public var entries = LogMessage.maximumEntries
    /// The most bytes of a batch of commands; one command goes alone, whatever its size.
    public var batch = CommandBatch.maximumSize
    /// The most slots in flight.
    public var windowSlots: UInt64 = 256
    /// About the most bytes in flight.
    public var windowBytes = 4 << 20
    /// The most bytes of one piece of a snapshot.
    public var piece = LogMessage.pageSize
    /// How many datagrams answer one fetch.
    public var burst = 4
    /// The most commands whose answers a leader awaits.
    public var commands = 65_536
    /// The most full batches that wait for a slot.
    public var batches = 400
    /// About the most bytes of queries that wait at a leader.
    public var queryBytes = 16 << 20
    /// The most messages with queries that wait at a learner.
    public var reads = 1_024
    /// Of how many operations that were passed on the asker is known, at least.
    public var relayed = 16_384
    /// The most commands of a client that are under way.
    public var outstanding = ServiceLimits.maximumOutstanding
    /// About the most bytes of answers that leave a node at a time; what is over is asked for again.
    public var answerBytes = 32 << 20

    public init() {}

    // MARK: What one client without a line may take of it

    /// The most commands of one client whose answers a leader awaits: at least all that a client has under
    /// way, or its first ones could keep the last from ever being taken.
    var guestCommands: Int { max(outstanding + 1, commands / 16) }
    /// About the most bytes of one client's commands that wait for a slot.
    var guestBatchBytes: Int { max(batch, batches * (batch / 4)) }
    /// About the most bytes of one client's queries that wait.
    var guestQueryBytes: Int { max(1, queryBytes / 8) }
    /// About the most bytes of answers that leave for one client at a time.
    var guestAnswerBytes: Int { max(1, answerBytes / 32) }
    /// About the most bytes of answers that leave at a time before queries have to wait, and of those for
    /// one client: what is answered at a time is what everybody else waits for.
    var queryAnswerBytes: Int { max(1, answerBytes / 64) }
    var guestQueryAnswerBytes: Int { max(1, answerBytes / 256) }
    /// About how many bytes of answers to commands are kept for those who ask again, at least.
    var answeredBytes: Int { max(1, answerBytes / 8) }

    /// Whether a node or client can work with them: none is zero, and none is more than the formats allow.
    var isValid: Bool {
        1...LogMessage.pageSize ~= page && 1...LogMessage.maximumEntries ~= entries
            && 1...CommandBatch.maximumSize ~= batch
            && 1..<SlotLog<Acceptance>.maximumSpan ~= windowSlots && windowBytes >= 1
            && 1...LogMessage.pageSize ~= piece && burst >= 1 && commands >= 1 && batches >= 1
            && queryBytes >= 1 && answerBytes >= 1 && reads >= 1 && relayed >= 1
            && 1...ServiceLimits.maximumOutstanding ~= outstanding
    }
}
