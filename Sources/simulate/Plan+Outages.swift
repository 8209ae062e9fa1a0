import ConsensusCore
import PaxosNode
import Simulation

extension Plan {
    /// Cuts nodes off one after another, so that the majority changes hands, and has one come back
    /// without its disk, or with it, whenever the next is cut off.
    mutating func addRollingOutage(of nodes: NodeSet, using random: inout RandomSource) {
        var waiting = nodes.map(\.self)
        let slice = safetyTime / Int64(waiting.count)
        var begin = Interval.zero
        while !waiting.isEmpty {
            let node = waiting.remove(at: random.number(in: 0...waiting.count - 1))
            let time = Instant(nanoseconds: begin.nanoseconds)
            if mix.kinds.contains(.partitions) {
                scheduled.append(.partition(.split([node]), at: time, length: slice))
            }
            let pause = random.interval(in: .milliseconds(1)...max(.milliseconds(1), slice / 4))
            if let other = waiting.last, begin > .zero {
                if mix.kinds.contains(.amnesia) {
                    scheduled.append(
                        .crash(other, at: time, tail: .kept, comeback: .withoutDisk(after: pause)))
                } else if mix.kinds.contains(.restarts) {
                    scheduled.append(
                        .crash(other, at: time, tail: .kept, comeback: .withDisk(after: pause)))
                }
            }
            begin = begin + slice
        }
    }

    /// Adds what a log is to survive besides random faults, in five runs of six: leaders that are cut
    /// off or crash in turn, one learner that is away for long, acceptors away one after another.
    mutating func addOutages(_ cluster: LogCluster, using random: inout RandomSource) {
        switch random.below(6) {
        case 0, 1, 2: addTakeovers(cluster, using: &random)
        case 3: addAbsence(of: cluster.learners, using: &random)
        case 4: addRollingOutage(of: cluster.acceptors, using: &random)
        default: return
        }
    }

    /// Proposers fail in the order in which they are likely to lead, some just when the one before is
    /// back with what it alone has accepted; some are cut off with clients and learners, so that they are
    /// asked things meanwhile.
    private mutating func addTakeovers(
        _ cluster: LogCluster, using random: inout RandomSource
    ) {
        let others = cluster.nodes.subtracting(cluster.learners.subtracting(cluster.proposers))
        let companions = NodeSet(0..<hostCount).subtracting(others)
        var time = random.interval(in: .milliseconds(30)...Interval.milliseconds(300))
        for node in Array(repeating: cluster.proposers.map(\.self), count: 3).joined()
        where time < safetyTime {
            let moment = Instant(nanoseconds: time.nanoseconds)
            let isRelay = random.below(2) == 0
            let length = random.interval(
                in: .milliseconds(isRelay ? 450 : 20)...Interval.milliseconds(1_000))
            if mix.kinds.contains(.partitions) && random.below(3) != 0 {
                var side: NodeSet = [node]
                for other in companions where random.below(2) == 0 { side.insert(other) }
                let isOneWay = random.below(4) == 0
                scheduled.append(
                    .partition(
                        isOneWay ? .oneWay(from: side) : .split(side), at: moment, length: length))
            } else if mix.kinds.contains(.restarts) {
                scheduled.append(
                    .crash(node, at: moment, tail: .lost, comeback: .withDisk(after: length)))
            }
            time =
                time
                + (isRelay
                    ? length
                    : random.interval(in: .milliseconds(50)...Interval.milliseconds(700)))
        }
    }

    /// Whether leaders are to be alone in turn, in a third of the runs with partitions.
    ///
    /// From a source of its own, so that runs without them are what they were before there were any.
    var hasSolos: Bool {
        guard mix.kinds.contains(.partitions) else { return false }
        var random = RandomSource(seed: Dice.mix(seed ^ 0x534f_4c4f))
        return random.below(3) == 0
    }

    /// One proposer after another is alone with all clients, while the others elect the next.
    ///
    /// They have nothing to do, so whoever leads then proposes in the very slots in which the one before it
    /// has proposed something else. In role form an acceptor or two is with it.
    mutating func addSolos(_ cluster: LogCluster) {
        var random = RandomSource(seed: Dice.mix(seed ^ 0x414c_4f4e))
        safetyTime = max(safetyTime, .seconds(3))
        let clients = NodeSet(0..<hostCount).subtracting(cluster.nodes)
        let proposers = cluster.proposers.map(\.self)
        var time = random.interval(in: .milliseconds(100)...Interval.milliseconds(400))
        // The first proposer is likely to lead first.
        var alone = proposers[0]
        while time < safetyTime {
            var side = clients.union([alone])
            if cluster.form == .roles {
                let least = cluster.acceptors.count > 3 ? random.number(in: 1...2) : 1
                for _ in 0..<least { side.insert(cluster.acceptors.drawn(using: &random)) }
                for learner in cluster.learners where random.below(2) == 0 { side.insert(learner) }
            } else if cluster.acceptors.count > 3, random.below(2) == 0 {
                side.insert(cluster.acceptors.drawn(using: &random))
            }
            let length = random.interval(in: .milliseconds(350)...Interval.milliseconds(900))
            scheduled.append(
                .partition(
                    .split(side), at: Instant(nanoseconds: time.nanoseconds), length: length))
            time = time + length
            // Some of the time all are together again, though for too short a time to settle everything.
            if random.below(3) == 0 {
                time = time + random.interval(in: .milliseconds(1)...Interval.milliseconds(60))
            }
            alone = proposers[random.number(in: 0...proposers.count - 1)]
        }
    }

    /// One learner hears nothing while the others go on.
    private mutating func addAbsence(of learners: NodeSet, using random: inout RandomSource) {
        let away = learners.drawn(using: &random)
        let begin = random.interval(in: .zero...safetyTime / 3)
        let length = random.interval(in: safetyTime / 3...safetyTime)
        guard mix.kinds.contains(.partitions) else { return }
        scheduled.append(
            .partition(
                .split([away]), at: Instant(nanoseconds: begin.nanoseconds), length: length))
    }
}

extension NodeSet {
    /// One of its members, of which there must be one.
    fileprivate func drawn(using random: inout RandomSource) -> NodeID {
        map(\.self)[random.number(in: 0...count - 1)]
    }
}
