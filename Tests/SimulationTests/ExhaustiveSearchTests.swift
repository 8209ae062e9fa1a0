import ConsensusCore
import Simulation
import Testing

/// Two jugs of 3 and 5 litres, a tap and a sink; the goal is to measure 4.
private struct Jugs: TransitionSystem {
    struct State: Hashable {
        var small: UInt8
        var large: UInt8
    }

    enum Action: CaseIterable {
        case fillSmall, fillLarge, emptySmall, emptyLarge, pourIntoLarge, pourIntoSmall
    }

    /// Litres in the large jug that count as a violation.
    var forbidden: UInt8?

    var initialStates: [State] { [State(small: 0, large: 0)] }

    func appendActions(of state: State, to actions: inout [Action]) {
        actions.append(contentsOf: Action.allCases)
    }

    func successor(of state: State, by action: Action) -> State? {
        switch action {
        case .fillSmall: return State(small: 3, large: state.large)
        case .fillLarge: return State(small: state.small, large: 5)
        case .emptySmall: return State(small: 0, large: state.large)
        case .emptyLarge: return State(small: state.small, large: 0)
        case .pourIntoLarge:
            let poured = min(state.small, 5 - state.large)
            return State(small: state.small - poured, large: state.large + poured)
        case .pourIntoSmall:
            let poured = min(state.large, 3 - state.small)
            return State(small: state.small + poured, large: state.large - poured)
        }
    }

    func violation(in state: State) -> Violation? {
        guard state.large == forbidden else { return nil }
        return Violation(property: "measure", explanation: "\(state.large) litres")
    }

    func isGoal(_ state: State) -> Bool { state.large == 4 }

    func encode(_ state: State, into writer: inout ByteWriter) {
        writer.write(state.small)
        writer.write(state.large)
    }

    func decode(_ reader: inout ByteReader) throws(WireError) -> State {
        State(small: try reader.readUInt8(), large: try reader.readUInt8())
    }
}

/// Processes that each count from 0 to `top`; alike, so their order does not matter.
private struct Counters: TransitionSystem {
    let count: Int
    let top: UInt8
    let isSymmetric: Bool

    var initialStates: [[UInt8]] { [Array(repeating: 0, count: count)] }

    func appendActions(of state: [UInt8], to actions: inout [Int]) {
        actions.append(contentsOf: state.indices.filter { state[$0] < top })
    }

    func successor(of state: [UInt8], by action: Int) -> [UInt8]? {
        var next = state
        next[action] += 1
        return next
    }

    func violation(in state: [UInt8]) -> Violation? { nil }

    func encode(_ state: [UInt8], into writer: inout ByteWriter) {
        for number in state { writer.write(number) }
    }

    func decode(_ reader: inout ByteReader) throws(WireError) -> [UInt8] {
        var state: [UInt8] = []
        for _ in 0..<count { state.append(try reader.readUInt8()) }
        return state
    }

    func canonical(_ state: [UInt8]) -> [UInt8] { isSymmetric ? state.sorted() : state }
}

/// Two processes that look whether the other is in before they say that they are.
///
/// The classic broken lock: 0 is outside, 1 has looked, 2 is inside.
private struct BrokenLock: TransitionSystem {
    var initialStates: [[UInt8]] { [[0, 0]] }

    func appendActions(of state: [UInt8], to actions: inout [Int]) {
        actions.append(contentsOf: [0, 1])
    }

    func successor(of state: [UInt8], by action: Int) -> [UInt8]? {
        var next = state
        switch state[action] {
        case 0:
            guard state[1 - action] != 2 else { return nil }
            next[action] = 1
        case 1: next[action] = 2
        default: next[action] = 0
        }
        return next
    }

    func violation(in state: [UInt8]) -> Violation? {
        guard state == [2, 2] else { return nil }
        return Violation(property: "mutual exclusion", explanation: "both are inside")
    }

    func encode(_ state: [UInt8], into writer: inout ByteWriter) {
        for number in state { writer.write(number) }
    }

    func decode(_ reader: inout ByteReader) throws(WireError) -> [UInt8] {
        [try reader.readUInt8(), try reader.readUInt8()]
    }
}

@Suite("Exhaustive search")
struct ExhaustiveSearchTests {
    @Test("the jugs have 16 states, and 4 litres take six steps")
    func jugs() throws {
        var search = ExhaustiveSearch(Jugs())
        let report = search.run()
        #expect(report.verdict == .holds)
        #expect(report.uniqueStates == 16)
        #expect(report.transitions == 96)
        #expect(report.goalStates == 2)
        let goal = try #require(report.goal)
        #expect(goal.steps.count == 6)
        #expect(goal.steps.last?.state.large == 4)
        #expect(
            goal.steps.map(\.action) == [
                .fillLarge, .pourIntoSmall, .emptySmall, .pourIntoSmall, .fillLarge,
                .pourIntoSmall,
            ])
    }

    @Test("a violation comes with a shortest way to it")
    func counterexample() throws {
        var search = ExhaustiveSearch(Jugs(forbidden: 2))
        let report = search.run()
        let expected = Violation(property: "measure", explanation: "2 litres")
        #expect(report.verdict == .violated(expected))
        #expect(report.counterexample?.steps.map(\.action) == [.fillLarge, .pourIntoSmall])
    }

    @Test("the broken lock lets both in after four steps")
    func lock() throws {
        var search = ExhaustiveSearch(BrokenLock())
        let report = search.run()
        let path = try #require(report.counterexample)
        #expect(path.steps.count == 4)
        #expect(path.steps.last?.state == [2, 2])
    }

    @Test("counters have every combination, and sorted ones when they are alike")
    func counters() {
        var plain = ExhaustiveSearch(Counters(count: 6, top: 5, isSymmetric: false))
        let all = plain.run()
        #expect(all.uniqueStates == 46_656)
        #expect(all.transitions == 6 * 5 * 7_776)
        #expect(all.depth == 30)

        var symmetric = ExhaustiveSearch(Counters(count: 6, top: 5, isSymmetric: true))
        #expect(symmetric.run().uniqueStates == 462)
    }

    @Test("a search that reaches its limit says that it does not know the rest")
    func limit() {
        var search = ExhaustiveSearch(
            Counters(count: 6, top: 5, isSymmetric: false), stateLimit: 1_000)
        let report = search.run()
        #expect(report.verdict == .tooManyStates)
        #expect(report.uniqueStates == 1_000)
    }

    @Test("fingerprints are the same in every build and differ for short inputs")
    func fingerprints() {
        var seen = Set<Fingerprint>()
        for length in 0..<20 {
            seen.insert(Fingerprint(of: [UInt8](repeating: 0, count: length).span))
        }
        for value in 1...255 as ClosedRange<UInt8> {
            for place in 0..<9 {
                var bytes = [UInt8](repeating: 0, count: 9)
                bytes[place] = value
                seen.insert(Fingerprint(of: bytes.span))
            }
        }
        #expect(seen.count == 20 + 255 * 9)
    }
}
