public import ConsensusCore

/// A message on its way out or in, as the trace tells it.
@usableFromInline
struct ObservedMessage {
    let header: DatagramHeader
    let kind: String
    let ballot: UInt64?
    /// The whole datagram's length in bytes.
    let size: Int
    /// The message in Swift's own words.
    let description: String

    @usableFromInline
    init(
        header: DatagramHeader, kind: String, ballot: UInt64?, size: Int, description: String
    ) {
        self.header = header
        self.kind = kind
        self.ballot = ballot
        self.size = size
        self.description = description
    }

    /// Names the encoded message and all its copies: `sender.incarnation.sequence`.
    var identifier: String {
        "\(header.origin.node).\(header.origin.stamp.incarnation).\(header.sequence)"
    }
}

/// Tells the trace file and the person at the terminal what a loop does.
///
/// A loop that nobody observes has none, and pays one comparison an event.
///
/// Every line of a trace has `time` and `monotonic` (nanoseconds, by the calendar and by the clock that
/// the machine's processes share), `node`, `event` and `lamport`, this node's Lamport clock after it.
/// Besides:
///
/// | event | fields |
/// |---|---|
/// | `start` | `incarnation` |
/// | `send` | `peers` (a list), and the message |
/// | `fault` | `fault` (`dropped`, `duplicated`, `delayed`), `delay` in ns, `peer`, and the message |
/// | `receive` | `peer`, and the message |
/// | `drop` | `reason` (a ``DropReason``), `source`, `bytes` |
/// | `wake` | – |
/// | `input`, `record`, `output` | `input`, `record`, `output`: the value in Swift's words |
/// | `checkpoint` | `records`: how many took the place of all before, durably |
/// | `stop` | `reason` (`stopped`, `signal`, `crashPoint`), `received`, `sent`, `dropped`, `sendErrors` |
///
/// The message is `kind`, `ballot` if it has one, `id` (`sender.incarnation.sequence`, the same where it
/// is sent and where its copies arrive), `epoch` and `bytes`. Numbers of 64 random bits are texts, for
/// most readers of JSON would round them. A client without a line in the hosts file is node 4294967295
/// in its own trace and in `id`; as a peer it has the number, from 2147483648 on, that the node gave it, and
/// the `id` of what it is sent names another life of the node than its true one.
@usableFromInline
final class LoopObserver {
    private let node: NodeID
    private let trace: TraceFile?
    private let debug: Bool

    /// Nil if neither trace nor debug output is wanted.
    init?(_ settings: LoopSettings) {
        guard settings.isObserved else { return nil }
        node = settings.node
        trace = settings.trace
        debug = settings.debug
    }

    // MARK: Events

    @usableFromInline
    func started(_ stamp: Stamp) {
        note("start", lamport: 0) { $0.add("incarnation", String(stamp.incarnation)) }
        say { "starts, incarnation \(stamp.incarnation)" }
    }

    @usableFromInline
    func sent(_ message: ObservedMessage, to recipients: Recipients) {
        var peers: [UInt32] = []
        recipients.forEach { peers.append($0.rawValue) }
        note("send", lamport: message.header.lamportTime) {
            $0.add("peers", peers)
            LoopObserver.add(message, to: &$0)
        }
        say {
            let names = peers.map(String.init).joined(separator: ", ")
            return
                "sends \(message.kind) to \(names) [\(message.identifier)] \(message.description)"
        }
    }

    @usableFromInline
    func injected(_ faults: [InjectedFault], into message: ObservedMessage) {
        for fault in faults {
            note("fault", lamport: message.header.lamportTime) {
                $0.add("peer", fault.recipient.rawValue)
                switch fault.kind {
                case .dropped: $0.add("fault", "dropped")
                case .duplicated: $0.add("fault", "duplicated")
                case .delayed(let interval):
                    $0.add("fault", "delayed")
                    $0.add("delay", interval.nanoseconds)
                }
                LoopObserver.add(message, to: &$0)
            }
        }
    }

    /// - Parameters:
    ///   - sender: as this node calls it, which the header does not if it is a guest.
    ///   - lamport: this node's clock after the message, which the header has not.
    @usableFromInline
    func received(_ message: ObservedMessage, from sender: NodeID, lamport: UInt64) {
        note("receive", lamport: lamport) {
            $0.add("peer", sender.rawValue)
            LoopObserver.add(message, to: &$0)
        }
        say {
            "receives \(message.kind) from \(sender) [\(message.identifier)] \(message.description)"
        }
    }

    @usableFromInline
    func dropped(_ reason: DropReason, source: SocketAddress?, size: Int, lamport: UInt64) {
        let origin = source.map(\.description) ?? "an unknown address"
        note("drop", lamport: lamport) {
            $0.add("reason", "\(reason)")
            $0.add("source", origin)
            $0.add("bytes", size)
        }
        say { "drops \(size) bytes from \(origin): \(reason)" }
    }

    @usableFromInline
    func woke(lamport: UInt64) {
        note("wake", lamport: lamport) { _ in }
    }

    @usableFromInline
    func asked(_ input: String, lamport: UInt64) {
        note("input", lamport: lamport) { $0.add("input", input) }
        say { "is asked for \(input)" }
    }

    @usableFromInline
    func recorded(_ record: String, lamport: UInt64) {
        note("record", lamport: lamport) { $0.add("record", record) }
    }

    @usableFromInline
    func checkpointed(_ count: Int, lamport: UInt64) {
        note("checkpoint", lamport: lamport) { $0.add("records", count) }
        say { "replaces its records by \(count)" }
    }

    @usableFromInline
    func reported(_ output: String, lamport: UInt64) {
        note("output", lamport: lamport) { $0.add("output", output) }
        say { "reports \(output)" }
    }

    @usableFromInline
    func stopped(_ end: LoopEnd, counters: DatagramCounters, lamport: UInt64) {
        let reason =
            switch end {
            case .stopped: "stopped"
            case .signal: "signal"
            case .crashPoint: "crashPoint"
            }
        note("stop", lamport: lamport) {
            $0.add("reason", reason)
            $0.add("received", counters.received)
            $0.add("sent", counters.sent)
            $0.add("dropped", counters.dropped)
            $0.add("sendErrors", counters.sendErrors)
        }
        say { "stops: \(counters)" }
    }

    // MARK: Writing

    private static func add(_ message: ObservedMessage, to line: inout JSONLine) {
        line.add("kind", message.kind)
        if let ballot = message.ballot { line.add("ballot", ballot) }
        line.add("id", message.identifier)
        // As text: an epoch does not fit the numbers of most JSON readers.
        line.add("epoch", String(message.header.origin.stamp.epoch))
        line.add("bytes", message.size)
    }

    private func note(
        _ event: String, lamport: UInt64, _ fields: (inout JSONLine) -> Void
    ) {
        guard let trace else { return }
        var line = JSONLine()
        line.add("time", System.calendarNanoseconds())
        line.add("monotonic", System.monotonicNanoseconds())
        line.add("node", node.rawValue)
        line.add("event", event)
        line.add("lamport", lamport)
        fields(&line)
        line.finish()
        trace.append(line)
    }

    private func say(_ text: () -> String) {
        guard debug else { return }
        let name = node == .anonymous ? "client" : "\(node)"
        Console.complain("[\(name)] \(text())")
    }
}
