public import ConsensusCore

/// Visits every reachable state of a model, breadth first, so that the first violation found has a
/// shortest story.
///
/// A state is remembered by its fingerprint; only the two newest levels are kept whole, encoded one
/// after another. A unique state costs 21 to 43 bytes of table and 6 of parent and action, and while
/// it is new its encoding, so tens of millions fit in a few gigabytes.
public struct ExhaustiveSearch<Model: TransitionSystem> {
    /// What is known after each level.
    @frozen
    public struct Progress: Sendable {
        public var depth: Int
        public var uniqueStates: Int
        public var transitions: Int
        /// How many states wait to be expanded.
        public var frontier: Int

        @inlinable
        init(depth: Int, uniqueStates: Int, transitions: Int, frontier: Int) {
            self.depth = depth
            self.uniqueStates = uniqueStates
            self.transitions = transitions
            self.frontier = frontier
        }
    }

    /// How a search ended.
    public enum Verdict: Hashable, Sendable {
        /// Every reachable state was visited, and none breaks a property.
        case holds
        case violated(Violation)
        /// More states than allowed; nothing is known of the rest.
        case tooManyStates
    }

    /// A way from an initial state, each action with the state it leads to.
    public struct Path {
        public var start: Model.State
        public var steps: [(action: Model.Action, state: Model.State)]
    }

    /// What a search found.
    public struct Report {
        public var verdict: Verdict
        public var uniqueStates: Int
        /// How many actions were applied, those that led to states already known included.
        public var transitions: Int
        /// The length of the longest shortest way to a state.
        public var depth: Int
        public var goalStates: Int
        /// A shortest way to a goal, if one was reached.
        public var goal: Path?
        /// A shortest way to the violation, if there is one.
        public var counterexample: Path?
    }

    public let model: Model
    /// The most unique states a search may visit.
    public let stateLimit: Int

    @usableFromInline var known = FingerprintSet()
    @usableFromInline var parents: [UInt32] = []
    @usableFromInline var ordinals: [UInt16] = []
    @usableFromInline var level: [UInt8] = []
    @usableFromInline var nextLevel: [UInt8] = []
    @usableFromInline var scratch = ByteWriter()
    @usableFromInline var transitions = 0
    @usableFromInline var goalStates = 0
    @usableFromInline var firstGoal: Int?
    @usableFromInline var violation: Violation?

    /// - Precondition: `stateLimit` is less than 2³².
    public init(_ model: Model, stateLimit: Int = 100_000_000) {
        precondition(stateLimit > 0 && stateLimit < UInt32.max)
        self.model = model
        self.stateLimit = stateLimit
    }

    /// Searches; `progress` is called after each level.
    @inlinable
    public mutating func run(progress: (Progress) -> Void = { _ in }) -> Report {
        self = ExhaustiveSearch(model, stateLimit: stateLimit)
        var isCut = false
        for (ordinal, state) in model.initialStates.enumerated() where violation == nil {
            visit(model.canonical(state), parent: .max, ordinal: ordinal)
        }
        var depth = 0
        var first = 0
        var actions: [Model.Action] = []
        while violation == nil && !nextLevel.isEmpty {
            swap(&level, &nextLevel)
            nextLevel.removeAll(keepingCapacity: true)
            let end = parents.count
            progress(
                Progress(
                    depth: depth, uniqueStates: end, transitions: transitions,
                    frontier: end - first))
            isCut = !expandLevel(first..<end, &actions)
            if isCut { break }
            first = end
            if parents.count > end { depth += 1 }
        }
        return report(depth: depth, isCut: isCut)
    }

    /// Expands all states of a level; returns false when the limit was reached.
    @inlinable
    mutating func expandLevel(_ states: Range<Int>, _ actions: inout [Model.Action]) -> Bool {
        var offset = 0
        for parent in states {
            let state: Model.State
            do {
                var reader = level.span.extracting(droppingFirst: offset)
                let length = Int(try reader.readUInt32())
                var body = reader.extracting(first: length)
                state = try model.decode(&body)
                offset += 4 + length
            } catch {
                preconditionFailure("the model cannot read a state it wrote: \(error)")
            }
            actions.removeAll(keepingCapacity: true)
            model.appendActions(of: state, to: &actions)
            for ordinal in actions.indices {
                guard let next = model.successor(of: state, by: actions[ordinal]) else {
                    continue
                }
                transitions += 1
                visit(model.canonical(next), parent: UInt32(parent), ordinal: ordinal)
                if violation != nil { return true }
                if parents.count >= stateLimit { return false }
            }
        }
        return true
    }

    /// Takes note of a state and judges it, if it is new.
    @inlinable
    mutating func visit(_ state: Model.State, parent: UInt32, ordinal: Int) {
        scratch.removeAll()
        model.encode(state, into: &scratch)
        guard known.insert(Fingerprint(of: scratch.bytes.span)) else { return }
        if model.isGoal(state) {
            goalStates += 1
            if firstGoal == nil { firstGoal = parents.count }
        }
        violation = model.violation(in: state)
        parents.append(parent)
        ordinals.append(UInt16(ordinal))
        let length = UInt32(scratch.bytes.count)
        for shift in 0..<4 {
            nextLevel.append(UInt8(truncatingIfNeeded: length &>> UInt32(8 * shift)))
        }
        nextLevel.append(contentsOf: scratch.bytes)
    }

    @usableFromInline
    func report(depth: Int, isCut: Bool) -> Report {
        let verdict: Verdict =
            if let violation { .violated(violation) } else { isCut ? .tooManyStates : .holds }
        return Report(
            verdict: verdict, uniqueStates: parents.count, transitions: transitions,
            depth: depth, goalStates: goalStates, goal: firstGoal.map { path(to: $0) },
            counterexample: violation == nil ? nil : path(to: parents.count - 1))
    }

    /// The way to a state, found by taking the same actions again.
    func path(to index: Int) -> Path {
        var route: [Int] = []
        var current = index
        while parents[current] != .max {
            route.append(Int(ordinals[current]))
            current = Int(parents[current])
        }
        var state = model.canonical(model.initialStates[Int(ordinals[current])])
        var result = Path(start: state, steps: [])
        for ordinal in route.reversed() {
            var actions: [Model.Action] = []
            model.appendActions(of: state, to: &actions)
            guard let next = model.successor(of: state, by: actions[ordinal]) else {
                preconditionFailure("the model does not repeat what it did")
            }
            state = model.canonical(next)
            result.steps.append((actions[ordinal], state))
        }
        return result
    }
}
