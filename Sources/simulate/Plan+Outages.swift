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

    /// One learner hears nothing while the others go on.
    private mutating func addAbsence(of learners: NodeSet, using random: inout RandomSource) {
        let away = learners.map(\.self)[random.number(in: 0...learners.count - 1)]
        let begin = random.interval(in: .zero...safetyTime / 3)
        let length = random.interval(in: safetyTime / 3...safetyTime)
        guard mix.kinds.contains(.partitions) else { return }
        scheduled.append(
            .partition(
                .split([away]), at: Instant(nanoseconds: begin.nanoseconds), length: length))
    }
}
