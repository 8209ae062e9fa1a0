public import ConsensusCore

/// What an event loop sends and receives with: the socket, the queues, the faults, the counters.
///
/// It knows bytes and addresses but no messages, so that it is compiled once for all protocols. A
/// class, though one loop alone uses it: Swift 6.3 does not survive inlining what destroys a struct
/// that cannot be copied, held by a generic one.
@usableFromInline
final class Transport {
    private let socket: UDPSocket
    private let signals: TerminationSignals?
    /// What tells of an inbox that is to be looked into; -1 if there is none.
    private let inbox: Int32
    private var batch: ReceiveBatch
    private var queue: SendQueue
    private var delayed: DelayedSends
    private var injector: FaultInjector?
    /// Where each host of the hosts file is, by node ID.
    private let addresses: [SocketAddress]
    /// The clients without a line there; nil to have none.
    private var guests: GuestTable?
    /// Which of them have shown that they receive where they write from.
    private let gate: GuestGate
    private let cluster: UInt64
    private let node: NodeID
    /// Whether injected faults are kept for the trace.
    private let keepsFaults: Bool
    private var receiveErrorsInARow = 0
    /// Which datagrams of the batch are taken, and in which order.
    private var order = ReceiveOrder()

    @usableFromInline var counters: DatagramCounters
    /// The faults injected since they were last taken.
    private var faults: [InjectedFault] = []

    /// How many datagrams or bytes may wait before they are sent even in the middle of a batch.
    private static let queueLimit = (count: 256, size: 1 << 20)
    /// How many errors in a row a socket may give before it is held to be broken.
    private static let receiveErrorLimit = 1_000

    init(
        socket: consuming UDPSocket, signals: TerminationSignals?, inbox: Int32,
        settings: LoopSettings
    ) {
        self.socket = socket
        self.signals = signals
        self.inbox = inbox
        self.batch = ReceiveBatch()
        self.queue = SendQueue()
        self.delayed = DelayedSends()
        self.injector =
            settings.faults.isNone ? nil : FaultInjector(settings.faults, node: settings.node)
        self.addresses = settings.addresses
        self.guests = settings.guestLimit == 0 ? nil : GuestTable(limit: settings.guestLimit)
        self.gate = GuestGate(key: SipHash.Key(low: Entropy.seed(), high: Entropy.seed()))
        self.cluster = settings.cluster
        self.node = settings.node
        self.keepsFaults = settings.isObserved
        self.counters = DatagramCounters()
    }

    /// How many hosts the hosts file has.
    @usableFromInline var hostCount: Int { addresses.count }

    /// Whether enough waits for it to be sent at once.
    @usableFromInline var isFull: Bool {
        queue.count >= Transport.queueLimit.count || queue.size >= Transport.queueLimit.size
    }

    /// When the first delayed datagram is due.
    @usableFromInline var nextDue: Instant { delayed.nextDue }

    // MARK: Sending

    /// Queues one encoded datagram for its recipients, each of whom may be dealt a fault.
    ///
    /// What is for a guest that has been forgotten is counted and lost.
    ///
    /// - Precondition: every other recipient is in the hosts file.
    @usableFromInline
    func enqueue(_ bytes: [UInt8], to recipients: Recipients, at now: Instant) {
        let offset = queue.store(bytes)
        guard injector != nil else {
            recipients.forEach { node in
                guard let address = address(of: node) else { return }
                queue.add(offset: offset, length: bytes.count, to: address)
            }
            return
        }
        // A copy of its own, made once: the writer's buffer is about to be used again.
        let held = queue.bytes(at: offset, length: bytes.count)
        recipients.forEach { node in
            guard let address = address(of: node) else { return }
            let copies = injector!.copies()
            if copies == 0 {
                counters.injectedDrops += 1
                note(.dropped, for: node)
            } else if copies == 2 {
                counters.injectedDuplicates += 1
                note(.duplicated, for: node)
            }
            for _ in 0..<copies {
                let delay = injector!.delay()
                if delay == .zero {
                    queue.add(offset: offset, length: bytes.count, to: address)
                    continue
                }
                counters.injectedDelays += 1
                note(.delayed(delay), for: node)
                if !delayed.add(held, to: address, due: now + delay) {
                    counters.injectedDrops += 1
                    note(.dropped, for: node)
                }
            }
        }
    }

    /// Where a recipient is; nil, and counted, for a guest that has been forgotten.
    private func address(of node: NodeID) -> SocketAddress? {
        if node < .firstGuest { return addresses[node.index] }
        if let address = guests?.address(of: node) { return address }
        counters.forgottenGuests += 1
        return nil
    }

    private func note(_ kind: InjectedFault.Kind, for node: NodeID) {
        if keepsFaults { faults.append(InjectedFault(kind: kind, recipient: node)) }
    }

    /// The faults injected since the last call.
    @usableFromInline
    func takeFaults() -> [InjectedFault] {
        defer { faults.removeAll() }
        return faults
    }

    /// Queues the delayed datagrams that are due.
    @usableFromInline
    func releaseDelayed(dueAt now: Instant) {
        while let entry = delayed.take(dueAt: now) {
            let offset = queue.store(entry.bytes)
            queue.add(offset: offset, length: entry.bytes.count, to: entry.destination)
            if isFull { flush() }
        }
    }

    /// Sends all that is queued.
    @usableFromInline
    func flush() {
        queue.flush(to: socket.descriptor, counters: &counters)
    }

    // MARK: Receiving

    /// Waits until a datagram, a signal or a request has come, or until the deadline.
    ///
    /// - Throws: ``ExitError`` of status 71 if the system does not let it wait.
    @usableFromInline
    func wait(until deadline: Instant) throws(ExitError) -> Wakening {
        try wait(until: deadline, socket: socket.descriptor)
    }

