public import ConsensusCore

/// The search for an order of one object's operations that explains every answer.
///
/// Wing and Gong, *Testing and Verifying Concurrent Objects*, 1993: an operation may come next if no
/// other that is still to come was answered before it was invoked; try each, and go back from a dead
/// end. Lowe, *Testing for Linearizability*, 2017: never go on twice from the same operations ordered
/// and the same state. The operations still to come are a linked list of their invocations and answers,
/// from which one is taken out and put back in O(1).
///
/// What was never answered is kept apart: it may come next at any time after its invocation, or never,
/// and is tried last; of several with the same input, the first. Of two ways to the same answered
/// operations and the same state, the one that has used up a subset of the others' unanswered
/// operations can do whatever the other can, so that few of all subsets are ever visited.
///
/// Of answered operations with the same input and the same answer, any of which may come next, the
/// one that was answered first can stand for all: where another comes before it in some order, the
/// two can change places.
@usableFromInline
struct LinearizabilitySearch<Model: SequentialModel> {
    @usableFromInline typealias Operation = HistoryOperation<Model.Input, Model.Output>

    @usableFromInline
    enum Result {
        case found, none, outOfSteps
    }

    /// The operations ordered so far, as far as they matter, and what they have made of the object.
    @usableFromInline
    struct Configuration: Hashable {
        /// The first answered operation that is still to come, and the bits from its word on.
        @usableFromInline let ordered: [UInt64]
        @usableFromInline let state: Model.State

        @inlinable
        init(ordered: [UInt64], state: Model.State) {
            self.ordered = ordered
            self.state = state
        }
    }

    /// What operations must have in common to stand for each other.
    @usableFromInline
    struct Twin: Hashable {
        @usableFromInline let input: Model.Input
        @usableFromInline let output: Model.Output?

        @inlinable
        init(input: Model.Input, output: Model.Output?) {
            self.input = input
            self.output = output
        }
    }

    /// How to take back the last operation ordered.
    @usableFromInline
    struct Frame {
        /// An answered operation, or the complement of an unanswered one.
        @usableFromInline let operation: Int
        @usableFromInline let state: Model.State
        @usableFromInline let highest: Int

        @inlinable
        init(operation: Int, state: Model.State, highest: Int) {
            self.operation = operation
            self.state = state
            self.highest = highest
        }
    }

    @usableFromInline let model: Model
    /// By invocation; the answered ones, and the others.
    @usableFromInline let answered: [Operation]
    @usableFromInline let open: [Operation]
    /// By operation: the answered one of the same process that ended when it began, or -1.
    @usableFromInline let answeredAfter: [Int32]
    @usableFromInline let openAfter: [Int32]
    /// By unanswered operation: the one before it with the same input, or -1.
    @usableFromInline let openAlike: [Int32]
    /// By answered operation: the last that was answered before it with the same input and answer, or -1.
    @usableFromInline let answeredAlike: [Int32]
    /// The list, in a ring: operation i is invoked at entry i and answered at entry count + i.
    @usableFromInline var next: [Int32]
    @usableFromInline var previous: [Int32]
    /// Which answered operations have been ordered.
    @usableFromInline var ordered: [UInt64]
    /// The highest of these; -1 if there is none.
    @usableFromInline var highest = -1
    @usableFromInline var usedOpen: [UInt64]
    @usableFromInline var state: Model.State
    @usableFromInline var frames: [Frame] = []
    @usableFromInline var visited: [Configuration: [[UInt64]]] = [:]
    /// How many operations were tried.
    @usableFromInline var steps = 0

    @inlinable
    init(_ model: Model, _ operations: [Operation]) {
        self.model = model
        let order = operations.indices.sorted {
            (operations[$0].invoked, $0) < (operations[$1].invoked, $1)
        }
        answered = order.filter { operations[$0].answered != nil }.map { operations[$0] }
        open = order.filter { operations[$0].answered == nil }.map { operations[$0] }
        (answeredAfter, openAfter) = Self.predecessors(answered, open)
        openAlike = Self.alike(open, openAfter)
        answeredAlike = Self.alike(answered)
        (next, previous) = Self.ring(answered)
        ordered = Array(repeating: 0, count: (answered.count + 63) / 64)
        usedOpen = Array(repeating: 0, count: (open.count + 63) / 64)
        state = model.initialState
    }

