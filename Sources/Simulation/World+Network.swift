public import ConsensusCore

extension World {
    /// Encodes one envelope of the lanes, once, and sends it to each of its recipients.
    @inlinable
    mutating func send(_ envelope: Int, from host: Int, stamp: Stamp) {
        let sender = NodeID(index: host)
        let index = hosts[host].sendIndex
        hosts[host].sendIndex = index + 1
        hosts[host].lamportTime &+= 1
        let recipients = effects.envelopes[envelope].recipients
        let header = DatagramHeader(
            cluster: cluster,
            origin: Origin(node: sender, stamp: shownStamp(stamp, of: host, to: recipients)),
            sequence: UInt64(index), lamportTime: hosts[host].lamportTime)
        let slot = pool.take()
        Datagram(header: header, message: effects.envelopes[envelope].message)
            .encode(into: &pool.slots[slot].writer)
        if recording.hearing == .everything { record(slot) }
        if options.contains(.logsDeliveries) { sendingKind = pool.kind(slot) }
        note(.sends, host, pool.checksum(slot))
        if options.contains(.traces) {
            let text = observer.describe(message: effects.envelopes[envelope].message)
            let addressees: String
            switch recipients {
            case .one(let node): addressees = "\(node)"
            case .nodes(let nodes): addressees = "\(nodes)"
            }
            line(.sends, host, text: "\(text) to \(addressees)")
        }
        observer.didSend(
            effects.envelopes[envelope].message, from: sender, to: recipients, at: now)
        switch recipients {
        case _ where door.guests.contains(sender):
            transmitAsGuest(slot, from: host, to: recipients, index: index)
        case .one(let node) where door.guests.contains(node) && !isHeard(node, by: host):
            statistics.misaddressed += 1
        case .one(let node): transmit(slot, from: host, to: node, index: index)
        case .nodes(let nodes):
            for node in nodes { transmit(slot, from: host, to: node, index: index) }
        }
        pool.release(slot)
    }

    /// Lets the network do to one datagram, for one recipient, what the plan and the dice say.
    @inlinable
    mutating func transmit(_ slot: Int, from host: Int, to recipient: NodeID, index: Int) {
        statistics.sent += 1
        charge(host, pool.slots[slot].writer.bytes.count, at: ComputingCost.sentByte)
        guard recipient.index < hosts.count else {
            statistics.misaddressed += 1
            if recording.hearing != nil && recipient.isGuest { record(slot) }
            return
        }
        let sender = NodeID(index: host)
        let key = DeliveryKey(
            sender: plan.originals[host], recipient: plan.originals[recipient.index],
            life: hosts[host].life, index: index, copy: 0)
        let link = host * hosts.count + recipient.index
        guard sender != recipient else {
            enqueue(slot, key: key, to: recipient.index, at: now + plan.mix.delay)
            return
        }
        if blocked[link] != 0 {
            statistics.partitioned += 1
            miss(.partitions, key, link: link, faults: [])
            return
        }
        if !plan.drops.isEmpty && plan.drops.containsAscending(key) {
            statistics.dropped += 1
            miss(.drops, key, link: link, faults: [])
            return
        }
        let dice = Dice(seed: plan.seed, about: key.rawValue)
        if isHealed && healthy.contains(sender) && healthy.contains(recipient) {
            let jitter = dice.below(UInt64(plan.mix.jitter.nanoseconds), .jitter)
            logDelivery(key, [])
            enqueue(
                slot, key: key, to: recipient.index,
                at: now + plan.mix.delay + Interval(nanoseconds: Int64(jitter)))
            return
        }
        if !plan.spared.isEmpty && plan.spared.containsAscending(key) {
            logDelivery(key, [])
            let time = arrival(link, delay: plan.mix.delay, key: key)
            enqueue(slot, key: key, to: recipient.index, at: time)
            return
        }
        if dice.happens(perMillion: linkLoss[link], .loss) {
            statistics.lost += 1
            miss(.loses, key, link: link, faults: .loss)
            return
        }
        carry(slot, key: key, link: link, dice: dice)
        if dice.happens(perMillion: plan.mix.duplicationPerMillion, .duplication) {
            let copy = DeliveryKey(rawValue: key.rawValue | 1)
            guard plan.drops.isEmpty || !plan.drops.containsAscending(copy) else { return }
            guard plan.spared.isEmpty || !plan.spared.containsAscending(copy) else { return }
            statistics.duplicated += 1
            if options.contains(.traces) {
                line(.duplicates, host, peer: recipient, delivery: copy)
            }
            carry(slot, key: copy, link: link, dice: Dice(seed: plan.seed, about: copy.rawValue))
        }
    }

