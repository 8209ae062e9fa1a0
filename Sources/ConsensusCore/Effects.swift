/// What an automaton wants done, in three lanes that every host honours in this order: make the
/// records durable, then send the envelopes, then report the outputs.
///
/// The order is the safety of crash recovery: nothing can be answered before it is remembered. One
/// buffer belongs to the host and is used for step after step, so that a steady state allocates
/// nothing.
@frozen
public struct Effects<Message, Record, Output> {
    /// Durable deltas: what must be found again after a crash.
    public var records: [Record]
    /// What to send, and to whom.
    public var envelopes: [Envelope<Message>]
    /// What to tell the host's own user.
    public var outputs: [Output]

    @inlinable
    public init() {
        records = []
        envelopes = []
        outputs = []
    }

    @inlinable
    public var isEmpty: Bool { records.isEmpty && envelopes.isEmpty && outputs.isEmpty }

    /// Asks for a record to be made durable before anything of this step is sent.
    @inlinable
    public mutating func remember(_ record: Record) {
        records.append(record)
    }

    /// Sends one message to one host, con node or client.
    @inlinable
    public mutating func send(_ message: Message, to node: NodeID) {
        envelopes.append(Envelope(recipients: .one(node), message: message))
    }

    /// Sends one message to every con node of a set; to nobody if it is empty.
    @inlinable
    public mutating func send(_ message: Message, to nodes: NodeSet) {
        guard !nodes.isEmpty else { return }
        envelopes.append(Envelope(recipients: .nodes(nodes), message: message))
    }

    @inlinable
    public mutating func report(_ output: Output) {
        outputs.append(output)
    }

    /// Empties all lanes and keeps their memory.
    @inlinable
    public mutating func removeAll() {
        records.removeAll(keepingCapacity: true)
        envelopes.removeAll(keepingCapacity: true)
        outputs.removeAll(keepingCapacity: true)
    }
}

/// A message and who is to have it.
///
/// It is encoded once, however many they are.
@frozen
public struct Envelope<Message> {
    public var recipients: Recipients
    public var message: Message

    @inlinable
    public init(recipients: Recipients, message: Message) {
        self.recipients = recipients
        self.message = message
    }
}

/// The addressees of an envelope.
@frozen
public enum Recipients: Hashable, Sendable {
    case nodes(NodeSet)
    case one(NodeID)

    /// Calls `body` with each addressee, in ascending order.
    @inlinable
    public func forEach<Failure: Error>(
        _ body: (NodeID) throws(Failure) -> Void
    ) throws(Failure) {
        switch self {
        case .one(let node): try body(node)
        case .nodes(let nodes): for node in nodes { try body(node) }
        }
    }
}

extension Envelope: Sendable where Message: Sendable {}
extension Effects: Sendable where Message: Sendable, Record: Sendable, Output: Sendable {}
