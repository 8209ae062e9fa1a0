import ConsensusCore

/// The sessions of a service, in the orders of their last use.
///
/// Each has a slot of an array; two dictionaries, which are never iterated, find it by the
/// session's number and by its opening. Time is counted in commands: those of sessions that are
/// here, by their owners, and openings, also refused ones, so that a service that has no room at
/// present comes to have some again. Every command uses at most one session, so no two were last
/// used at one time.
struct SessionTable: Sendable {
    /// What is to be done with a command.
    enum Admission {
        case answer(Reply)
        /// Apply it and keep its reply in this slot.
        case apply(slot: Int)
    }

    struct Session: Sendable {
        var id: UInt64
        /// The command that opened it; its owner is the session's.
        var opening: CommandID
        /// The time of its last command, or of its opening.
        var lastUse: UInt64 = 0
        /// How many commands of it were applied.
        var use = Use.none
        var replies = ReplyWindow()
    }

    /// How many commands of a session were applied.
    enum Use: UInt8, Sendable {
        case none
        case once
        case often
    }

    let limits: SessionLimits
    /// The number of the next session; at least 1.
    var next: UInt64 = 1
    /// How many commands have counted as time.
    var time: UInt64 = 0
    /// How many bytes the replies kept count for.
    private(set) var replyBytes = 0
    /// How many of them are beyond what sessions have of their own.
    private(set) var sharedReplyBytes = 0
    private(set) var slots: [Session] = []
    private var free: [Int] = []
    private var slotOf: [UInt64: Int] = [:]
    private var slotOfOpening: [CommandID: Int] = [:]

    /// The sessions that never carried a second command; they make room first.
    private(set) var newcomers = UseOrder()
    /// All others.
    private(set) var regulars = UseOrder()
    /// Those, of either kind, whose replies are beyond what they have of their own.
    private var borrowers = UseOrder()

    init(limits: SessionLimits) {
        precondition(limits.sessions >= 1 && limits.lately >= 1)
        precondition(limits.ownReplyBytes >= 0 && limits.replyBytes >= 0)
        self.limits = limits
    }

    var count: Int { slotOf.count }

    // MARK: - Commands

    /// Judges a command by its header, and notes what the header says.
    mutating func admit(_ header: CommandHeader) -> Admission {
        let sequence = header.id.sequence
        guard header.id.session != 0 else { return .answer(open(header.id)) }
        guard let slot = slot(of: header.id) else { return .answer(.expired) }
        time += 1
        use(slot)
        guard sequence > 0 else { return .answer(.crowded) }

        let answered = min(header.answeredBelow, sequence)
        if answered > slots[slot].replies.floor {
            changeReplies(of: slot) { $0.raiseFloor(to: answered) }
        }
        let floor = slots[slot].replies.floor
        guard sequence >= floor else { return .answer(.superseded) }
        guard sequence - floor < UInt64(ServiceLimits.maximumOutstanding) else {
            return .answer(.crowded)
        }
        if let reply = slots[slot].replies.reply(to: sequence) { return .answer(.done(reply)) }
        guard makeRoom(forReplyTo: sequence, in: slot) else { return .answer(.crowded) }
        return .apply(slot: slot)
    }

    /// What a command would meet; see ``ConsensusCore/ReplicatedState/standing(of:)``.
    func standing(of header: CommandHeader) -> Standing {
        let id = header.id
        guard id.session != 0 else {
            guard let slot = slotOfOpening[id] else { return .opens }
            return .applied(.opened(session: slots[slot].id))
        }
        guard let slot = slot(of: id) else { return id.session < next ? .expired : .unknown }
        guard id.sequence > 0 else { return .crowded }
        let replies = slots[slot].replies
        let floor = max(replies.floor, min(header.answeredBelow, id.sequence))
        guard id.sequence >= floor else { return .superseded }
        guard id.sequence - floor < UInt64(ServiceLimits.maximumOutstanding) else {
            return .crowded
        }
        return replies.reply(to: id.sequence).map { .applied(.done($0)) } ?? .fresh
    }

    /// Keeps the reply to a command that was admitted just now.
    mutating func keep(_ reply: [UInt8], of sequence: UInt64, in slot: Int) {
        changeReplies(of: slot) { $0.keep(reply, to: sequence) }
        switch slots[slot].use {
        case .none: slots[slot].use = .once
        case .once:
            slots[slot].use = .often
            newcomers.remove(slot)
            regulars.use(slot)
        case .often: return
        }
    }

    /// A session's slot, if the command is its owner's.
    private func slot(of id: CommandID) -> Int? {
        guard let slot = slotOf[id.session], slots[slot].opening.owner == id.owner else {
            return nil
        }
        return slot
    }

    private mutating func use(_ slot: Int) {
        slots[slot].lastUse = time
        if slots[slot].use == .often { regulars.use(slot) } else { newcomers.use(slot) }
        if borrowers.contains(slot) { borrowers.use(slot) }
    }

    // MARK: - Room for sessions