    /// Sends a datagram on its way, perhaps damaged, perhaps by a long road.
    @inlinable
    mutating func carry(_ slot: Int, key: DeliveryKey, link: Int, dice: Dice) {
        let recipient = link % hosts.count
        var faults: FaultSet = key.rawValue & 1 == 1 ? .duplication : []
        var delay = plan.mix.delay
        if plan.mix.jitter > .zero {
            let jitter = dice.below(UInt64(plan.mix.jitter.nanoseconds), .jitter)
            delay = delay + Interval(nanoseconds: Int64(jitter))
        }
        if dice.happens(perMillion: plan.mix.spikesPerMillion, .spike) {
            let spike = dice.below(UInt64(plan.mix.spike.nanoseconds), .spikeLength)
            delay = delay + Interval(nanoseconds: Int64(spike))
            statistics.spiked += 1
            faults.formUnion(.spikes)
            if options.contains(.traces) {
                let arrival = Instant(nanoseconds: delay.nanoseconds).inMilliseconds
                line(
                    .delays, link / hosts.count, peer: NodeID(index: recipient), delivery: key,
                    text: "by \(arrival) ms")
            }
        }
        let time = arrival(link, delay: delay, key: key)
        if dice.happens(perMillion: plan.mix.corruptionPerMillion, .corruption) {
            faults.formUnion(.corruption)
            logDelivery(key, faults)
            enqueueCorrupted(slot, key: key, link: link, at: time, dice: dice)
            return
        }
        logDelivery(key, faults)
        enqueue(slot, key: key, to: recipient, at: time)
    }

    /// When a datagram arrives that takes so long on a link that may be clogged.
    @inlinable
    mutating func arrival(_ link: Int, delay: Interval, key: DeliveryKey) -> Instant {
        let time = now + delay
        guard hasClogs && cloggedUntil[link] > time else { return time }
        statistics.clogged += 1
        if options.contains(.traces) {
            line(
                .clogs, link / hosts.count, peer: NodeID(index: link % hosts.count),
                delivery: key,
                text: "until \(cloggedUntil[link].inMilliseconds) ms")
        }
        return cloggedUntil[link]
    }

    @inlinable
    mutating func enqueue(_ slot: Int, key: DeliveryKey, to host: Int, at time: Instant) {
        pool.retain(slot)
        queue.push(
            WorldEvent(.delivery, host: host, index: slot, key: key.rawValue), at: time)
    }

    @usableFromInline
    mutating func enqueueCorrupted(
        _ slot: Int, key: DeliveryKey, link: Int, at time: Instant, dice: Dice
    ) {
        statistics.corrupted += 1
        let copy = pool.take()
        pool.slots[copy].writer = pool.slots[slot].writer
        let what = Corruption.apply(to: &pool.slots[copy].writer, dice: dice)
        let recipient = link % hosts.count
        line(
            .corrupts, link / hosts.count, peer: NodeID(index: recipient), delivery: key,
            text: what)
        queue.push(
            WorldEvent(.delivery, host: recipient, index: copy, key: key.rawValue), at: time)
    }

    /// A datagram does not arrive.
    @inlinable
    mutating func miss(
        _ action: TraceEvent.Action, _ key: DeliveryKey, link: Int, faults: FaultSet
    ) {
        note(action, link / hosts.count, key.rawValue)
        if faults.contains(.loss) { logDelivery(key, faults) }
        if options.contains(.traces) {
            line(
                action, link / hosts.count, peer: NodeID(index: link % hosts.count),
                delivery: key)
        }
    }

    /// The host that sent a delivery, if it is there; for traces.
    @usableFromInline
    func sender(of key: DeliveryKey) -> NodeID? {
        plan.originals.firstIndex(of: key.sender).map { NodeID(index: $0) }
    }

    @inlinable
    mutating func logDelivery(_ key: DeliveryKey, _ faults: FaultSet) {
        guard options.contains(.logsDeliveries) else { return }
        deliveries.append(DeliveryRecord(key: key, faults: faults, kind: sendingKind))
    }
}
