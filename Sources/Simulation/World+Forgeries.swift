import ConsensusCore

/// What a guest with bad intentions has recorded of late.
@usableFromInline
struct Recording {
    /// How many datagrams it keeps.
    static let limit = 64

    /// What it can hear at present; nil while there is no such guest.
    @usableFromInline var hearing: Hearing?
    @usableFromInline private(set) var datagrams: [[UInt8]] = []
    private var next = 0

    @usableFromInline init() {}

    mutating func add(_ datagram: [UInt8]) {
        if datagrams.count < Recording.limit {
            datagrams.append(datagram)
        } else {
            datagrams[next] = datagram
            next = (next + 1) % Recording.limit
        }
    }
}

extension World {
    /// The most datagrams that one fault forges.
    static var forgeryLimit: UInt64 { 5_000 }

    /// Records what is sent, if there is anybody who does.
    @usableFromInline
    mutating func record(_ slot: Int) {
        recording.add(pool.slots[slot].writer.bytes)
    }

    mutating func beginForging(_ fault: Int, _ hearing: Hearing) {
        recording.hearing = recording.hearing == .everything ? .everything : hearing
        line(.forges, nil, text: hearing == .everything ? "and hears everything" : "")
        queue.push(WorldEvent(.forgery, host: 0, index: fault), at: now)
    }

    /// A guest sends one datagram to one host, from its own address.
    @usableFromInline
    mutating func takeForgery(_ event: WorldEvent) {
        let index = Int(event.index)
        guard case .forgeries(let begin, let length, let pause, _) = plan.scheduled[index] else {
            return
        }
        let end = begin + length
        let place = Dice.mix(UInt64(truncatingIfNeeded: begin.nanoseconds) << 16 ^ event.key)
        var random = RandomSource(seed: Dice.mix(plan.seed ^ place))
        let host = random.number(in: 0...hosts.count - 1)
        let guest = NodeID(NodeID.firstGuest.rawValue + UInt32(random.below(3)))
        if let bytes = forgery(&random) { deliver(bytes, from: guest, to: host) }
        let next = now + max(pause, .microseconds(10))
        guard next <= end, event.key < World.forgeryLimit else { return }
        queue.push(
            WorldEvent(.forgery, host: 0, index: index, key: event.key + 1), at: next)
    }

    /// What a guest makes of what it has recorded, or out of thin air.
    private func forgery(_ random: inout RandomSource) -> [UInt8]? {
        if random.below(4) == 0, let message = forge?(&random, recording.datagrams) {
            let stamp = Stamp(epoch: 0, incarnation: random.nextNonZero())
            let header = DatagramHeader(
                cluster: cluster, origin: Origin(node: .anonymous, stamp: stamp), sequence: 0,
                lamportTime: 0)
            var writer = ByteWriter()
            Datagram(header: header, message: message).encode(into: &writer)
            return writer.bytes
        }
        guard !recording.datagrams.isEmpty else { return nil }
        let bytes = recording.datagrams[random.number(in: 0...recording.datagrams.count - 1)]
        // Hosts know where each other's datagrams come from, and are to refuse this.
        if random.below(8) == 0 { return bytes }
        return Forgery<Subject.Message>.make(of: bytes, cluster: cluster, &random)
    }

    /// Has a host take a datagram that comes from a guest's address, or refuse it.
    private mutating func deliver(_ bytes: [UInt8], from guest: NodeID, to host: Int) {
        statistics.forgeries += 1
        guard hosts[host].status == .running else { return }
        note(.forges, host, UInt64(bytes.count))
        let datagram: Datagram<Subject.Message>
        do {
            datagram = try Datagram(decoding: bytes.span, cluster: cluster)
        } catch {
            statistics.rejected += 1
            return
        }
        // An ID that a host's address belongs to, and nothing came from there.
        guard datagram.header.origin.node == .anonymous else {
            statistics.rejected += 1
            return
        }
        guard observer.mayForge(datagram.message, to: NodeID(index: host)) else { return }
        let origin = Origin(node: guest, stamp: datagram.header.origin.stamp)
        if options.contains(.traces) {
            let text = observer.describe(message: datagram.message)
            line(.forges, host, text: "\(text) to \(host)")
        }
        observer.didForge(datagram.message, from: origin, on: NodeID(index: host), at: now)
        charge(host, bytes.count, at: ComputingCost.receivedByte)
        automata[host].receive(
            datagram.message, from: origin, at: hosts[host].clock.local(at: now),
            into: &effects)
        honourLanes(host)
    }
}

/// Makes datagrams that a guest may send out of those that others have sent.
enum Forgery<Message: WireMessage> {
    /// A recorded datagram under a guest's name, its message as it was, or with bits or bytes changed and
    /// the checksum put right.
    static func make(of bytes: [UInt8], cluster: UInt64, _ random: inout RandomSource) -> [UInt8] {
        guard var datagram = try? Datagram<Message>(decoding: bytes.span, cluster: cluster) else {
            return bytes
        }
        datagram.header.origin.node = .anonymous
        if random.below(2) == 0 {
            datagram.header.origin.stamp.incarnation = random.nextNonZero()
        }
        var writer = ByteWriter()
        datagram.encode(into: &writer)
        let first = DatagramFormat.headerSize
        let count = writer.bytes.count - first
        guard count > 0 else { return writer.bytes }
        switch random.below(5) {
        case 0, 1: break
        case 2:
            for _ in 0...random.below(3) {
                let place = first + random.number(in: 0...count - 1)
                writer.bytes[place] ^= 1 << UInt8(random.below(8))
            }
        case 3:
            let extremes: [UInt64] = [
                0, 1, .max, 1 << 62, 1 << 56, UInt64(random.below(100)), random.next(),
            ]
            let number = extremes[random.number(in: 0...extremes.count - 1)]
            let width = [1, 4, 8][random.number(in: 0...2)]
            let place = first + random.number(in: 0...count - 1)
            for index in 0..<min(width, writer.bytes.count - place) {
                writer.bytes[place + index] = UInt8(
                    truncatingIfNeeded: number >> UInt64(8 * index))
            }
        default:
            writer.bytes.removeLast(random.number(in: 0...count - 1))
        }
        Corruption.refreshChecksum(&writer)
        return writer.bytes
    }
}
