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
        let origin = Origin(node: node, stamp: automaton.stamp)
        for envelope in effects.envelopes {
            tickLamportClock()
            let datagram = Datagram(
                header: DatagramHeader(
                    cluster: cluster, origin: origin, sequence: sequence, lamportTime: lamportTime),
                message: envelope.message)
            sequence += 1
            datagram.encode(into: &writer)
            transport.enqueue(writer.bytes, to: envelope.recipients, at: now)
            if let observer {
                let message = observe(datagram, size: writer.bytes.count)
                observer.sent(message, to: envelope.recipients)
                observer.injected(transport.takeFaults(), into: message)
            }
        }
        effects.envelopes.removeAll(keepingCapacity: true)
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
