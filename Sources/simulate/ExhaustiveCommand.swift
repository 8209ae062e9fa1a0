import ConsensusCore
import PaxosNode
import Simulation

/// `simulate --exhaustive`: every interleaving of a small cluster.
enum ExhaustiveCommand {
    /// The most unique states a search visits, so that it stays below some 12 GB.
    static let stateLimit = 200_000_000

    /// Searches, and says what was found.
    ///
    /// - Parameters:
    ///   - nodes: how many proposers, acceptors and learners.
    ///   - ballots: how many ballots each proposer may begin.
    ///   - progress: takes a line every few seconds.
    /// - Returns: 0 if all properties hold in every state, 1 if one is broken or no value can be
    ///   chosen, 2 if it could not be said.
    static func run(
        nodes: [Int], ballots: Int, bug: PlantedBug?, stateLimit: Int = stateLimit,
        print: (String) -> Void, progress: (String) -> Void = { _ in }
    ) -> Int32 {
        if let bug, !PlantedBug.ofRoles.contains(bug) {
            let names = PlantedBug.ofRoles.map(\.rawValue).joined(separator: ", ")
            print(
                "\(bug.rawValue) lies outside the three roles that are searched; within: \(names).")
            return 2
        }
        guard let model = PaxosModel(nodes: nodes, ballots: ballots, bug: bug) else {
            print(limits)
            return 2
        }
        print(heading(of: model))
        let clock = ContinuousClock()
        let begin = clock.now
        var lastLine = begin
        var search = ExhaustiveSearch(model, stateLimit: stateLimit)
        let report = search.run { level in
            guard lastLine.duration(to: clock.now) >= .seconds(2) else { return }
            lastLine = clock.now
            progress(
                "\(grouped(level.uniqueStates)) unique states after \(level.depth) steps, "
                    + "\(grouped(level.frontier)) to go into; "
                    + speed(level.uniqueStates, begin.duration(to: lastLine)))
        }
        let time = begin.duration(to: clock.now)
        print(
            "\(grouped(report.uniqueStates)) unique states, \(grouped(report.transitions)) "
                + "transitions, \(report.depth) steps deep; "
                + speed(report.uniqueStates, time))
        return conclude(report, of: model, print)
    }

    private static let limits = """
        An exhaustive search takes up to \(PaxosState.maximumProposers) proposers, \
        \(PaxosState.maximumAcceptors) acceptors and \(PaxosState.maximumLearners) learners, at least \
        one of each, up to \(PaxosState.maximumBallotsEach) ballots a proposer and \
        \(PaxosState.maximumBallots) in all.
        """

    private static func heading(of model: PaxosModel) -> String {
        func count(_ number: Int, _ noun: String) -> String {
            "\(number) \(noun)\(number == 1 ? "" : "s")"
        }
        return "Every interleaving of \(count(model.proposerCount, "proposer")) with "
            + "\(count(model.ballotsEach, "ballot"))\(model.proposerCount == 1 ? "" : " each"), "
            + "\(count(model.acceptorCount, "acceptor")) and "
            + "\(count(model.learnerCount, "learner")), messages lost, repeated and reordered"
            + (model.bug.map { ", with the planted bug \($0.rawValue): \($0.explanation)" } ?? "")
            + "."
    }

    private static func conclude(
        _ report: ExhaustiveSearch<PaxosModel>.Report, of model: PaxosModel,
        _ print: (String) -> Void
    ) -> Int32 {
        switch report.verdict {
        case .violated(let violation):
            print("VIOLATION of \(violation.property): \(violation.explanation).")
            guard let path = report.counterexample else { return 1 }
            print("A shortest way there has \(path.steps.count) steps:")
            for (number, line) in ExhaustiveStory(path, of: model).lines.enumerated() {
                print(padded(number + 1, to: 4) + ". \(line)")
            }
            return 1
        case .tooManyStates:
            print("That is the limit: nothing is broken so far, and nothing is known of the rest.")
            return 2
        case .holds:
            print("agreement: held in every state")
            print("validity: held in every state")
            if model.bug == nil { print("what is learned was chosen: held in every state") }
            guard let goal = report.goal,
                let steps = ExhaustiveStory(goal, of: model).stepsToChosen
            else {
                print("a value can be chosen: no")
                return 1
            }
            print(
                "a value can be chosen: yes, after \(steps) steps, and learned after "
                    + "\(goal.steps.count)")
            return 0
        }
    }

    private static func speed(_ states: Int, _ time: Duration) -> String {
        let milliseconds = max(
            1,
            Int(time.components.seconds) * 1_000
                + Int(time.components.attoseconds / 1_000_000_000_000_000))
        let tenths = milliseconds / 100
        return "\(tenths / 10).\(tenths % 10) s, \(grouped(states * 1_000 / milliseconds)) states/s"
    }
}
