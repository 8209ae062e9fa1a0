import ConsensusCore
import PaxosNode

/// A planted bug at work in a node of the log.
///
/// It works from outside, on what the node receives and sends and on what it has promised, so that the
/// log's own code knows nothing of it; see ``PlantedBug``.
struct LogSabotage {
    private let bug: PlantedBug
    /// By node: the life last heard of.
    private var origins: [Origin?]
    private var received: Set<Receipt> = []
    /// By slot: who has voted there, at whatever ballot.
    private var voters: [Slot: NodeSet] = [:]
    /// When an acceptor answered a heartbeat last.
    private var pulseTime = Instant(nanoseconds: .min)
    /// Counts reports of promises, so that each seems to be of a higher ballot.
    private var rank: UInt64 = 1 << 40

    private struct Receipt: Hashable {
        let sender: NodeID
        let message: LogMessage
    }

    init(_ bug: PlantedBug, nodeCount: Int) {
        self.bug = bug
        origins = Array(repeating: nil, count: nodeCount)
    }

    /// Whether a record is lost on its way back from the disk.
    func forgets(_ record: LogRecord) -> Bool {
        if case .ballot = record { return bug == .ballotReuse }
        return false
    }

    /// Has a node take a message as one with the bug does.
    mutating func receive(
        _ message: LogMessage, from origin: Origin, at now: Instant, by node: inout LogNode,
        into lanes: inout LogNode.Lanes
    ) {
        var message = message
        var origin = origin
        let promised = node.acceptor?.promised
        if origin.node.index < origins.count { origins[origin.node.index] = origin }
        switch bug {
        case .countDatagrams: takeForAnother(&origin, message, node.cluster)
        case .valueOfHighestPromise: raiseBallots(&message)
        case .mixedBallots: mixBallots(&message, node)
        case .amnesia, .oldDisk: forgetRecordNumbers(&message)
        case .leftover: mixBirths(&origin, node)
        case .firstPageOnly: endReport(&message)
        default: break
        }
        let tenure = node.tenure
        node.receive(message, from: origin, at: now, into: &lanes)
        switch (bug, message) {
        case (.promiseAtOldBallot, .prepare), (.acceptDoesNotPromise, .accept):
            node.acceptor?.promised = promised
        case (.forgetAccepted, .prepare): emptyPromises(in: &lanes)
        case (.mixedBallots, .accepted(let accepted)):
            addEarlierVotes(to: accepted, of: origin.node, at: now, by: &node, into: &lanes)
        case (.supersededLeader, .chosen), (.supersededLeader, .snapshotPart),
            (.supersededLeader, .accepted):
            if let tenure, node.tenure == nil { node.tenure = tenure }
        case (.staleRead, .pulse) where node.cluster.acceptors.contains(origin.node):
            pulseTime = now
        default: break
        }
        afterwards(at: now, by: &node, into: &lanes)
    }

    /// What the bug does after any step.
    mutating func afterwards(
        at now: Instant, by node: inout LogNode, into lanes: inout LogNode.Lanes
    ) {
        let others = node.cluster.acceptors.removing(node.node)
        let confirmers: NodeSet
        switch bug {
        // In the end it notices that it leads no more.
        case .staleRead where pulseTime + .seconds(1) > now: confirmers = others
        case .queryQuorum: confirmers = others.first.map { [$0] } ?? []
        default: return
        }
        for envelope in lanes.envelopes {
            guard case .heartbeat(let heartbeat) = envelope.message else { continue }
            confirm(heartbeat, by: confirmers, at: now, to: &node, into: &lanes)
        }
    }

    /// What a checkpoint of a node with the bug holds.
    func keeps(_ record: LogRecord) -> Bool {
        switch record {
        case .learned: bug != .checkpointDropsLearned
        case .ballot: bug != .checkpointDropsBallot
        default: true
        }
    }

    /// What comes after a report's first page is not asked for.
    private func endReport(_ message: inout LogMessage) {
        guard case .promise(var promise) = message else { return }
        promise.next = nil
        message = .promise(promise)
    }

