import PaxosNode
import Simulation
import Testing

@testable import simulate

/// A small cluster to be searched whole, and what the search must find.
private struct Configuration: CustomTestStringConvertible {
    let nodes: [Int]
    let ballots: Int
    var bug: PlantedBug?

    var testDescription: String {
        nodes.map(String.init).joined(separator: "/") + ", \(ballots) ballots"
            + (bug.map { ", \($0.rawValue)" } ?? "")
    }

    func search(
        _ reductions: PaxosModel.Reductions = .all
    ) throws -> ExhaustiveSearch<PaxosModel>.Report {
        let model = try #require(
            PaxosModel(nodes: nodes, ballots: ballots, bug: bug, reductions: reductions))
        var search = ExhaustiveSearch(model)
        return search.run()
    }

}

@Suite("Exhaustive search of basic Paxos")
struct ExhaustiveTests {
    @Test(
        "small clusters hold, and have exactly so many states",
        arguments: [
            (Configuration(nodes: [1, 1, 1], ballots: 1), states: 7, depth: 5),
            (Configuration(nodes: [2, 1, 1], ballots: 1), states: 39, depth: 10),
            (Configuration(nodes: [1, 3, 1], ballots: 1), states: 28, depth: 10),
            (Configuration(nodes: [2, 2, 1], ballots: 1), states: 209, depth: 18),
            (Configuration(nodes: [2, 3, 1], ballots: 1), states: 912, depth: 20),
        ])
    fileprivate func holds(_ configuration: Configuration, states: Int, depth: Int) throws {
        let report = try configuration.search()
        #expect(report.verdict == .holds)
        #expect(report.uniqueStates == states)
        #expect(report.depth == depth)
        #expect(report.goalStates > 0)
    }

    @Test(
        "a planted bug is found, after a shortest run of so many steps",
        arguments: [
            (Configuration(nodes: [2, 3, 1], ballots: 1, bug: .countDatagrams), 12),
            (Configuration(nodes: [2, 3, 1], ballots: 1, bug: .forgetAccepted), 14),
            (Configuration(nodes: [2, 3, 1], ballots: 1, bug: .promiseAtOldBallot), 14),
            (Configuration(nodes: [3, 3, 1], ballots: 1, bug: .acceptDoesNotPromise), 20),
            (Configuration(nodes: [3, 3, 1], ballots: 1, bug: .valueOfHighestPromise), 20),
            (Configuration(nodes: [2, 3, 1], ballots: 1, bug: .mixedBallots), 15),
            (Configuration(nodes: [2, 2, 1], ballots: 2, bug: .mixedBallots), 15),
        ])
    fileprivate func findsBug(_ configuration: Configuration, length: Int) throws {
        let report = try configuration.search()
        guard case .violated(let violation) = report.verdict else {
            Issue.record("found nothing")
            return
        }
        #expect(violation.property == "agreement")
        #expect(report.counterexample?.steps.count == length)
    }

    @Test(
        "the reductions leave out states, but no violation, and shorten no way to one",
        arguments: [
            Configuration(nodes: [2, 1, 1], ballots: 1),
            Configuration(nodes: [1, 3, 1], ballots: 1),
            Configuration(nodes: [1, 2, 1], ballots: 2),
            Configuration(nodes: [2, 2, 1], ballots: 1, bug: .countDatagrams),
            Configuration(nodes: [2, 2, 1], ballots: 1, bug: .forgetAccepted),
            Configuration(nodes: [2, 2, 1], ballots: 1, bug: .promiseAtOldBallot),
            Configuration(nodes: [2, 1, 1], ballots: 1, bug: .acceptDoesNotPromise),
            Configuration(nodes: [2, 1, 1], ballots: 1, bug: .valueOfHighestPromise),
            Configuration(nodes: [2, 1, 2], ballots: 1, bug: .mixedBallots),
        ])
    fileprivate func reductions(_ configuration: Configuration) throws {
        let full = try configuration.search([])
        let each: [PaxosModel.Reductions] = [.all, .symmetry, .dropsUnheeded, .learnersLast]
        for reductions in each {
            let reduced = try configuration.search(reductions)
            // Which of several shortest violations comes first may differ, so not its text.
            #expect((reduced.verdict == .holds) == (full.verdict == .holds))
            #expect(reduced.counterexample?.steps.count == full.counterexample?.steps.count)
            #expect(reduced.goal?.steps.count == full.goal?.steps.count)
            #expect(reduced.uniqueStates <= full.uniqueStates)
        }
    }

    @Test("more than fits a packed state is refused, not searched in part")
    func limits() {
        for nodes in [[5, 3, 1], [2, 8, 1], [2, 3, 4], [0, 3, 1], [2, 0, 1], [2, 3], []] {
            #expect(PaxosModel(nodes: nodes, ballots: 1) == nil)
        }
        #expect(PaxosModel(nodes: [2, 3, 1], ballots: 0) == nil)
        #expect(PaxosModel(nodes: [2, 3, 1], ballots: 4) == nil)
        #expect(PaxosModel(nodes: [1, 3, 1], ballots: 5) == nil)
        #expect(PaxosModel(nodes: [2, 3, 1], ballots: 3) != nil)
    }
}