    /// The session of an opening, a new one unless it is there; or that there is no room for it.
    private mutating func open(_ opening: CommandID) -> Reply {
        if let slot = slotOfOpening[opening] { return .opened(session: slots[slot].id) }
        time += 1
        if count == limits.sessions {
            // At most `lately` sessions can be in use lately, so openings take no more than that
            // many places from the regulars before the first of their own can make room.
            guard let slot = idle(newcomers.oldest) ?? idle(regulars.oldest) else {
                return .refused
            }
            forget(slot)
        }
        let id = next
        next += 1
        add(Session(id: id, opening: opening, lastUse: time))
        return .opened(session: id)
    }

    /// A slot, unless it is in use lately.
    private func idle(_ slot: Int?) -> Int? {
        guard let slot, time - slots[slot].lastUse >= limits.lately else { return nil }
        return slot
    }

    /// Adds a session that was used last of all.
    mutating func add(_ session: Session) {
        let slot = free.popLast() ?? slots.count
        if slot == slots.count { slots.append(session) } else { slots[slot] = session }
        slotOf[session.id] = slot
        slotOfOpening[session.opening] = slot
        if session.use == .often { regulars.use(slot) } else { newcomers.use(slot) }
        replyBytes += session.replies.cost
        sharedReplyBytes += shared(session.replies)
        if shared(session.replies) > 0 { borrowers.use(slot) }
    }

    private mutating func forget(_ slot: Int) {
        changeReplies(of: slot) { $0 = ReplyWindow() }
        slotOf[slots[slot].id] = nil
        slotOfOpening[slots[slot].opening] = nil
        newcomers.remove(slot)
        regulars.remove(slot)
        free.append(slot)
    }

    func contains(_ id: UInt64) -> Bool { slotOf[id] != nil }

    func contains(_ opening: CommandID) -> Bool { slotOfOpening[opening] != nil }

    /// Makes room for as many sessions as a snapshot has.
    mutating func reserve(_ count: Int) {
        slots.reserveCapacity(count)
        slotOf.reserveCapacity(count)
        slotOfOpening.reserveCapacity(count)
    }

    // MARK: - Room for replies

    /// How many bytes of a session's replies are beyond its own: the one at its floor is not
    /// counted.
    private func shared(_ replies: ReplyWindow) -> Int {
        let first = replies.reply(to: replies.floor).map(SessionLimits.cost) ?? 0
        return max(0, replies.cost - first - limits.ownReplyBytes)
    }

    /// Makes sure that whatever a command is answered can be kept.
    ///
    /// A reply at the floor always can, so that every session gets on, however much others keep:
    /// once it is answered the floor rises, and all that waited above it is let go.
    private mutating func makeRoom(forReplyTo sequence: UInt64, in slot: Int) -> Bool {
        let replies = slots[slot].replies
        guard sequence != replies.floor else { return true }
        let first = replies.reply(to: replies.floor).map(SessionLimits.cost) ?? 0
        let most = max(
            0, replies.cost - first + SessionLimits.largestReply - limits.ownReplyBytes)
        let growth = most - shared(replies)
        while sharedReplyBytes + growth > limits.replyBytes {
            guard let other = idle(borrowers.oldest) else { return false }
            forget(other)
        }
        return true
    }

    private mutating func changeReplies(of slot: Int, _ change: (inout ReplyWindow) -> Void) {
        replyBytes -= slots[slot].replies.cost
        sharedReplyBytes -= shared(slots[slot].replies)
        change(&slots[slot].replies)
        replyBytes += slots[slot].replies.cost
        let shared = shared(slots[slot].replies)
        sharedReplyBytes += shared
        if shared == 0 {
            borrowers.remove(slot)
        } else if !borrowers.contains(slot) {
            borrowers.use(slot)
        }
    }

    // MARK: - Checks

    func checkInvariants() {
        precondition(count <= limits.sessions && sharedReplyBytes <= limits.replyBytes)
        precondition(next >= 1 && next - 1 <= time)
        precondition(newcomers.count + regulars.count == count && slotOfOpening.count == count)
        precondition(free.count + count == slots.count)
        newcomers.checkInvariants()
        regulars.checkInvariants()
        borrowers.checkInvariants()
        let news = check(newcomers) { $0.use != .often && $0.replies.count <= Int($0.use.rawValue) }
        let olds = check(regulars) { $0.use == .often }
        precondition(news.bytes + olds.bytes == replyBytes)
        precondition(news.shared + olds.shared == sharedReplyBytes)
        precondition(check(borrowers) { shared($0.replies) > 0 }.shared == sharedReplyBytes)
    }

    /// Checks the sessions of an order, and reckons up their replies.
    private func check(
        _ order: UseOrder, _ condition: (Session) -> Bool
    ) -> (bytes: Int, shared: Int) {
        var bytes = (bytes: 0, shared: 0)
        var lastUse: UInt64 = 0
        var next = order.oldest
        while let slot = next {
            let session = slots[slot]
            precondition(slotOf[session.id] == slot && slotOfOpening[session.opening] == slot)
            precondition(session.id >= 1 && session.id < self.next && session.replies.floor >= 1)
            precondition(session.opening.session == 0 && condition(session))
            precondition(session.lastUse > lastUse && session.lastUse <= time)
            lastUse = session.lastUse
            bytes.bytes += session.replies.cost
            bytes.shared += shared(session.replies)
            next = order.next(after: slot)
        }
        return bytes
    }
}
