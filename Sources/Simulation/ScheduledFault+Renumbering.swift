import ConsensusCore

extension NodeID {
    /// This host's number once another is gone: one less if it came after; nil if it is the one.
    func renumbered(without removed: NodeID) -> NodeID? {
        if self == removed { return nil }
        return self > removed ? NodeID(rawValue - 1) : self
    }
}

extension NodeSet {
    func renumbered(without removed: NodeID) -> NodeSet {
        var result = NodeSet()
        for node in self {
            if let moved = node.renumbered(without: removed) { result.insert(moved) }
        }
        return result
    }
}

extension ScheduledFault {
    /// The fault in a run without one host; nil if it was about that host.
    func renumbered(without removed: NodeID) -> ScheduledFault? {
        func moved(_ node: NodeID) -> NodeID? { node.renumbered(without: removed) }
        switch self {
        case .lateStart(let node, let at):
            return moved(node).map { .lateStart($0, at: at) }
        case .crash(let node, let at, let tail, let comeback):
            return moved(node).map { .crash($0, at: at, tail: tail, comeback: comeback) }
        case .crashAtPersist(let node, let point, let tail, let comeback):
            return moved(node).map {
                .crashAtPersist($0, point: point, tail: tail, comeback: comeback)
            }
        case .pause(let node, let at, let length):
            return moved(node).map { .pause($0, at: at, length: length) }
        case .clockRate(let node, let rate):
            return moved(node).map { .clockRate($0, perMillion: rate) }
        case .clockJump(let node, let at, let jump):
            return moved(node).map { .clockJump($0, at: at, by: jump) }
        case .slowDisk(let node, let at, let length, let delay):
            return moved(node).map { .slowDisk($0, at: at, length: length, delay: delay) }
        case .fullDisk(let node, let at, let length, let room, let comeback):
            return moved(node).map {
                .fullDisk($0, at: at, length: length, room: room, comeback: comeback)
            }
        case .hungDisk(let node, let at, let length, let longest, let buffer):
            return moved(node).map {
                .hungDisk($0, at: at, length: length, longest: longest, buffer: buffer)
            }
        case .bitRot(let node, let at, let damage, let comeback):
            return moved(node).map {
                .bitRot($0, at: at, damage: damage, comeback: comeback)
            }
        case .oldDisk(let node, let copied, let at, let pause):
            return moved(node).map {
                .oldDisk($0, copied: copied, at: at, comebackAfter: pause)
            }
        case .newBeginning(let wiped, let kept, let at, let span):
            return .newBeginning(
                wiped: wiped.renumbered(without: removed), kept: kept.renumbered(without: removed),
                at: at, within: span)
        case .powerCut(let nodes, let at, let span):
            return .powerCut(nodes.renumbered(without: removed), at: at, within: span)
        case .syncError(let node, let at, let tail, let pause):
            return moved(node).map {
                .syncError($0, at: at, tail: tail, comebackAfter: pause)
            }
        case .twin(let node, let at, let length, let disk, let turn):
            return moved(node).map {
                .twin($0, at: at, length: length, disk: disk, turn: turn)
            }
        case .slowMachine(let node, let times, let buffer):
            return moved(node).map { .slowMachine($0, times: times, buffer: buffer) }
        case .forgeries: return self
        case .clog(let from, let to, let at, let length):
            guard let from = moved(from), let to = moved(to) else { return nil }
            return .clog(from: from, to: to, at: at, length: length)
        case .partition(.split(let side), let at, let length):
            return .partition(
                .split(side.renumbered(without: removed)), at: at, length: length)
        case .partition(.oneWay(let side), let at, let length):
            return .partition(
                .oneWay(from: side.renumbered(without: removed)), at: at, length: length)
        case .partition(.bridge(let side, let bridge), let at, let length):
            let side = side.renumbered(without: removed)
            guard let bridge = moved(bridge) else {
                return .partition(.split(side), at: at, length: length)
            }
            return .partition(.bridge(side, over: bridge), at: at, length: length)
        }
    }
}

extension ScheduledFault {
    /// Lets unsynced writes reach the disk if what becomes of them is one of these kinds.
    mutating func keepTail(_ kinds: FaultSet) {
        func kept(_ tail: TailFate) -> TailFate {
            switch tail {
            case .torn where kinds.contains(.tornWrites): .kept
            case .lost where kinds.contains(.lostWrites): .kept
            default: tail
            }
        }
        switch self {
        case .crash(let node, let at, let tail, let comeback):
            self = .crash(node, at: at, tail: kept(tail), comeback: comeback)
        case .crashAtPersist(let node, let point, let tail, let comeback):
            self = .crashAtPersist(node, point: point, tail: kept(tail), comeback: comeback)
        case .syncError(let node, let at, let tail, let pause):
            self = .syncError(node, at: at, tail: kept(tail), comebackAfter: pause)
        default:
            break
        }
    }
}
