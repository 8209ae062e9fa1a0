import ConsensusCore

/// The leader's work of telling every node its role and every client the proposers.
///
/// Whoever wants an assignment joins, is assigned, and confirms; assigns are sent again until they are
/// confirmed. Clients are told once every con node that joined has confirmed and the confirmed nodes
/// can choose a value, or after ``Timing/assignmentPatience`` with whoever has confirmed by then.
struct RoleAssignment: Hashable, Sendable {
    private let cluster: Cluster
    /// The incarnation in which each con node joined; 0 if it has not.
    private var joined: [UInt64]
    /// The con nodes that confirmed their role under the present claim and epoch.
    private(set) var confirmed: NodeSet = []
    /// The clients that joined, by position, and whether they have confirmed.
    private var clients: [Guest] = []
    private var resends = Backoff(initial: Timing.resend, limit: Timing.resendLimit)
    private var resendTime = Instant.never
    /// When clients are told, come what may; never before the leader's news has come round.
    private var openTime = Instant.never
    private(set) var isOpen = false

    private struct Guest: Hashable {
        var position: Int
        var incarnation: UInt64
        var hasConfirmed: Bool
    }

    init(cluster: Cluster) {
        self.cluster = cluster
        joined = [UInt64](repeating: 0, count: cluster.nodeCount)
    }

    /// Whether the leader's news has come round, so that roles may be told.
    var hasBegun: Bool { openTime != .never }

    /// Tells all who have joined so far.
    mutating func begin(at now: Instant) {
        openTime = now + Timing.assignmentPatience
        resendTime = now
    }

    var wakeTime: Instant { isOpen ? resendTime : min(resendTime, openTime) }

    /// Notes who joins, or joins again in another life.
    mutating func join(_ origin: Origin) {
        if origin.node.index < cluster.nodeCount {
            guard joined[origin.node.index] != origin.stamp.incarnation else { return }
            joined[origin.node.index] = origin.stamp.incarnation
            confirmed.remove(origin.node)
        } else {
            let position = origin.node.index - cluster.nodeCount
            let guest = Guest(
                position: position, incarnation: origin.stamp.incarnation, hasConfirmed: false)
            if let index = clients.firstIndex(where: { $0.position == position }) {
                guard clients[index].incarnation != guest.incarnation else { return }
                clients[index] = guest
            } else {
                clients.append(guest)
            }
        }
    }

    /// Notes that a node or client has confirmed; says whether that was news.
    mutating func confirm(_ origin: Origin) -> Bool {
        if origin.node.index < cluster.nodeCount {
            // The confirmation proves which life is the present one.
            joined[origin.node.index] = origin.stamp.incarnation
            return confirmed.insert(origin.node)
        }
        let position = origin.node.index - cluster.nodeCount
        guard let index = clients.firstIndex(where: { $0.position == position }),
            clients[index].incarnation == origin.stamp.incarnation, !clients[index].hasConfirmed
        else { return false }
        clients[index].hasConfirmed = true
        return true
    }

    /// Forgets all confirmations, since the epoch has changed; everyone is assigned anew.
    mutating func beginAgain() {
        confirmed = []
        for index in clients.indices { clients[index].hasConfirmed = false }
    }

    /// Whether the clients can be told who the proposers are.
    private func canOpen(at now: Instant) -> Bool {
        if now >= openTime { return true }
        var everyone = NodeSet()
        for node in cluster.nodes where joined[node.index] != 0 { everyone.insert(node) }
        return everyone.isSubset(of: confirmed)
            && cluster.majority.isReached(by: confirmed)
            && !confirmed.intersection(cluster.proposers).isEmpty
            && !confirmed.intersection(cluster.learners).isEmpty
    }

    /// Assigns to one that has just joined or asked again.
    mutating func answer(
        _ origin: Origin, claim: LeaderClaim, roster: Roster, at now: Instant,
        random: inout RandomSource, into lanes: inout ConsensusNode.Lanes
    ) {
        guard hasBegun, isOpen || !cluster.isClient(origin.node) else { return }
        sendAssign(
            to: origin.node, proof: origin.stamp.incarnation, claim: claim, roster: roster,
            into: &lanes)
        resends.reset()
        resendTime = min(resendTime, now + resends.next(using: &random))
    }

    /// Tells the clients as soon as that can be done, and sends again what is due.
    mutating func advance(
        claim: LeaderClaim, roster: Roster, at now: Instant, random: inout RandomSource,
        into lanes: inout ConsensusNode.Lanes
    ) {
        guard hasBegun else { return }
        let opensNow = !isOpen && canOpen(at: now)
        isOpen = isOpen || opensNow
        let isDue = now >= resendTime
        guard isDue || opensNow else { return }
        var isWaiting = false
        for node in cluster.nodes where joined[node.index] != 0 && !confirmed.contains(node) {
            isWaiting = true
            guard isDue else { continue }
            sendAssign(
                to: node, proof: joined[node.index], claim: claim, roster: roster, into: &lanes)
        }
        if isOpen {
            for guest in clients where !guest.hasConfirmed {
                isWaiting = true
                sendAssign(
                    to: cluster.client(at: guest.position), proof: guest.incarnation, claim: claim,
                    roster: roster, into: &lanes)
            }
        }
        resendTime = isWaiting ? now + resends.next(using: &random) : .never
    }

    private func sendAssign(
        to node: NodeID, proof: UInt64, claim: LeaderClaim, roster: Roster,
        into lanes: inout ConsensusNode.Lanes
    ) {
        let origin = Origin(node: node, stamp: Stamp(epoch: 0, incarnation: proof))
        let assign = RoleAssignment.assign(
            to: origin, of: cluster, claim: claim, roster: roster)
        lanes.send(.assign(assign), to: node)
    }

    /// The assignment of one life of a node or client.
    static func assign(
        to origin: Origin, of cluster: Cluster, claim: LeaderClaim?, roster: Roster
    ) -> Assign {
        Assign(
            claim: claim, proof: origin.stamp.incarnation, role: cluster.role(of: origin.node),
            proposers: cluster.proposers, acceptors: cluster.acceptors,
            learners: cluster.learners, roster: roster)
    }
}