    /// A vote that has come before is taken for somebody else's.
    private mutating func takeForAnother(
        _ origin: inout Origin, _ message: LogMessage, _ cluster: LogCluster
    ) {
        switch message {
        case .promise, .accepted: break
        default: return
        }
        let receipt = Receipt(sender: origin.node, message: message)
        guard !received.insert(receipt).inserted else { return }
        for acceptor in cluster.acceptors.removing(origin.node) {
            guard let other = origins[acceptor.index] else { continue }
            origin = other
            return
        }
    }

    /// Nobody knows how many records there were.
    private func forgetRecordNumbers(_ message: inout LogMessage) {
        switch message {
        case .welcome(var welcome):
            welcome.written = 0
            message = .welcome(welcome)
        case .promise(var promise):
            promise.written = 0
            message = .promise(promise)
        case .accepted(var accepted):
            accepted.written = 0
            message = .accepted(accepted)
        case .pulse(var pulse):
            pulse.written = 0
            message = .pulse(pulse)
        default: return
        }
    }

    /// Every node seems to belong to the same birth.
    private func mixBirths(_ origin: inout Origin, _ node: LogNode) {
        guard node.cluster.nodes.contains(origin.node), origin.stamp.epoch != 0,
            node.stamp.epoch != 0
        else { return }
        origin.stamp.epoch = node.stamp.epoch
    }

    /// What the bug does once a node has started: it uses the ballots of its former lives.
    func started(_ node: inout LogNode) {
        let incarnation = UInt64(node.node.rawValue) + 1
        if bug == .ballotReuse { node.ballots?.incarnation = incarnation }
    }

    /// Whatever was reported before gives way to what the latest promise reports.
    private mutating func raiseBallots(_ message: inout LogMessage) {
        guard case .promise(var promise) = message else { return }
        rank += 1
        for index in promise.entries.indices {
            promise.entries[index].acceptance.ballot.number = rank
        }
        message = .promise(promise)
    }

    /// Promises and votes at other ballots count for the present one.
    private func mixBallots(_ message: inout LogMessage, _ node: LogNode) {
        switch message {
        case .promise(var promise):
            guard let preparation = node.preparation else { return }
            promise.ballot = preparation.ballot
            message = .promise(promise)
        case .accepted(var accepted):
            guard let tenure = node.tenure else { return }
            accepted.ballot = tenure.ballot
            message = .accepted(accepted)
        default: return
        }
    }

    /// Whoever has voted in a slot at another ballot seems to have voted at this one.
    private mutating func addEarlierVotes(
        to accepted: LogAccepted, of sender: NodeID, at now: Instant, by node: inout LogNode,
        into lanes: inout LogNode.Lanes
    ) {
        for range in accepted.slots {
            for slot in range.first...range.last {
                var vote = accepted
                vote.slots = [range]
                vote.slots[0].first = slot
                vote.slots[0].last = slot
                for other in voters[slot, default: []].removing(sender) {
                    guard let origin = origins[other.index] else { continue }
                    node.receive(.accepted(vote), from: origin, at: now, into: &lanes)
                }
                voters[slot, default: []].insert(sender)
            }
        }
    }

    /// Promises report nothing.
    private func emptyPromises(in lanes: inout LogNode.Lanes) {
        for index in lanes.envelopes.indices {
            guard case .promise(var promise) = lanes.envelopes[index].message else { continue }
            promise.entries = []
            promise.next = nil
            lanes.envelopes[index].message = .promise(promise)
        }
    }

    /// These acceptors seem to answer a heartbeat at once.
    private func confirm(
        _ heartbeat: LogHeartbeat, by acceptors: NodeSet, at now: Instant, to node: inout LogNode,
        into lanes: inout LogNode.Lanes
    ) {
        let pulse = Pulse(
            ballot: heartbeat.ballot, round: heartbeat.round, isVoting: true, snapshot: 0,
            written: 0, claim: StateClaim(applied: 0, chain: 0))
        for acceptor in acceptors {
            guard let origin = origins[acceptor.index] else { continue }
            node.receive(.pulse(pulse), from: origin, at: now, into: &lanes)
        }
    }
}
