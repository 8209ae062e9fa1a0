public import ConsensusCore

extension EventLoop {
    /// Encodes what the last event wants sent, each envelope once, with the stamp of now.
    ///
    /// The bytes wait in the transport until the records before them are durable.
    @inlinable
    mutating func encodeEnvelopes(at now: Instant) {
        if let observer {
            for record in effects.records[observedRecords...] {
                observer.recorded("\(record)", lamport: lamportTime)
            }
            observedRecords = effects.records.count
        }
        guard !effects.envelopes.isEmpty else { return }
        for envelope in effects.envelopes {
            tickLamportClock()
            let datagram = Datagram(
                header: DatagramHeader(
                    cluster: cluster, origin: origin(for: envelope.recipients),
                    sequence: sequence, lamportTime: lamportTime,
                    cookie: cookie(for: envelope.recipients)),
                message: envelope.message)
            sequence += 1
            datagram.encode(into: &writer)
            if node == .anonymous {
                sendAsGuest(datagram.header, to: envelope.recipients, at: now)
            } else {
                transport.enqueue(writer.bytes, to: envelope.recipients, at: now)
            }
            if let observer {
                let message = observe(datagram, size: writer.bytes.count)
                observer.sent(message, to: envelope.recipients)
                observer.injected(transport.takeFaults(), into: message)
            }
            // A step that answers many must not have all of it lie here twice; records come first.
            if transport.isFull, effects.records.isEmpty { transport.flush() }
        }
        effects.envelopes.removeAll(keepingCapacity: effects.envelopes.count <= keptEnvelopes)
    }

    /// Who this node says it is: to guests, in another life than its true one.
    @inlinable
    func origin(for recipients: Recipients) -> Origin {
        if case .one(let recipient) = recipients, recipient.isGuest { return originForGuests }
        return Origin(node: node, stamp: automaton.stamp)
    }

    @inlinable
    var originForGuests: Origin {
        Origin(
            node: node,
            stamp: Stamp(epoch: automaton.stamp.epoch, incarnation: publicIncarnation))
    }

    /// The cookie that the first recipient gave this node, if it is a guest there.
    @inlinable
    func cookie(for recipients: Recipients) -> UInt64 {
        guard node == .anonymous else { return 0 }
        switch recipients {
        case .one(let recipient): return jar.cookie(for: recipient)
        case .nodes(let nodes): return nodes.first.map { jar.cookie(for: $0) } ?? 0
        }
    }

    /// Queues the datagram in the writer for each recipient, with the cookie that this one gave.
    @inlinable
    mutating func sendAsGuest(
        _ header: DatagramHeader, to recipients: Recipients, at now: Instant
    ) {
        var written = header.cookie
        recipients.forEach { recipient in
            let cookie = jar.cookie(for: recipient)
            if cookie != written {
                DatagramFormat.write(cookie: cookie, into: &writer.bytes)
                written = cookie
            }
            jar.didSend(writer.bytes, sequence: header.sequence, to: recipient)
            transport.enqueue(writer.bytes, to: .one(recipient), at: now)
        }
    }

    /// Makes the records durable, then sends, then reports, until told to stop.
    @inlinable
    mutating func honourLanes<Sink: RecordSink & ~Copyable>(
        _ sink: inout Sink, _ report: (A.Output) throws(ExitError) -> LoopDecision
    ) throws(ExitError) -> LoopDecision where Sink.Record == A.Record {
        if !effects.records.isEmpty {
            try sink.makeDurable(effects.records)
            effects.records.removeAll(keepingCapacity: true)
            observedRecords = 0
        }
        transport.flush()
        guard !effects.outputs.isEmpty else { return .continue }
        defer { effects.outputs.removeAll(keepingCapacity: true) }
        for output in effects.outputs {
            observer?.reported("\(output)", lamport: lamportTime)
            if try report(output) == .stop { return .stop }
        }
        return .continue
    }

    /// Sends what faults still hold back: at its time, or at once after a signal or a closed inbox.
    @inlinable
    mutating func finish(_ end: LoopEnd) throws(ExitError) -> LoopEnd {
        var isHurried = isClosed
        if case .signal = end { isHurried = true }
        while transport.nextDue < .never {
            if !isHurried {
                let wakening = try transport.waitLeavingDatagrams(until: transport.nextDue)
                // Requests come too late now; a closed inbox does not.
                if wakening.hasInputs, let inbox { isHurried = inbox.take(into: &inputs) }
                if wakening.signal != nil { isHurried = true }
            }
            transport.releaseDelayed(dueAt: isHurried ? .never : MonotonicClock.now())
            transport.flush()
        }
        observer?.stopped(end, counters: transport.counters, lamport: lamportTime)
        return end
    }

    /// Puts a checkpoint in the place of all records, if the automaton wants one.
    ///
    /// - Precondition: the records of all steps so far are durable, and what they want sent is encoded.
    @inlinable
    mutating func checkpointIfWanted<Sink: RecordSink & ~Copyable>(
        _ sink: inout Sink
    ) throws(ExitError) where Sink.Record == A.Record {
        guard automaton.wantsCheckpoint else { return }
        precondition(effects.records.isEmpty && effects.envelopes.isEmpty)
        let records = automaton.checkpoint()
        try sink.replaceAll(with: records)
        observer?.checkpointed(records.count, lamport: lamportTime)
    }

    @inlinable
    func observe(_ datagram: Datagram<A.Message>, size: Int) -> ObservedMessage {
        ObservedMessage(
            header: datagram.header, kind: datagram.message.kind,
            ballot: datagram.message.ballotNumber, size: size,
            description: "\(datagram.message)")
    }
}
