import ConsensusCore

/// Leader election on the ring of con nodes, as in Chang and Roberts, *An Improved Algorithm for
/// Decentralized Extrema-Finding in Circular Configurations of Processes* (1979).
///
/// Every node begins red and sends a token with its UID to the next node of the ring. A red node that
/// receives a higher token turns black and passes that token on; a lower token it dismisses. A black
/// node passes on the token it received. A node whose own token comes back is elected, and sends the
/// news round the ring once.
///
/// Deviations, because real links lose and real nodes die:
/// - Every hop is confirmed and sent again until it is. A neighbour that stays silent is suspected and
///   passed over ``Timing/hopPatience`` after probing began; the other nodes are probed meanwhile, so
///   that any number of dead neighbours costs one patience.
/// - Elections have rounds. A node that hears neither of a leader nor of an election begins the next
///   round, in which all are red again; lower rounds' tokens are ignored.
/// - Here every node starts a token of its own. A black node therefore dismisses tokens lower than
///   its own UID too: were they passed on and the highest died meanwhile, any of them might be elected
///   instead of the next highest.
/// - A neighbour that confirms but cannot be heard by those beyond it breaks the ring. Each round that
///   fails is therefore followed by one in which tokens and news are passed to one more neighbour, up to
///   all of them.
/// - A node that hears its leader does not join a higher round; it tells whoever began it of the leader.
///   So a node with a bad link cannot unseat a leader whom the others hear.
/// - A token that would be passed over its own, suspected, candidate is dropped, so none circles for
///   ever.
///
/// Two leaders by a false suspicion do no harm: the one with the lower claim steps down when it hears of
/// the other, and until then both assign the same roles.
struct RingElection: Hashable, Sendable {
    let node: NodeID
    let nodes: NodeSet
    let incarnation: UInt64
    private(set) var round: UInt32 = 0
    private(set) var colour = Colour.red
    /// The leader this node follows, perhaps itself.
    private(set) var leader: LeaderClaim?
    /// The con nodes ever heard from in this life, itself included.
    private(set) var heard: NodeSet
    /// Whose tokens of the present round were passed on.
    private var passed: NodeSet = []
    /// Whether this node's own ``Elected`` came back.
    private(set) var newsReturned = false
    private var lap: UInt32 = 0
    private var ring: RingLink
    /// How many rounds this node has begun in vain since it last had a role confirmed or led.
    private var failures = 0
    /// When this node last heard the leader itself.
    private var leaderHeardTime = Instant(nanoseconds: .min)
    /// The highest claim this node has had enough of.
    private var distrusted: LeaderClaim?
    /// When this node begins the next round unless it hears of a leader or an election.
    private(set) var patienceTime = Instant.never
    /// When the leader sends its news round once more.
    private var nextLapTime = Instant.never

    /// How many more times the news is sent round before the leader goes on without its return.
    static let maximumLaps: UInt32 = 3

    enum Colour: Hashable, Sendable {
        case red
        case black
    }

    /// What an event has led to.
    enum Outcome: Hashable {
        case nothing
        /// This node's token came back: it leads.
        case elected
        /// The news came back: everyone on the ring has heard it.
        case newsReturned
        /// There is another leader to follow than before.
        case follows
    }

    init(node: NodeID, nodes: NodeSet, incarnation: UInt64) {
        self.node = node
        self.nodes = nodes
        self.incarnation = incarnation
        heard = [node]
        ring = RingLink(node: node, nodes: nodes)
    }

    var isLeader: Bool { leader?.leader == node && leader?.incarnation == incarnation }

    var wakeTime: Instant { min(patienceTime, nextLapTime, ring.wakeTime) }

    mutating func start(
        at now: Instant, random: inout RandomSource, into lanes: inout ConsensusNode.Lanes
    ) -> Outcome {
        beginRound(1, at: now, random: &random, into: &lanes)
    }

    /// Notes that a con node is alive.
    mutating func hears(_ sender: NodeID) {
        guard nodes.contains(sender) else { return }
        heard.insert(sender)
        ring.hears(sender)
    }

    /// Takes over what others have heard of.
    mutating func merge(heard others: NodeSet) {
        heard = heard.union(others.intersection(nodes))
    }