    /// Waits for all but datagrams, and leaves those where they are.
    @usableFromInline
    func waitLeavingDatagrams(until deadline: Instant) throws(ExitError) -> Wakening {
        try wait(until: deadline, socket: -1)
    }

    private func wait(until deadline: Instant, socket: Int32) throws(ExitError) -> Wakening {
        let rest = deadline - MonotonicClock.now()
        let nanoseconds = deadline == .never ? -1 : max(rest.nanoseconds, 0)
        let ready: Readiness
        do throws(SystemError) {
            ready = try System.ppoll(
                socket, signals?.descriptor ?? -1, inbox, nanoseconds: nanoseconds)
        } catch {
            throw .system("The system does not let the program wait (\(error)).")
        }
        return Wakening(
            signal: ready.contains(.second) ? signals?.take() : nil,
            hasDatagrams: ready.contains(.first), hasInputs: ready.contains(.third))
    }

    /// Receives what has come, at most a batch, so that a flood cannot keep timers from their turn.
    ///
    /// - Throws: ``ExitError`` of status 71 when the socket gives nothing but errors any more.
    @usableFromInline
    func receive() throws(ExitError) -> Int {
        do throws(SystemError) {
            let count = try batch.receive(from: socket.descriptor)
            receiveErrorsInARow = 0
            var size = 0
            for index in 0..<count { size += unsafe batch.bytes(at: index).count }
            order.arrange(count, size: size) { index in
                ReceiveOrder.Arrival(
                    screening: screenHeader(at: index), source: batch.source(at: index),
                    size: unsafe batch.bytes(at: index).count)
            }
            return count
        } catch {
            if error.wouldBlock { return 0 }
            // What the network says about a datagram sent earlier arrives in place of one received.
            counters.receiveErrors += 1
            receiveErrorsInARow += 1
            guard receiveErrorsInARow < Transport.receiveErrorLimit else {
                throw .system("The socket of \(socket.address) is of no more use (\(error)).")
            }
            return 0
        }
    }

    /// Which datagram of the batch to look at next; those that are not worth a look come last.
    @usableFromInline
    func index(ofTurn turn: Int) -> Int { order.index(ofTurn: turn) }

    /// The bytes of one received datagram, until the next call of ``receive()``.
    @usableFromInline
    func bytes(at index: Int) -> UnsafeBufferPointer<UInt8> { unsafe batch.bytes(at: index) }

    /// Says what is to become of a received datagram, by its header and where it came from alone.
    ///
    /// Nothing has been spent on its checksum and its message yet: what a stranger sends costs little.
    @usableFromInline
    func screen(at index: Int) -> Screening {
        order.screening(at: index) ?? screenHeader(at: index)
    }

    private func screenHeader(at index: Int) -> Screening {
        let bytes = unsafe batch.bytes(at: index)
        let header: DatagramHeader
        do throws(WireError) {
            header = try unsafe DatagramHeader(reading: bytes.span, cluster: cluster)
        } catch {
            return .refused(DropReason(error))
        }
        let sender = header.origin.node
        guard sender.rawValue >= UInt32(clamping: addresses.count) else {
            guard sender != node else { return .refused(.ownID) }
            guard batch.source(at: index) == addresses[sender.index] else {
                return .refused(.wrongAddress)
            }
            guard header.kind == .challenge else { return .peer(header) }
            let isWhole =
                unsafe bytes.count == DatagramFormat.headerSize
                && DatagramFormat.isUndamaged(bytes.span)
            return isWhole ? .challenge(header) : .refused(.damaged)
        }
        guard sender == .anonymous, guests != nil, let source = guestSource(at: index) else {
            return .refused(.unknownSender)
        }
        guard header.kind == .message else { return .refused(.malformed) }
        return switch gate.judge(cookie: header.cookie, from: source.guestAddress) {
        case .admitted: .guest(header)
        case .challenge(let cookie): .challenged(header, cookie: cookie)
        }
    }

    /// Where a guest's datagram came from; nil if there is no answering there.
    private func guestSource(at index: Int) -> SocketAddress? {
        guard let source = batch.source(at: index), source.isOneHost, source.port != 0 else {
            return nil
        }
        return source
    }

    /// The ID of the client without a line in the hosts file that sent a received datagram.
    ///
    /// Nil if this node has no guests, or if there is no answering where it came from.
    @usableFromInline
    func guest(at index: Int) -> NodeID? {
        guard guests != nil, let source = guestSource(at: index) else { return nil }
        return guests!.identify(source)
    }

    /// Queues an answer to a received datagram for where that came from.
    @usableFromInline
    func answer(_ bytes: [UInt8], to index: Int) {
        guard let source = guestSource(at: index) else { return }
        queue.add(offset: queue.store(bytes), length: bytes.count, to: source)
    }

    @usableFromInline
    func countChallenge() { counters.challenges += 1 }

    /// Where a received datagram came from.
    @usableFromInline
    func source(at index: Int) -> SocketAddress? { batch.source(at: index) }

    @usableFromInline
    func countDrop(_ reason: DropReason) { counters.countDrop(reason) }

    @usableFromInline
    func countReceived() { counters.received += 1 }
}

/// What ended a wait; nothing of it if the deadline did.
@usableFromInline
struct Wakening {
    /// The signal that came.
    @usableFromInline let signal: Int32?
    @usableFromInline let hasDatagrams: Bool
    /// Whether the inbox is to be looked into.
    @usableFromInline let hasInputs: Bool
}