    /// At equal times two processes' operations overlap; a process's own do not.
    @inlinable
    static func predecessors(
        _ answered: [Operation], _ open: [Operation]
    ) -> (answered: [Int32], open: [Int32]) {
        var last: [Int: Int] = [:]
        var result: [Int32] = []
        func predecessor(of operation: Operation) -> Int32 {
            guard let index = last[operation.process],
                answered[index].answered == operation.invoked
            else { return -1 }
            return Int32(index)
        }
        for index in answered.indices {
            result.append(predecessor(of: answered[index]))
            last[answered[index].process] = index
        }
        return (result, open.map(predecessor))
    }

    /// Of unanswered operations with the same input, the one that was invoked first can stand for any.
    @inlinable
    static func alike(_ open: [Operation], _ openAfter: [Int32]) -> [Int32] {
        var last: [Model.Input: Int32] = [:]
        return open.indices.map { index in
            guard openAfter[index] < 0 else { return -1 }
            return last.updateValue(Int32(index), forKey: open[index].input) ?? -1
        }
    }

    /// Those answered at the same time are not put before each other.
    @inlinable
    static func alike(_ answered: [Operation]) -> [Int32] {
        var result = [Int32](repeating: -1, count: answered.count)
        var last: [Twin: Int] = [:]
        let order = answered.indices.sorted {
            (answered[$0].answered ?? .never, $0) < (answered[$1].answered ?? .never, $1)
        }
        for index in order {
            let twin = Twin(input: answered[index].input, output: answered[index].output)
            guard let before = last.updateValue(index, forKey: twin) else { continue }
            result[index] =
                answered[before].answered == answered[index].answered
                ? result[before] : Int32(before)
        }
        return result
    }

    @inlinable
    static func ring(_ answered: [Operation]) -> (next: [Int32], previous: [Int32]) {
        let count = answered.count
        func time(_ entry: Int) -> Instant {
            entry < count ? answered[entry].invoked : answered[entry - count].answered ?? .never
        }
        // Invocations come first among entries of equal time, so that these operations overlap.
        let entries = (0..<2 * count).sorted { (time($0), $0) < (time($1), $1) }
        var next = [Int32](repeating: Int32(2 * count), count: 2 * count + 1)
        var previous = next
        var last = 2 * count
        for entry in entries {
            next[last] = Int32(entry)
            previous[entry] = Int32(last)
            last = entry
        }
        next[last] = Int32(2 * count)
        previous[2 * count] = Int32(last)
        return (next, previous)
    }

    /// Searches, trying at most so many operations.
    @inlinable
    mutating func run(stepLimit: Int) -> Result {
        var candidate: Int? = firstCandidate
        while frames.count - openCount < answered.count {
            while let operation = candidate {
                if steps >= stepLimit { return .outOfSteps }
                if tryNext(operation) { break }
                candidate = follower(of: operation)
            }
            if candidate != nil {
                candidate = firstCandidate
            } else {
                guard let frame = frames.popLast() else { return .none }
                takeBack(frame)
                candidate = follower(of: frame.operation)
            }
        }
        return .found
    }

    @usableFromInline var openCount: Int = 0

    @inlinable
    var firstCandidate: Int? {
        let entry = Int(next[2 * answered.count])
        return entry < answered.count ? entry : follower(ofOpen: -1)
    }

    /// The operation to be tried after another in the same place.
    @inlinable
    func follower(of operation: Int) -> Int? {
        guard operation >= 0 else { return follower(ofOpen: ~operation) }
        let entry = Int(next[operation])
        return entry < answered.count ? entry : follower(ofOpen: -1)
    }

    /// The next unanswered operation that was invoked before the first answer still to come.
    @inlinable
    func follower(ofOpen operation: Int) -> Int? {
        var index = operation + 1
        while index < open.count && (isUsed(index) || hasUnusedTwin(index)) { index += 1 }
        guard index < open.count else { return nil }
        var entry = Int(next[2 * answered.count])
        while entry < answered.count { entry = Int(next[entry]) }
        if entry < 2 * answered.count, let end = answered[entry - answered.count].answered,
            end < open[index].invoked
        {
            return nil
        }
        return ~index
    }

