import ConsensusCore

@testable import PaxosNode

/// One node of a log, driven by hand: each event gives the effects of that event alone.
struct LogDriver {
    var node: LogNode
    private(set) var now = milliseconds(0)
    private var lanes = LogNode.Lanes()

    init(
        _ id: NodeID, of cluster: LogCluster, state: any ReplicatedState = Recorder(),
        records: [LogRecord] = [], isBorn: Bool = true, options: LogOptions = LogOptions(),
        seed: UInt64 = 2_000
    ) {
        node = LogNode(
            cluster: cluster, node: id, state: state, seed: seed + UInt64(id.rawValue),
            options: options)
        for record in records { node.recover(record) }
        if isBorn, node.founding.birth == nil {
            let birth = LogDriver.birth(of: cluster, with: id, in: node.incarnation)
            node.recover(.born(birth, id, service: []))
        }
        _ = step { node, now, lanes in node.start(at: now, into: &lanes) }
    }

    /// The birth that drivers belong to: all acceptors are founders, in the lives of ``peer(_:)`` but for the
    /// driver's own node.
    static func birth(of cluster: LogCluster, with node: NodeID, in life: UInt64) -> Birth {
        Birth(
            identifier: birthIdentifier, founders: cluster.acceptors,
            lives: cluster.acceptors.map { $0 == node ? life : peer($0).stamp.incarnation })
    }

    static let birthIdentifier: UInt64 = 0xb1

    /// The one life of another node that this one is to know.
    static func peer(_ id: NodeID) -> Origin {
        origin(id, epoch: birthIdentifier, life: 100 + UInt64(id.rawValue))
    }

    private mutating func step(
        _ body: (inout LogNode, Instant, inout LogNode.Lanes) -> Void
    ) -> LogNode.Lanes {
        lanes.removeAll()
        body(&node, now, &lanes)
        node.checkInvariants()
        return lanes
    }

    @discardableResult
    mutating func receive(_ message: LogMessage, from origin: Origin) -> LogNode.Lanes {
        step { node, now, lanes in node.receive(message, from: origin, at: now, into: &lanes) }
    }

    @discardableResult
    mutating func receive(_ message: LogMessage, from peer: NodeID) -> LogNode.Lanes {
        receive(message, from: LogDriver.peer(peer))
    }

    @discardableResult
    mutating func wake() -> LogNode.Lanes {
        step { node, now, lanes in node.wake(at: now, into: &lanes) }
    }

    mutating func pass(_ interval: Interval) {
        now = now + interval
    }

    /// Lets time pass up to its next deadline, and wakes it.
    mutating func wakeInTime() -> LogNode.Lanes {
        now = max(now, node.wakeTime)
        return wake()
    }

    /// Makes it known to all others, and an acceptor remembered by them.
    mutating func meetAll() {
        for other in node.cluster.nodes.removing(node.node) {
            receive(
                .welcome(
                    Welcome(
                        proof: node.incarnation, remembered: node.incarnation,
                        number: node.acquaintance.number)),
                from: other)
        }
    }

    /// Has it lead, by the answers of all other acceptors, which report these pages.
    mutating func lead(_ pages: [NodeID: LogPromise] = [:]) {
        var effects = wakeInTime()
        while effects.sent("canvass").isEmpty, node.tenure == nil { effects = wakeInTime() }
        for acceptor in node.cluster.acceptors.removing(node.node) {
            guard let attempt = node.canvass?.attempt else { break }
            receive(.willing(Willing(attempt: attempt, promised: nil)), from: acceptor)
        }
        for acceptor in node.cluster.acceptors.removing(node.node) {
            guard let preparation = node.preparation else { break }
            var promise =
                pages[acceptor]
                ?? LogPromise(
                    ballot: preparation.ballot, from: 1, truncated: 0, entries: [], next: nil)
            promise.ballot = preparation.ballot
            promise.from = preparation.nextPage(of: acceptor)
            receive(.promise(promise), from: acceptor)
        }
        precondition(node.tenure != nil, "it should lead by now")
    }
}

extension Effects where Message == LogMessage {
    /// The messages of one kind, whoever is to have them.
    func sent(_ kind: String) -> [Envelope<LogMessage>] {
        envelopes.filter { $0.message.kind == kind }
    }

    /// Whether each fits a datagram.
    var fitDatagrams: Bool {
        envelopes.allSatisfy { $0.message.datagramSize <= DatagramFormat.maximumSize }
    }
}

extension LogMessage {
    /// How many bytes its datagram has.
    var datagramSize: Int { encoded(self).count + DatagramFormat.headerSize }
}