    mutating func receive(
        _ token: Token, from sender: NodeID, at now: Instant, random: inout RandomSource,
        into lanes: inout ConsensusNode.Lanes
    ) -> Outcome {
        let hop = HopName(round: token.round, node: token.candidate, lap: nil)
        lanes.send(.receipt(Receipt(hop: hop, following: vouchedLeader(at: now))), to: sender)
        guard nodes.contains(token.candidate) else { return .nothing }
        if let leader, leader.leader == token.candidate, leader.leader != node,
            leader.incarnation != token.incarnation, token.round >= leader.round, round < .max
        {
            // The leader asks in another life: the one that was followed is gone.
            return beginRound(round + 1, at: now, random: &random, into: &lanes)
        }
        if token.round > round {
            guard !isSteady(at: now) else { return .nothing }
            let outcome = beginRound(token.round, at: now, random: &random, into: &lanes)
            if outcome != .nothing { return outcome }
            return consider(token, at: now, random: &random, into: &lanes)
        }
        guard token.round == round, leader == nil else { return .nothing }
        return consider(token, at: now, random: &random, into: &lanes)
    }

    /// The leader, if this node can tell others that it lives.
    func vouchedLeader(at now: Instant) -> LeaderClaim? { isSteady(at: now) ? leader : nil }

    /// Whether there is a leader and this node leads or has just heard it.
    private func isSteady(at now: Instant) -> Bool {
        guard leader != nil else { return false }
        return isLeader || now < leaderHeardTime + Timing.steadyPatience
    }

    /// The rule of Chang and Roberts, for a token of the present round with no leader known.
    private mutating func consider(
        _ token: Token, at now: Instant, random: inout RandomSource,
        into lanes: inout ConsensusNode.Lanes
    ) -> Outcome {
        if token.candidate == node {
            guard token.incarnation == incarnation else { return .nothing }
            return becomeLeader(at: now, random: &random, into: &lanes)
        }
        guard token.candidate > node, !passed.contains(token.candidate) else { return .nothing }
        colour = .black
        passed.insert(token.candidate)
        renewPatience(at: now, random: &random)
        return pass(.token(token), at: now, random: &random, into: &lanes)
    }

    mutating func receive(
        _ elected: Elected, from sender: NodeID, at now: Instant, random: inout RandomSource,
        into lanes: inout ConsensusNode.Lanes
    ) -> Outcome {
        let claim = elected.claim
        let hop = HopName(round: claim.round, node: claim.leader, lap: elected.lap)
        lanes.send(.receipt(Receipt(hop: hop, following: vouchedLeader(at: now))), to: sender)
        guard nodes.contains(claim.leader) else { return .nothing }
        if claim.leader == node {
            guard claim == leader, isLeader, !newsReturned else { return .nothing }
            return newsHasReturned()
        }
        let outcome = follow(claim, at: now, random: &random)
        guard leader == claim, ring.isNews(elected) else { return outcome }
        _ = pass(.elected(elected), at: now, random: &random, into: &lanes)
        return outcome
    }

    mutating func receive(
        _ receipt: Receipt, from sender: NodeID, at now: Instant, random: inout RandomSource
    ) -> Outcome {
        ring.confirmed(receipt.hop, by: sender)
        guard let claim = receipt.following else { return .nothing }
        return follow(claim, at: now, random: &random)
    }

    /// Takes a leader's sign of life, or another node's word of its leader.
    ///
    /// - Parameter isFirstHand: whether it comes from that leader itself.
    mutating func receive(
        _ claim: LeaderClaim, isFirstHand: Bool, at now: Instant, random: inout RandomSource
    ) -> Outcome {
        let outcome = follow(claim, at: now, random: &random)
        if isFirstHand, leader == claim {
            leaderHeardTime = now
            renewPatience(at: now, random: &random)
        }
        return outcome
    }

    /// Follows the present leader no longer and begins the next round.
    mutating func abandonLeader(
        at now: Instant, random: inout RandomSource, into lanes: inout ConsensusNode.Lanes
    ) -> Outcome {
        guard let leader, !isLeader else { return .nothing }
        distrusted = max(distrusted ?? leader, leader)
        return beginNextRound(at: now, random: &random, into: &lanes)
    }

    /// A leader has shown that it hears this node.
    mutating func trust(_ claim: LeaderClaim) {
        if let distrusted, distrusted >= claim { self.distrusted = nil }
    }

