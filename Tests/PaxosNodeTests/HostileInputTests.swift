import ConsensusCore
import Testing

@testable import PaxosNode

/// Whole, undamaged messages that make no sense: what a forger, or a bug elsewhere, could send.
@Suite("Messages that no peer would send")
struct HostileInputTests {
    private static let senders: [NodeID] = [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 63, 64, 65, 4_294_967_295,
    ]

    private func origin(epoch: UInt64, _ random: inout RandomSource) -> Origin {
        let sender = Self.senders[Int(random.below(UInt64(Self.senders.count)))]
        let epochs: [UInt64] = [0, epoch, epoch, epoch, epoch &+ 1, .max]
        let lives: [UInt64] = [Driver.leaderLife, 1, 2, .max]
        return Origin(
            node: sender,
            stamp: Stamp(
                epoch: epochs[Int(random.below(6))], incarnation: lives[Int(random.below(4))]))
    }

    /// A random message whose fields often are the right ones, so that it gets further.
    private func message(
        claim: LeaderClaim?, proof: UInt64, sender: Origin, role: Role?,
        _ random: inout RandomSource
    ) -> Message {
        let drawn = Samples.message(tag: random.number(in: 1...22), &random)
        guard random.below(4) != 0 else { return drawn }
        let forged = LeaderClaim(
            round: UInt32(random.below(4)), leader: sender.node,
            incarnation: sender.stamp.incarnation)
        let likely = random.below(2) == 0 ? claim ?? forged : forged
        switch drawn {
        case .heartbeat(var heartbeat):
            heartbeat.claim = likely
            return .heartbeat(heartbeat)
        case .assign(var assign):
            (assign.claim, assign.proof, assign.role) = (likely, proof, role)
            if random.below(2) == 0 { assign.roster = Roster() }
            return .assign(assign)
        case .confirm(var confirm):
            (confirm.claim, confirm.epoch) = (likely, sender.stamp.epoch)
            return .confirm(confirm)
        case .token(var token):
            token.round = UInt32(random.below(3))
            return .token(token)
        case .refuse where random.below(30) == 0: return .refuse(Refuse(proof: proof))
        case .shutdown, .refuse: return .probe
        case .request(var request):
            request.client = sender.node
            return .request(request)
        default: return drawn
        }
    }

    @Test(
        "neither trap a node nor leave it with a deadline in the past",
        arguments: 0..<12 as Range<UInt64>)
    func node(seed: UInt64) {
        var drivers = [
            Driver.enrolled(1), Driver.enrolled(3), Driver.enrolled(5), Driver.leading(),
            Driver(2),
        ]
        drivers[4].start()
        for index in drivers.indices {
            var driver = drivers[index]
            var random = RandomSource(seed: 10 * seed + UInt64(index))
            var now = milliseconds(1)
            var answers = 0
            for _ in 0..<1_500 {
                now = now + random.interval(in: .zero...(.milliseconds(30)))
                let sender = origin(epoch: driver.node.stamp.epoch, &random)
                let message = message(
                    claim: driver.node.election.leader, proof: driver.node.incarnation,
                    sender: sender, role: driver.node.cluster.role(of: driver.node.node), &random)
                answers += driver.receive(message, from: sender, at: now).envelopes.count
                if driver.node.wakeTime <= now {
                    driver.wake(at: now)
                    #expect(driver.node.wakeTime > now)
                }
            }
            #expect(answers > 0)
        }
    }

    @Test("do no harm to a client either", arguments: 0..<12 as Range<UInt64>)
    func client(seed: UInt64) {
        var random = RandomSource(seed: 500 + seed)
        var lanes = ClientNode.Lanes()
        var client = ClientNode(
            cluster: smallCluster, client: 8, value: [1], preferredProposer: 1,
            timeout: .seconds(10), seed: seed)
        client.start(at: milliseconds(0), into: &lanes)
        var now = milliseconds(1)
        for _ in 0..<1_500 {
            now = now + random.interval(in: .zero...(.milliseconds(20)))
            let sender = origin(epoch: client.stamp.epoch, &random)
            let message = message(
                claim: nil, proof: client.stamp.incarnation, sender: sender, role: nil, &random)
            client.receive(message, from: sender, at: now, into: &lanes)
            if client.wakeTime <= now {
                client.wake(at: now, into: &lanes)
                #expect(client.wakeTime > now)
            }
        }
        let finished = lanes.outputs.count { $0 == .finished }
        #expect(finished == 1 && lanes.outputs.count == 2)
    }

    @Test(
        "random records of earlier lives are taken without a trap",
        arguments: 0..<50 as Range<UInt64>)
    func records(seed: UInt64) {
        var random = RandomSource(seed: 900 + seed)
        for id: NodeID in [1, 3, 5] {
            var driver = Driver(id)
            for _ in 0..<30 {
                driver.node.recover(Samples.record(tag: random.number(in: 1...8), &random))
            }
            driver.node.checkInvariants()
            let records = driver.start().records
            #expect(records.first == .incarnation(driver.node.incarnation))
        }
    }
}
