import ConsensusCore

/// A learner's way to slots that are chosen and not here, and its help for others on theirs.
struct CatchUp: Sendable {
    private let sizes: LogSizes
    /// When to ask, or to ask again; ``Instant/never`` while nothing is missing.
    private(set) var time = Instant.never
    /// The snapshot that is being received.
    var assembly: SnapshotAssembly?
    /// Who sent its last piece; others may have snapshots of other slots, which begin at the beginning.
    private var source: NodeID?
    private var resends = Backoff(initial: LogTiming.fetch, limit: LogTiming.fetchLimit)
    /// How many times it has asked since something was missing.
    private var attempts = 0
    /// How many datagrams that helped have come since it last asked.
    private var pieces = 0
    /// How many pieces have ever come.
    private(set) var allPieces: UInt64 = 0
    /// How many times it has asked since the last piece came.
    private var fruitlessAttempts = 0

    /// After how many fruitless attempts another snapshot, even an older one, will do.
    static let persistence = 8
    /// After how many others are asked too.
    private static let patience = 3

    init(_ sizes: LogSizes) {
        self.sizes = sizes
    }

    mutating func begin(at now: Instant, random: inout RandomSource) {
        time = now + resends.next(using: &random)
    }

    mutating func end() {
        guard time != .never else { return }
        time = .never
        assembly = nil
        attempts = 0
        fruitlessAttempts = 0
        resends.reset()
    }

    /// Whom to ask: who has sent half of a snapshot, or the leader first, then anyone, in turns.
    func nextPeer(
        of peers: NodeSet, leader: NodeID?, random: inout RandomSource
    ) -> NodeID? {
        if assembly != nil, let source, peers.contains(source),
            fruitlessAttempts < CatchUp.patience || attempts % 2 == 1
        {
            return source
        }
        if let leader, peers.contains(leader), attempts % 2 == 0 { return leader }
        guard !peers.isEmpty else { return nil }
        let index = random.number(in: 0...peers.count - 1)
        return peers.dropFirst(index).first { _ in true }
    }

    func fetch(from slot: Slot) -> Fetch {
        Fetch(
            from: slot, snapshot: assembly?.slot ?? 0,
            offset: UInt32(assembly?.bytes.count ?? 0))
    }

    mutating func didAsk(at now: Instant, random: inout RandomSource) {
        attempts += 1
        pieces = 0
        fruitlessAttempts += 1
        if fruitlessAttempts >= CatchUp.persistence {
            // Whoever had it is gone; it would be in the way of another's.
            assembly = nil
            fruitlessAttempts = 0
        }
        time = now + resends.next(using: &random)
    }

    /// Takes note that slots were applied that it had asked for; the next are on their way.
    mutating func didProgress(at now: Instant, random: inout RandomSource) {
        pieces += 1
        resends.reset()
        time = now + resends.next(using: &random)
    }

    // MARK: Receiving a snapshot

    /// Adds a piece; returns the snapshot so far, or nil if the piece is of no use now.
    mutating func take(_ part: SnapshotPart, from sender: NodeID) -> SnapshotAssembly? {
        guard part.size <= UInt32(LogRecord.maximumSnapshotSize) else { return nil }
        if part.offset == 0, part.slot > assembly?.slot ?? 0 {
            assembly = SnapshotAssembly(
                slot: part.slot, chain: part.chain, size: Int(part.size))
        }
        guard assembly?.add(part) == true else { return nil }
        source = sender
        pieces += 1
        allPieces += 1
        fruitlessAttempts = 0
        resends.reset()
        return assembly
    }

    var isBurstOver: Bool { pieces >= sizes.burst }

    // MARK: Helping

    /// Answers a fetch with values, or with pieces of the snapshot where the values are forgotten.
    func serve(
        _ fetch: Fetch, from learner: SlotLearner, to recipient: NodeID,
        into lanes: inout LogNode.Lanes
    ) {
        guard fetch.from >= 1, fetch.from <= learner.applied else { return }
        if learner.values[fetch.from] != nil {
            return serveValues(from: fetch.from, of: learner, to: recipient, into: &lanes)
        }
        guard learner.snapshotSlot >= fetch.from else { return }
        var offset = fetch.snapshot == learner.snapshotSlot ? Int(fetch.offset) : 0
        for _ in 0..<sizes.burst where offset < learner.snapshot.count || offset == 0 {
            let end = min(offset + sizes.piece, learner.snapshot.count)
            guard offset <= end else { return }
            lanes.send(
                .snapshotPart(
                    SnapshotPart(
                        slot: learner.snapshotSlot, chain: learner.snapshotChain,
                        size: UInt32(learner.snapshot.count),
                        offset: UInt32(offset), bytes: Array(learner.snapshot[offset..<end]))),
                to: recipient)
            offset = end
            if end == learner.snapshot.count { return }
        }
    }

    private func serveValues(
        from slot: Slot, of learner: SlotLearner, to recipient: NodeID,
        into lanes: inout LogNode.Lanes
    ) {
        var slot = slot
        for _ in 0..<sizes.burst {
            let first = slot
            var values: [[UInt8]] = []
            var size = 0
            while slot <= learner.applied, values.count < sizes.entries,
                let value = learner.values[slot]
            {
                size += value.count + 4
                guard size <= sizes.page || values.isEmpty else { break }
                values.append(value)
                slot += 1
            }
            guard !values.isEmpty else { return }
            lanes.send(
                .chosen(ChosenValues(first: first, values: values, chosen: learner.applied)),
                to: recipient)
        }
    }
}
