public import ConsensusCore

extension EventLoop {
    /// Reads a datagram of the batch; nil if it was dropped.
    ///
    /// A guest's is returned with the ID that the guest has here.
    @inlinable
    mutating func accept(at index: Int) -> Datagram<A.Message>? {
        let bytes = unsafe transport.bytes(at: index)
        var datagram: Datagram<A.Message>
        do throws(WireError) {
            datagram = try unsafe Datagram(decoding: bytes.span, cluster: cluster)
        } catch {
            drop(DropReason(error), at: index)
            return nil
        }
        let header = datagram.header
        var sender = header.origin.node
        if sender.rawValue < UInt32(clamping: transport.hostCount) {
            guard sender != node else {
                drop(.ownID, at: index)
                return nil
            }
            guard transport.cameFrom(sender, at: index) else {
                drop(.wrongAddress, at: index)
                return nil
            }
        } else {
            guard sender == .anonymous, let guest = transport.guest(at: index) else {
                drop(.unknownSender, at: index)
                return nil
            }
            sender = guest
        }
        transport.countReceived()
        lamportTime = max(lamportTime, header.lamportTime)
        tickLamportClock()
        if let observer {
            let message = observe(datagram, size: bytes.count)
            observer.received(message, from: sender, lamport: lamportTime)
        }
        datagram.header.origin.node = sender
        return datagram
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
    ///
    /// The clock stops at its greatest value, which only a forger can send us to.
    @inlinable
    mutating func tickLamportClock() {
        if lamportTime < .max { lamportTime += 1 }
    }
}
