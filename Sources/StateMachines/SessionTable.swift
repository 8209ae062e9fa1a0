import ConsensusCore

/// The sessions of a service, in the order of their last use.
///
/// Each has a slot of an array; the slots are linked from the least to the most recently used, and two
/// dictionaries, which are never iterated, find a session's slot by its number and by its opening.
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
        var replies = ReplyWindow()
        /// The slot of the session used next after this one, or of the next free slot.
        var newer = SessionTable.none
        /// The slot of the session used last before this one.
        var older = SessionTable.none
    }

    static let replyOverhead = 64
    static let minimumReplyBytes =
        ServiceLimits.maximumOutstanding * (ServiceLimits.maximumReplySize + replyOverhead)
    /// Where no slot is linked to.
    static let none = -1

    let limit: Int
    let replyLimit: Int
    /// The number of the next session; at least 1.
    var next: UInt64 = 1
    private(set) var replyBytes = 0
    private(set) var slots: [Session] = []
    private var slotOf: [UInt64: Int] = [:]
    private var slotOfOpening: [CommandID: Int] = [:]
    private(set) var oldest = SessionTable.none
    private var newest = SessionTable.none
    private var free = SessionTable.none

    init(limit: Int, replyBytes: Int) {
        precondition(limit >= 1 && replyBytes >= SessionTable.minimumReplyBytes)
        self.limit = limit
        self.replyLimit = replyBytes
    }

    var count: Int { slotOf.count }

    /// What a reply counts for in bytes.
    static func cost(of reply: [UInt8]) -> Int { reply.count + replyOverhead }

    /// Judges a command by its header, and notes what the header says.
    mutating func admit(_ header: CommandHeader) -> Admission {
        let sequence = header.id.sequence
        guard header.id.session != 0 else {
            return .answer(.opened(session: open(header.id)))
        }
        guard let slot = slotOf[header.id.session],
            slots[slot].opening.owner == header.id.owner
        else { return .answer(.expired) }
        moveToNewest(slot)
        guard sequence > 0 else { return .answer(.crowded) }

        let before = slots[slot].replies.cost
        slots[slot].replies.raiseFloor(to: min(header.answeredBelow, sequence))
        replyBytes -= before - slots[slot].replies.cost

        let floor = slots[slot].replies.floor
        guard sequence >= floor else { return .answer(.superseded) }
        guard sequence - floor < UInt64(ServiceLimits.maximumOutstanding) else {
            return .answer(.crowded)
        }
        if let reply = slots[slot].replies.reply(to: sequence) { return .answer(.done(reply)) }
        return .apply(slot: slot)
    }

    /// Keeps the reply to a command that was admitted, and forgets sessions if there are too many bytes.
    mutating func keep(_ reply: [UInt8], of sequence: UInt64, in slot: Int) {
        slots[slot].replies.keep(reply, to: sequence)
        replyBytes += SessionTable.cost(of: reply)
        // One session's window is within the limit, so this ends before it gets to this one, the newest.
        while replyBytes > replyLimit { forgetOldest() }
    }

    /// The session of an opening, a new one unless it is there.
    private mutating func open(_ opening: CommandID) -> UInt64 {
        if let slot = slotOfOpening[opening] { return slots[slot].id }
        if count == limit { forgetOldest() }
        let id = next
        next += 1
        add(id: id, opening: opening)
        return id
    }

    /// Adds a session as the most recently used; returns its slot.
    @discardableResult
    mutating func add(id: UInt64, opening: CommandID) -> Int {
        var slot = free
        if slot == SessionTable.none {
            slot = slots.count
            slots.append(Session(id: id, opening: opening))
        } else {
            free = slots[slot].newer
            slots[slot].id = id
            slots[slot].opening = opening
        }
        slotOf[id] = slot
        slotOfOpening[opening] = slot
        link(slot)
        return slot
    }

    /// Gives a session the replies of a snapshot.
    mutating func adopt(_ replies: ReplyWindow, in slot: Int) {
        replyBytes += replies.cost - slots[slot].replies.cost
        slots[slot].replies = replies
    }

    func contains(_ id: UInt64) -> Bool { slotOf[id] != nil }

    func contains(_ opening: CommandID) -> Bool { slotOfOpening[opening] != nil }

    /// Makes room for as many sessions as a snapshot has.
    mutating func reserve(_ count: Int) {
        slots.reserveCapacity(count)
        slotOf.reserveCapacity(count)
        slotOfOpening.reserveCapacity(count)
    }

    private mutating func forgetOldest() {
        let slot = oldest
        precondition(slot != SessionTable.none)
        unlink(slot)
        slotOf[slots[slot].id] = nil
        slotOfOpening[slots[slot].opening] = nil
        replyBytes -= slots[slot].replies.cost
        slots[slot].replies.reset()
        slots[slot].newer = free
        free = slot
    }

    private mutating func moveToNewest(_ slot: Int) {
        guard slot != newest else { return }
        unlink(slot)
        link(slot)
    }

    private mutating func link(_ slot: Int) {
        slots[slot].older = newest
        slots[slot].newer = SessionTable.none
        if newest == SessionTable.none { oldest = slot } else { slots[newest].newer = slot }
        newest = slot
    }

    private mutating func unlink(_ slot: Int) {
        let newer = slots[slot].newer
        let older = slots[slot].older
        if older == SessionTable.none { oldest = newer } else { slots[older].newer = newer }
        if newer == SessionTable.none { newest = older } else { slots[newer].older = older }
    }

    func checkInvariants() {
        precondition(count <= limit && replyBytes <= replyLimit && next >= 1)
        precondition(slotOfOpening.count == count)
        var bytes = 0
        var seen = 0
        var before = SessionTable.none
        var slot = oldest
        while slot != SessionTable.none {
            let session = slots[slot]
            precondition(session.older == before && slotOf[session.id] == slot)
            precondition(slotOfOpening[session.opening] == slot && session.opening.session == 0)
            precondition(session.id >= 1 && session.id < next && session.replies.floor >= 1)
            bytes += session.replies.cost
            seen += 1
            (before, slot) = (slot, session.newer)
        }
        precondition(before == newest && seen == count && bytes == replyBytes)
    }
}
