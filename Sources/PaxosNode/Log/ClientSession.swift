import ConsensusCore

/// A command or query that a client has been asked for and that has no answer yet.
struct PendingCall: Sendable {
    var number: UInt64
    var body: [UInt8]
    var timeout: Interval
    var deadline: Instant
    /// Its number in the session, or among the queries; 0 if it has none yet.
    var sequence: UInt64 = 0
    /// When it was last sent.
    var sent = Instant(nanoseconds: .min)

    /// For how long at its end an answer shows that who gave it is there.
    var patience: Interval { max(timeout / 2, LogTiming.rollCall) }

    /// When it begins to ask who is there.
    var rollCall: Instant {
        deadline + timeout * -1 + max(timeout / 2, timeout + LogTiming.rollCall * -1)
    }
}

/// A client's session: how it is opened, whose it is, and the commands of it that have no answer.
///
/// Its owner is drawn anew for each session, so that nobody else can speak for it, and no answer that is
/// meant for an earlier session of the same number is taken for one of this.
struct ClientSession: Sendable {
    /// Its number; 0 if it is not open.
    private(set) var id: UInt64 = 0
    /// The birth of the cluster that it is of; 0 if it is not known.
    private(set) var birth: UInt64 = 0
    /// The command that opens it; nil if none has been sent yet.
    private(set) var opening: CommandID?
    /// When that was last sent.
    var openingSent = Instant(nanoseconds: .min)
    /// When it was last answered that there is no room.
    var refusalTime = Instant(nanoseconds: .min)
    /// The commands that have no answer; its first is the lowest of them.
    private(set) var commands = SlotLog<PendingCall>(first: 1)

    var isOpen: Bool { id != 0 }
    var hasCommands: Bool { commands.end != commands.first }

    /// How many commands more may be under way.
    func room(within limit: Int) -> Int { limit - Int(commands.end - commands.first) }

    /// Whether it is told about a command of this session.
    func owns(_ command: CommandID) -> Bool {
        isOpen && command.session == id && command.owner == opening?.owner
    }

    func commandID(_ sequence: UInt64) -> CommandID {
        CommandID(session: id, owner: opening?.owner ?? 0, sequence: sequence)
    }

    /// The opening, drawn when it is first asked for.
    mutating func open(using random: inout RandomSource) -> CommandID {
        if let opening { return opening }
        let drawn = CommandID(
            session: 0, owner: random.nextNonZero(), sequence: random.nextNonZero())
        opening = drawn
        return drawn
    }

    /// Takes the answer to the opening.
    ///
    /// - Precondition: it is not open yet, and the number is not 0.
    mutating func opened(as id: UInt64, birth: UInt64) {
        precondition(!isOpen && id != 0)
        self.id = id
        self.birth = birth
    }

    /// Gives a command its place.
    mutating func add(_ pending: PendingCall) {
        var pending = pending
        pending.sequence = commands.end
        commands[pending.sequence] = pending
    }

    /// Notes that a command is sent, if it was not since an instant; returns it then.
    mutating func send(
        _ sequence: UInt64, unsentSince time: Instant, at now: Instant
    ) -> PendingCall? {
        let sent = commands.update(sequence) { pending -> PendingCall? in
            guard pending.sent <= time else { return nil }
            pending.sent = now
            return pending
        }
        return sent ?? nil
    }

    /// Lets go of a command that has its answer, or is not waited for any more.
    mutating func forget(_ sequence: UInt64) {
        commands[sequence] = nil
        var last = sequence
        guard sequence == commands.first else { return }
        while last + 1 < commands.end, commands[last + 1] == nil { last += 1 }
        commands.removeThrough(last)
    }

    /// The commands that have no answer, in their order.
    var pending: [PendingCall] {
        (commands.first..<commands.end).compactMap { commands[$0] }
    }

    func checkInvariants() {
        precondition(opening.map { $0.session == 0 && $0.owner != 0 } ?? !isOpen)
        precondition(isOpen || !hasCommands && birth == 0)
        precondition(!hasCommands || commands[commands.first] != nil)
    }
}