    @inlinable
    func isUsed(_ index: Int) -> Bool { usedOpen[index / 64] >> UInt64(index % 64) & 1 == 1 }

    @inlinable
    func hasUnusedTwin(_ index: Int) -> Bool {
        openAlike[index] >= 0 && !isUsed(Int(openAlike[index]))
    }

    /// Orders an operation next, unless it cannot be or leads where the search has been.
    @inlinable
    mutating func tryNext(_ operation: Int) -> Bool {
        let isOpen = operation < 0
        let index = isOpen ? ~operation : operation
        let after = Int(isOpen ? openAfter[index] : answeredAfter[index])
        if after >= 0 && !isOrdered(after) { return false }
        if !isOpen && hasEarlierTwin(index) { return false }
        steps += 1
        let before = isOpen ? open[index] : answered[index]
        guard let new = model.step(state, before.input, before.output) else { return false }
        // One that nobody awaits and that changes nothing need not be ordered.
        if isOpen && new == state { return false }
        let frame = Frame(operation: operation, state: state, highest: highest)
        state = new
        if isOpen {
            usedOpen[index / 64] |= 1 << UInt64(index % 64)
            openCount += 1
        } else {
            ordered[index / 64] |= 1 << UInt64(index % 64)
            highest = max(highest, index)
            unlink(index)
            unlink(answered.count + index)
        }
        if isNew() {
            frames.append(frame)
            return true
        }
        takeBack(frame)
        return false
    }

    /// Whether one that was answered earlier may come next as well, and makes no difference.
    @inlinable
    func hasEarlierTwin(_ index: Int) -> Bool {
        var twin = Int(answeredAlike[index])
        guard twin >= 0 else { return false }
        var entry = Int(next[2 * answered.count])
        while entry < answered.count { entry = Int(next[entry]) }
        guard entry < 2 * answered.count, let end = answered[entry - answered.count].answered
        else { return false }
        while twin >= 0 {
            let after = Int(answeredAfter[twin])
            if !isOrdered(twin), answered[twin].invoked <= end, after < 0 || isOrdered(after) {
                return true
            }
            twin = Int(answeredAlike[twin])
        }
        return false
    }

    @inlinable
    func isOrdered(_ index: Int) -> Bool { ordered[index / 64] >> UInt64(index % 64) & 1 == 1 }

    @inlinable
    mutating func takeBack(_ frame: Frame) {
        state = frame.state
        highest = frame.highest
        if frame.operation < 0 {
            let index = ~frame.operation
            usedOpen[index / 64] &= ~(1 << UInt64(index % 64))
            openCount -= 1
        } else {
            let index = frame.operation
            ordered[index / 64] &= ~(1 << UInt64(index % 64))
            link(answered.count + index)
            link(index)
        }
    }

    @inlinable
    mutating func unlink(_ entry: Int) {
        next[Int(previous[entry])] = next[entry]
        previous[Int(next[entry])] = previous[entry]
    }

    /// Undoes the latest ``unlink(_:)``.
    @inlinable
    mutating func link(_ entry: Int) {
        next[Int(previous[entry])] = Int32(entry)
        previous[Int(next[entry])] = Int32(entry)
    }

    /// Whether the search has not been here with fewer unanswered operations used up; remembers it.
    @inlinable
    mutating func isNew() -> Bool {
        let first = Int(next[2 * answered.count])
        var words = [UInt64(first)]
        if first < answered.count && highest > first {
            words.append(contentsOf: ordered[first / 64...highest / 64])
        }
        let configuration = Configuration(ordered: words, state: state)
        guard !open.isEmpty else {
            return visited.updateValue([], forKey: configuration) == nil
        }
        var ways = visited[configuration] ?? []
        for way in ways where Self.isSubset(way, of: usedOpen) { return false }
        ways.removeAll { Self.isSubset(usedOpen, of: $0) }
        ways.append(usedOpen)
        visited[configuration] = ways
        return true
    }

    @inlinable
    static func isSubset(_ small: [UInt64], of large: [UInt64]) -> Bool {
        for index in small.indices where small[index] & ~large[index] != 0 { return false }
        return true
    }
}