    /// The present leader has proved of use.
    mutating func settle() {
        failures = 0
    }

    mutating func wake(
        at now: Instant, random: inout RandomSource, into lanes: inout ConsensusNode.Lanes
    ) -> Outcome {
        if now >= patienceTime {
            return beginNextRound(at: now, random: &random, into: &lanes)
        }
        if now >= nextLapTime, let leader {
            // The ring may be broken for good; whoever has not heard will hear the leader itself.
            if lap == RingElection.maximumLaps { return newsHasReturned() }
            lap += 1
            nextLapTime = now + Timing.lapPatience
            let news = Elected(claim: leader, lap: lap)
            let outcome = pass(.elected(news), at: now, random: &random, into: &lanes)
            if outcome != .nothing { return outcome }
        }
        for message in ring.wake(at: now, random: &random, into: &lanes) {
            let outcome = pass(message, at: now, random: &random, into: &lanes)
            if outcome != .nothing { return outcome }
        }
        return .nothing
    }

    // MARK: - Steps

    private mutating func beginNextRound(
        at now: Instant, random: inout RandomSource, into lanes: inout ConsensusNode.Lanes
    ) -> Outcome {
        guard round < .max else {
            patienceTime = .never
            return .nothing
        }
        failures += 1
        return beginRound(round + 1, at: now, random: &random, into: &lanes)
    }

    private mutating func newsHasReturned() -> Outcome {
        newsReturned = true
        nextLapTime = .never
        settle()
        return .newsReturned
    }

    private mutating func beginRound(
        _ newRound: UInt32, at now: Instant, random: inout RandomSource,
        into lanes: inout ConsensusNode.Lanes
    ) -> Outcome {
        round = newRound
        colour = .red
        leader = nil
        passed = []
        newsReturned = false
        lap = 0
        nextLapTime = .never
        ring.forget()
        renewPatience(at: now, random: &random)
        let token = Token(round: newRound, candidate: node, incarnation: incarnation)
        return pass(.token(token), at: now, random: &random, into: &lanes)
    }

    private mutating func becomeLeader(
        at now: Instant, random: inout RandomSource, into lanes: inout ConsensusNode.Lanes
    ) -> Outcome {
        let claim = LeaderClaim(round: round, leader: node, incarnation: incarnation)
        leader = claim
        patienceTime = .never
        nextLapTime = now + Timing.lapPatience
        let news = Elected(claim: claim, lap: lap)
        // The ring may consist of this node alone; the news is then back already.
        _ = pass(.elected(news), at: now, random: &random, into: &lanes)
        return .elected
    }

    private mutating func follow(
        _ claim: LeaderClaim, at now: Instant, random: inout RandomSource
    ) -> Outcome {
        guard nodes.contains(claim.leader), claim.leader != node else { return .nothing }
        if let leader, leader >= claim { return .nothing }
        if let distrusted, distrusted >= claim { return .nothing }
        round = max(round, claim.round)
        colour = .black
        leader = claim
        leaderHeardTime = Instant(nanoseconds: .min)
        newsReturned = false
        nextLapTime = .never
        ring.forget()
        renewPatience(at: now, random: &random)
        return .follows
    }

    /// Sends a message to the next nodes that are not suspected; hands it to this node itself when it is
    /// alone.
    private mutating func pass(
        _ message: RingMessage, at now: Instant, random: inout RandomSource,
        into lanes: inout ConsensusNode.Lanes
    ) -> Outcome {
        switch ring.pass(message, to: 1 + failures, at: now, random: &random, into: &lanes) {
        case .sent:
            return .nothing
        case .originatorIsGone:
            // Nobody can be elected by it, nor lead: let the next round come soon.
            if case .token = message {
                patienceTime = min(patienceTime, now + Timing.lapPatience)
            }
            return .nothing
        case .alone:
            switch message {
            case .token: return becomeLeader(at: now, random: &random, into: &lanes)
            case .elected: return newsHasReturned()
            }
        }
    }

    private mutating func renewPatience(at now: Instant, random: inout RandomSource) {
        let patience = leader == nil ? Timing.electionPatience : Timing.leaderPatience
        patienceTime = now + patience + random.interval(in: .zero...patience / 2)
    }
}
