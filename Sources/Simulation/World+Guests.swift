public import ConsensusCore

/// What a world keeps of its guests, and of the gates that the other hosts have for them.
@frozen @usableFromInline
struct GuestDoor {
    @usableFromInline var guests = NodeSet()
    /// By host: the gate of its present life.
    @usableFromInline var gates: [GuestGate] = []
    /// By host: which life guests are told of.
    @usableFromInline var publicLives: [UInt64] = []
    /// By host: what it keeps as a guest in its present life.
    @usableFromInline var jars: [CookieJar] = []
    /// Which life of each guest a host has heard in its own present life, -1 for none; host times host
    /// count plus guest.
    @usableFromInline var heardLives: [Int] = []

    @inlinable
    init() {}
}

extension World {
    @usableFromInline
    mutating func prepareGuests() {
        let count = hosts.count
        door = GuestDoor()
        door.guests = chooseGuests(plan).intersection(NodeSet(0..<count))
        guard !door.guests.isEmpty else { return }
        door.heardLives = Array(repeating: -1, count: count * count)
        door.gates = Array(repeating: GuestGate(key: SipHash.Key(low: 0, high: 0)), count: count)
        door.publicLives = Array(repeating: 0, count: count)
        door.jars = Array(repeating: CookieJar(nodeCount: 0), count: count)
        for host in 0..<count { beginLifeAtDoor(host) }
    }

    /// Draws a host's gate anew, and has it forget all guests; a guest has a new address and no cookie.
    @usableFromInline
    mutating func beginLifeAtDoor(_ host: Int) {
        guard !door.guests.isEmpty else { return }
        let dice = dice(of: plan.originals[host], life: hosts[host].life)
        door.gates[host] = GuestGate(
            key: SipHash.Key(low: dice.roll(.gateKeyLow), high: dice.roll(.gateKeyHigh)))
        door.publicLives[host] = max(dice.roll(.publicLife), 1)
        door.jars[host] = CookieJar(nodeCount: hosts.count)
        for guest in 0..<hosts.count { door.heardLives[host * hosts.count + guest] = -1 }
    }

    @inlinable
    func dice(of original: UInt8, life: Int) -> Dice {
        Dice(seed: plan.seed, about: UInt64(life & 0xff) << 8 | UInt64(original))
    }

    /// Where the sender of a delivery was in that life, if it was a guest.
    @inlinable
    func guestAddress(of key: DeliveryKey) -> GuestAddress {
        let dice = dice(of: key.sender, life: key.life)
        return GuestAddress(
            high: dice.roll(.guestHigh), low: dice.roll(.guestLow), place: dice.roll(.guestPlace))
    }

    /// The stamp that a host's datagram bears.
    @inlinable
    func shownStamp(_ stamp: Stamp, of host: Int, to recipients: Recipients) -> Stamp {
        guard !door.guests.isEmpty, case .one(let recipient) = recipients,
            door.guests.contains(recipient)
        else { return stamp }
        return Stamp(epoch: stamp.epoch, incarnation: door.publicLives[host])
    }

    /// Whether a host knows where a guest is in its present life.
    @inlinable
    func isHeard(_ guest: NodeID, by host: Int) -> Bool {
        door.heardLives[host * hosts.count + guest.index] == hosts[guest.index].life & 0xff
    }

    /// Sends a guest's datagram, to each recipient with the cookie that this one gave.
    @inlinable
    mutating func transmitAsGuest(
        _ slot: Int, from host: Int, to recipients: Recipients, index: Int
    ) {
        recipients.forEach { recipient in
            let copy = pool.take()
            pool.slots[copy].writer.bytes = pool.slots[slot].writer.bytes
            let cookie = door.jars[host].cookie(for: recipient)
            DatagramFormat.write(cookie: cookie, into: &pool.slots[copy].writer.bytes)
            door.jars[host].didSend(
                pool.slots[copy].writer.bytes, sequence: UInt64(index), to: recipient)
            transmit(copy, from: host, to: recipient, index: index)
            pool.release(copy)
        }
    }

    /// Whether a delivery is for the host's automaton.
    ///
    /// It is not if it is a challenge, or a guest's without its cookie. What cannot be read passes, to be
    /// refused as what it is.
    @inlinable
    mutating func passesDoor(_ slot: Int, key: DeliveryKey, on host: Int) -> Bool {
        guard let header = pool.header(slot, cluster: cluster), let sender = sender(of: key) else {
            return true
        }
        if header.kind == .challenge {
            takeChallenge(slot, header, on: host)
            return false
        }
        guard door.guests.contains(sender), !door.guests.contains(NodeID(index: host)) else {
            return true
        }
        switch door.gates[host].judge(cookie: header.cookie, from: guestAddress(of: key)) {
        case .admitted:
            let place = host * hosts.count + sender.index
            door.heardLives[place] = max(door.heardLives[place], key.life)
            return true
        case .challenge(let cookie):
            challenge(sender, inLife: key.life, sequence: header.sequence, cookie, from: host)
            return false
        }
    }

    @inlinable
    mutating func challenge(
        _ guest: NodeID, inLife life: Int, sequence: UInt64, _ cookie: UInt64, from host: Int
    ) {
        statistics.challenges += 1
        let index = hosts[host].sendIndex
        hosts[host].sendIndex = index + 1
        let slot = pool.take()
        let epoch = World.stamp(of: &automata[host]).epoch
        DatagramHeader(
            cluster: cluster,
            origin: Origin(
                node: NodeID(index: host),
                stamp: Stamp(epoch: epoch, incarnation: door.publicLives[host])),
            sequence: sequence, lamportTime: hosts[host].lamportTime, cookie: cookie,
            kind: .challenge
        ).encodeBare(into: &pool.slots[slot].writer)
        note(.challenges, host, pool.checksum(slot))
        line(.challenges, host, peer: guest)
        if options.contains(.logsDeliveries) { sendingKind = pool.kind(slot) }
        if life == hosts[guest.index].life & 0xff {
            transmit(slot, from: host, to: guest, index: index)
        } else {
            statistics.misaddressed += 1
        }
        pool.release(slot)
    }

    @inlinable
    mutating func takeChallenge(_ slot: Int, _ header: DatagramHeader, on host: Int) {
        let node = header.origin.node
        guard pool.isWholeChallenge(slot), door.guests.contains(NodeID(index: host)),
            let again = door.jars[host].take(header)
        else { return }
        for bytes in again {
            let index = hosts[host].sendIndex
            hosts[host].sendIndex = index + 1
            let slot = pool.take()
            pool.slots[slot].writer.bytes = bytes
            note(.resends, host, pool.checksum(slot))
            line(.resends, host, peer: node)
            if options.contains(.logsDeliveries) { sendingKind = pool.kind(slot) }
            transmit(slot, from: host, to: node, index: index)
            pool.release(slot)
        }
    }
}
