public import ConsensusCore

extension EventLoop {
    /// Reads a datagram of the batch; nil if it was dropped, or was not for the automaton.
    ///
    /// A guest's is returned with the ID that the guest has here.
    @inlinable
    mutating func accept(at index: Int, now: Instant) -> Datagram<A.Message>? {
        switch transport.screen(at: index) {
        case .refused(let reason): drop(reason, at: index)
        case .challenged(let header, let cookie):
            drop(.withoutCookie, at: index)
            challenge(header, cookie: cookie, at: index)
        case .challenge(let header): answer(header, at: index, now: now)
        case .peer(let header):
            if let datagram = decode(header, at: index) {
                return take(datagram, from: header.origin.node, at: index)
            }
        case .guest(let header):
            // An ID is for those alone who show a cookie and have something to say.
            if let datagram = decode(header, at: index), let guest = transport.guest(at: index) {
                return take(datagram, from: guest, at: index)
            }
        }
        return nil
    }

    @inlinable
    mutating func decode(_ header: DatagramHeader, at index: Int) -> Datagram<A.Message>? {
        let bytes = unsafe transport.bytes(at: index)
        do throws(WireError) {
            return try unsafe Datagram(header, decoding: bytes.span)
        } catch {
            drop(DropReason(error), at: index)
            return nil
        }
    }

    @inlinable
    mutating func take(
        _ datagram: Datagram<A.Message>, from sender: NodeID, at index: Int
    ) -> Datagram<A.Message> {
        var datagram = datagram
        transport.countReceived()
        // A time that no cluster gets to is a forger's, and would stop the clock for good.
        if datagram.header.lamportTime <= DatagramFormat.lamportCeiling {
            lamportTime = max(lamportTime, datagram.header.lamportTime)
        }
        tickLamportClock()
        if let observer {
            let message = observe(datagram, size: unsafe transport.bytes(at: index).count)
            observer.received(message, from: sender, lamport: lamportTime)
        }
        datagram.header.origin.node = sender
        return datagram
    }

    /// Sends a guest the cookie that it is to show.
    @inlinable
    mutating func challenge(_ question: DatagramHeader, cookie: UInt64, at index: Int) {
        DatagramHeader(
            cluster: cluster, origin: originForGuests, sequence: question.sequence,
            lamportTime: lamportTime, cookie: cookie, kind: .challenge
        ).encodeBare(into: &writer)
        transport.answer(writer.bytes, to: index)
    }

    /// Keeps the cookie that a node wants to see, and sends again what it had not looked at without.
    @inlinable
    mutating func answer(_ challenge: DatagramHeader, at index: Int, now: Instant) {
        guard let again = jar.take(challenge) else { return drop(.idleChallenge, at: index) }
        transport.countChallenge()
        for datagram in again {
            transport.enqueue(datagram, to: .one(challenge.origin.node), at: now)
        }
    }

    @inlinable
    mutating func drop(_ reason: DropReason, at index: Int) {
        transport.countDrop(reason)
        if let observer {
            observer.dropped(
                reason, source: transport.source(at: index),
                size: unsafe transport.bytes(at: index).count, lamport: lamportTime)
        }
    }

    /// Counts a message; whether it is the one to crash at.
    @inlinable
    mutating func isCrashPoint(_ message: A.Message) -> Bool {
        guard let crashPoint, message.kind == crashPoint.kind else { return false }
        crashCount += 1
        return crashCount == crashPoint.count
    }

    /// Counts an event.
    @inlinable
    mutating func tickLamportClock() {
        if lamportTime < .max { lamportTime += 1 }
    }
}
