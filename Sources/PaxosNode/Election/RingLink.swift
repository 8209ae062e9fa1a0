import ConsensusCore

/// What travels round the ring.
enum RingMessage: Hashable, Sendable {
    case token(Token)
    case elected(Elected)

    var hop: HopName {
        switch self {
        case .token(let token):
            HopName(round: token.round, node: token.candidate, lap: nil)
        case .elected(let elected):
            HopName(round: elected.claim.round, node: elected.claim.leader, lap: elected.lap)
        }
    }

    var message: Message {
        switch self {
        case .token(let token): .token(token)
        case .elected(let elected): .elected(elected)
        }
    }
}

/// A node's link to the next live node of the ring: confirmed, repeated, and led round the dead.
struct RingLink: Hashable, Sendable {
    private let node: NodeID
    private let nodes: NodeSet
    /// Nodes that did not confirm a hop in time and were not heard since.
    private(set) var suspects: NodeSet = []
    private var hops: [Hop] = []
    /// The highest news passed on so far.
    private var latestNews: Elected?
    private var resends = Backoff(initial: Timing.resend, limit: Timing.resendLimit)

    /// A message that one of the next nodes has not confirmed yet.
    ///
    /// For each neighbour at most two a con node are kept: its token and its news.
    private struct Hop: Hashable {
        var message: RingMessage
        var target: NodeID
        var resends: Backoff
        var resendTime: Instant
        /// When probing of the other nodes begins; ``Instant/never`` once it has.
        var probeTime: Instant
        /// When the target is given up; ``Instant/never`` until probing begins, so that a pause of this
        /// node itself is not taken for the silence of all others.
        var giveUpTime = Instant.never
        /// Who was heard since probing began.
        var responsive: NodeSet = []

        var wakeTime: Instant { min(resendTime, probeTime, giveUpTime) }
    }

    /// What became of a message handed to the link.
    enum Passing: Hashable {
        case sent
        /// Every other node is suspected: the message is back where it is.
        case alone
        /// The message came from a node that is suspected itself; it was dropped.
        case originatorIsGone
    }

    init(node: NodeID, nodes: NodeSet) {
        self.node = node
        self.nodes = nodes
    }

    var wakeTime: Instant {
        hops.reduce(.never) { min($0, $1.wakeTime) }
    }

    mutating func hears(_ sender: NodeID) {
        suspects.remove(sender)
        for index in hops.indices { hops[index].responsive.insert(sender) }
    }

    /// Gives up all hops under way.
    mutating func forget() {
        hops.removeAll()
    }

    /// Whether this lap of the news was not passed on yet; notes it.
    mutating func isNews(_ elected: Elected) -> Bool {
        if let latestNews, (latestNews.claim, latestNews.lap) >= (elected.claim, elected.lap) {
            return false
        }
        latestNews = elected
        return true
    }

    mutating func confirmed(_ hop: HopName, by sender: NodeID) {
        hops.removeAll { $0.message.hop == hop && $0.target == sender }
    }

    /// Sends a message to the next nodes of the ring that are not suspected.
    ///
    /// - Parameter width: how many of them; all, if there are fewer.
    mutating func pass(
        _ message: RingMessage, to width: Int, at now: Instant, random: inout RandomSource,
        into lanes: inout ConsensusNode.Lanes
    ) -> Passing {
        hops.removeAll { $0.message.hop == message.hop }
        var targets = NodeSet()
        var target = following(node)
        while target != node && targets.count < width {
            if !suspects.contains(target) {
                targets.insert(target)
            } else if targets.isEmpty && target == message.hop.node {
                return .originatorIsGone
            }
            target = following(target)
        }
        guard !targets.isEmpty else { return .alone }
        for target in targets {
            var resends = resends
            hops.append(
                Hop(
                    message: message, target: target, resends: resends,
                    resendTime: now + resends.next(using: &random),
                    probeTime: now + Timing.probePatience))
        }
        lanes.send(message.message, to: targets)
        return .sent
    }

    /// Repeats what is due; returns the messages to be passed to another node, because their target
    /// did not confirm them in time.
    mutating func wake(
        at now: Instant, random: inout RandomSource, into lanes: inout ConsensusNode.Lanes
    ) -> [RingMessage] {
        var expired: [RingMessage] = []
        for index in hops.indices where hops[index].wakeTime <= now {
            if hops[index].giveUpTime <= now {
                if expired.last?.hop != hops[index].message.hop {
                    expired.append(hops[index].message)
                }
                suspect(upTo: hops[index].target, responsive: hops[index].responsive)
                continue
            }
            if hops[index].probeTime <= now {
                hops[index].probeTime = .never
                hops[index].giveUpTime = now + Timing.hopPatience
                hops[index].responsive = []
            }
            if hops[index].resendTime <= now {
                hops[index].resendTime = now + hops[index].resends.next(using: &random)
                lanes.send(hops[index].message.message, to: hops[index].target)
            }
            if hops[index].probeTime == .never {
                let silent = nodes.subtracting(hops[index].responsive).removing(node)
                lanes.send(.probe, to: silent)
            }
        }
        return expired
    }

    /// Suspects a silent node and, beyond it, all that no probe has reached either.
    private mutating func suspect(upTo silent: NodeID, responsive: NodeSet) {
        suspects.insert(silent)
        var candidate = following(silent)
        while candidate != node && !responsive.contains(candidate) {
            suspects.insert(candidate)
            candidate = following(candidate)
        }
    }

    private func following(_ node: NodeID) -> NodeID {
        NodeID(index: (node.index + 1) % nodes.count)
    }
}
