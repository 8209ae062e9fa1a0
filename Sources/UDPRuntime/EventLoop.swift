public import ConsensusCore

/// Hosts one automaton: one thread, one socket, the machine's clock.
///
/// Each turn waits until the automaton's deadline, a datagram, a request in the inbox or a signal; takes
/// at most one batch of datagrams, so that a flood keeps no timer from its turn, and all requests; and
/// honours the lanes of `Effects` in
/// their order: the records of all events of the turn are made durable in one call, then everything
/// leaves in one, then the outputs are reported. Then, if the automaton wants it, a checkpoint takes the
/// place of all records. Nothing that arrives can end it: what is not a whole
/// and undamaged message of a member of the cluster, from that member's address, is counted and
/// dropped. Clients without a line in the hosts file are heard if the settings say so, once they have
/// shown the cookie of their address (``ConsensusCore/GuestGate``); the automaton
/// knows them by IDs that the loop gives to their addresses (``ConsensusCore/NodeID/isGuest``).
///
/// A loop shares nothing with others; several may run in threads of one process.
public struct EventLoop<A: Automaton>: ~Copyable {
    @usableFromInline var automaton: A
    @usableFromInline var effects = A.Lanes()
    @usableFromInline var writer = ByteWriter(reserving: 2_048)
    @usableFromInline let transport: Transport
    @usableFromInline let inbox: Inbox<A.Input>?
    /// What was taken from the inbox last.
    @usableFromInline var inputs: [A.Input] = []
    /// Whether the inbox was closed when it was last looked into.
    @usableFromInline var isClosed = false
    @usableFromInline let observer: LoopObserver?
    @usableFromInline let cluster: UInt64
    @usableFromInline let node: NodeID
    /// The Lamport clock: the number of the latest event this node knows of.
    @usableFromInline var lamportTime: UInt64 = 0
    /// For how many envelopes memory is kept from one step to the next.
    @usableFromInline let keptEnvelopes = 4_096
    /// The life that guests are told of, who are not to know the true one.
    @usableFromInline let publicIncarnation = Entropy.seed()
    /// The cookies of the nodes this loop writes to as a guest.
    @usableFromInline var jar: CookieJar
    /// How many datagrams this life has encoded.
    @usableFromInline var sequence: UInt64 = 0
    @usableFromInline let crashPoint: CrashPoint?
    /// How many messages of the crash point's kind have come.
    @usableFromInline var crashCount = 0
    /// How many of the waiting records the trace has been told of.
    @usableFromInline var observedRecords = 0

    /// Makes a loop that has not begun.
    ///
    /// - Parameters:
    ///   - automaton: what to host, all that it recorded in earlier lives already recovered.
    ///   - socket: bound to the address that the others know this node by.
    ///   - signals: which end the loop; nil to leave signals alone.
    ///   - inbox: where other threads leave requests for the automaton, and end the loop; no other
    ///     loop's.
    /// - Precondition: the node's ID is an index into the settings' addresses, or the node is a client
    ///   without a line in the hosts file.
    public init(
        _ automaton: consuming A, settings: LoopSettings, socket: consuming UDPSocket,
        signals: TerminationSignals? = nil, inbox: Inbox<A.Input>? = nil
    ) {
        precondition(
            settings.node == .anonymous || settings.node.index < settings.addresses.count)
        self.automaton = automaton
        self.transport = Transport(
            socket: socket, signals: signals, inbox: inbox?.descriptor ?? -1, settings: settings)
        self.inbox = inbox
        self.observer = LoopObserver(settings)
        self.cluster = settings.cluster
        self.node = settings.node
        self.crashPoint = settings.crashPoint
        self.jar = CookieJar(
            nodeCount: settings.node == .anonymous ? settings.addresses.count : 0)
    }

    /// What has been counted so far.
    public var counters: DatagramCounters { transport.counters }

    /// Runs until an output, a signal, the inbox or the crash point ends it; records are not kept.
    ///
    /// - Parameter report: called with each output, once what it rests on has been sent.
    /// - Throws: ``ExitError`` of status 71 if the system refuses to go on.
    @inlinable
    public mutating func run(
        _ report: (A.Output) throws(ExitError) -> LoopDecision
    ) throws(ExitError) -> LoopEnd {
        var memory = MemoryOnly<A.Record>()
        return try run(recordingIn: &memory, report)
    }

    /// Runs until an output, a signal, the inbox or the crash point ends it.
    ///
    /// Datagrams that an injected fault holds back are still sent at their time before it returns;
    /// after a signal, or when the inbox is closed, they are sent at once. A loop runs once, and closes
    /// its inbox when it ends.
    ///
    /// - Parameters:
    ///   - sink: makes the records durable.
    ///   - report: called with each output, once what it rests on has been sent.
    /// - Throws: ``ExitError`` of status 71 if the system refuses to go on, of status 74 if the sink
    ///   fails, and what `report` throws.
    @inlinable
    public mutating func run<Sink: RecordSink & ~Copyable>(
        recordingIn sink: inout Sink, _ report: (A.Output) throws(ExitError) -> LoopDecision
    ) throws(ExitError) -> LoopEnd where Sink.Record == A.Record {
        defer { inbox?.close() }
        observer?.started(automaton.stamp)
        var now = MonotonicClock.now()
        automaton.start(at: now, into: &effects)
        while true {
            encodeEnvelopes(at: now)
            if try honourLanes(&sink, report) == .stop { return try finish(.stopped) }
            try checkpointIfWanted(&sink)
            if isClosed { return try finish(.stopped) }

            let wakening = try transport.wait(until: min(automaton.wakeTime, transport.nextDue))
            now = MonotonicClock.now()
            transport.releaseDelayed(dueAt: now)
            if let number = wakening.signal {
                _ = try honourLanes(&sink, report)
                return try finish(.signal(number))
            }
            if wakening.hasDatagrams {
                for turn in 0..<(try transport.receive()) {
                    let index = transport.index(ofTurn: turn)
                    guard let datagram = accept(at: index, now: now) else { continue }
                    if isCrashPoint(datagram.message) {
                        let decision = try honourLanes(&sink, report)
                        return try finish(decision == .stop ? .stopped : .crashPoint)
                    }
                    automaton.receive(
                        datagram.message, from: datagram.header.origin, at: now, into: &effects)
                    encodeEnvelopes(at: now)
                    if transport.isFull, try honourLanes(&sink, report) == .stop {
                        return try finish(.stopped)
                    }
                }
            }
            if wakening.hasInputs, let inbox {
                isClosed = inbox.take(into: &inputs)
                for input in inputs {
                    observer?.asked("\(input)", lamport: lamportTime)
                    automaton.handle(input, at: now, into: &effects)
                    encodeEnvelopes(at: now)
                    if transport.isFull, try honourLanes(&sink, report) == .stop {
                        return try finish(.stopped)
                    }
                }
            }
            // What has waited comes first: a process that stood still for a while is to hear that its
            // peers live before it finds that they have been silent too long.
            if automaton.wakeTime <= now {
                observer?.woke(lamport: lamportTime)
                automaton.wake(at: now, into: &effects)
                encodeEnvelopes(at: now)
            }
        }
    }
}