@Suite("What exhaustive search judges")
struct ExhaustivePropertyTests {
    private let model = PaxosModel(nodes: [2, 3, 1], ballots: 1)!

    /// Proposer 0 and 1 have sent accepts at ballots 0 and 1.
    private func state(firstValue: Int, secondValue: Int) -> PaxosState {
        var state = PaxosState()
        for (index, value) in [firstValue, secondValue].enumerated() {
            state.proposers[index].begun = 1
            state.proposers[index].phase = .accepting
            state.proposers[index].setValue(0, to: value)
        }
        return state
    }

    @Test("two values with a majority each break agreement, one value at two ballots does not")
    func agreement() {
        for value in 1...2 {
            var state = state(firstValue: 1, secondValue: value)
            state.acceptors[0].votes = 0b11
            state.acceptors[1].votes = 0b01
            #expect(model.violation(in: state) == nil)
            state.acceptors[2].votes = 0b10
            #expect(model.violation(in: state)?.property == (value == 1 ? nil : "agreement"))
        }
    }

    @Test("a value of no proposer, and one of a proposer that has not begun, break validity")
    func validity() {
        let strange = state(firstValue: 1, secondValue: PaxosModel.strangeValue)
        #expect(model.violation(in: strange)?.property == "validity")
        var early = PaxosState()
        early.proposers[0].begun = 1
        early.proposers[0].setValue(0, to: 2)
        #expect(model.violation(in: early)?.property == "validity")
    }

    @Test("what is learned was chosen; with a planted bug, it must differ from what was")
    func learned() throws {
        var state = state(firstValue: 1, secondValue: 2)
        state.acceptors[0].votes = 0b01
        state.setLearned(1, by: 0)
        #expect(model.violation(in: state)?.property == "quorum")
        let buggy = try #require(
            PaxosModel(nodes: [2, 3, 1], ballots: 1, bug: .countDatagrams))
        #expect(buggy.violation(in: state) == nil)
        state.acceptors[1].votes = 0b10
        state.acceptors[2].votes = 0b10
        #expect(buggy.violation(in: state)?.property == "agreement")
    }
}

@Suite("simulate --exhaustive")
struct ExhaustiveCommandTests {
    private func run(
        _ nodes: [Int], ballots: Int, bug: PlantedBug? = nil, stateLimit: Int = 1_000_000
    ) -> (status: Int32, lines: [String]) {
        var lines: [String] = []
        let status = ExhaustiveCommand.run(
            nodes: nodes, ballots: ballots, bug: bug, stateLimit: stateLimit,
            print: { lines.append($0) })
        return (status, lines)
    }

    @Test("a search that holds says what it went through and what held")
    func holds() {
        let (status, lines) = run([2, 2, 1], ballots: 1)
        #expect(status == 0)
        #expect(lines.count == 6)
        #expect(
            lines.first == "Every interleaving of 2 proposers with 1 ballot each, 2 acceptors and "
                + "1 learner, messages lost, repeated and reordered.")
        #expect(lines[1].hasPrefix("209 unique states, 644 transitions, 18 steps deep; "))
        #expect(lines[1].hasSuffix(" states/s"))
        #expect(
            lines[2...] == [
                "agreement: held in every state",
                "validity: held in every state",
                "what is learned was chosen: held in every state",
                "a value can be chosen: yes, after 7 steps, and learned after 9",
            ])
    }

    @Test("a violation is told, a step a line, one ballot after the other")
    func story() {
        let (status, lines) = run([2, 1, 1], ballots: 1, bug: .forgetAccepted)
        #expect(status == 1)
        let expected = #"""
            VIOLATION of agreement: a majority of the acceptors has accepted "v0" at ballot 0, \#
            and a majority of the acceptors has accepted "v1" at ballot 1.
            A shortest way there has 8 steps:
               1. proposer 0 begins ballot 0
               2. acceptor 2 receives prepare, ballot 0, from proposer 0: it promises
               3. proposer 0 receives promise, ballot 0, nothing accepted, from acceptor 2: \#
            it asks to accept "v0" at ballot 0
               4. acceptor 2 receives accept "v0", ballot 0, from proposer 0: it accepts; \#
            "v0" is chosen
               5. proposer 1 begins ballot 1
               6. acceptor 2 receives prepare, ballot 1, from proposer 1: it promises
               7. proposer 1 receives promise, ballot 1, nothing accepted, from acceptor 2: \#
            it asks to accept "v1" at ballot 1
               8. acceptor 2 receives accept "v1", ballot 1, from proposer 1: it accepts; \#
            "v1" is chosen
            """#
        #expect(lines.dropFirst(2).joined(separator: "\n") == expected)
    }

    @Test("a message delivered twice is told as such")
    func repetition() {
        let (status, lines) = run([2, 2, 1], ballots: 1, bug: .countDatagrams)
        #expect(status == 1)
        #expect(lines.contains { $0.contains(" again") })
    }

    @Test("the limit of states, a cluster too large, a bug elsewhere: it could not be said")
    func unknown() {
        #expect(run([2, 3, 1], ballots: 1, stateLimit: 100).status == 2)
        #expect(run([2, 3, 1], ballots: 9).status == 2)
        #expect(run([2, 3, 1], ballots: 1, bug: .amnesia).status == 2)
    }
}
