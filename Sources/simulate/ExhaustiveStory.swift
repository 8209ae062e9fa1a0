import ConsensusCore
import PaxosNode
import Simulation

/// A way through a ``PaxosModel``, told: one line a step.
struct ExhaustiveStory {
    private(set) var lines: [String] = []
    /// The number of steps after which a value was chosen.
    private(set) var stepsToChosen: Int?

    private let model: PaxosModel
    private var taken: Set<PaxosModel.Action> = []
    /// Which acceptor refused last, by the nack's delivery.
    private var refusals: [PaxosModel.Action: UInt8] = [:]

    /// Tells a way that a search has found.
    ///
    /// A search exchanges acceptors where that makes states equal. Here each of them keeps its place:
    /// of the steps that can be taken, one is taken that leads where the search went, but for the order
    /// of the acceptors.
    init(_ path: ExhaustiveSearch<PaxosModel>.Path, of model: PaxosModel) {
        self.model = model.withoutSymmetry
        var steps: [Step] = []
        var state = path.start
        for step in path.steps {
            let next = self.model.steps(from: state)
            guard let found = next.first(where: { model.canonical($0.state) == step.state })
            else { preconditionFailure("no step leads where the search went") }
            steps.append(found)
            state = found.state
        }
        sort(&steps, from: path.start)
        state = path.start
        for step in steps {
            tell(step.action, from: state, to: step.state)
            state = step.state
        }
    }

    typealias Step = (action: PaxosModel.Action, state: PaxosState)

    /// Moves what concerns a lower ballot ahead of what concerns a higher one, wherever the two steps
    /// lead to the same in either order, so that one ballot is told after the other.
    private func sort(_ steps: inout [Step], from start: PaxosState) {
        var hasMoved = true
        while hasMoved {
            hasMoved = false
            for index in steps.indices.dropFirst() {
                let (first, second) = (steps[index - 1], steps[index])
                let number = model.number(second.action, in: second.state)
                guard number < model.number(first.action, in: second.state) else { continue }
                let before = index == 1 ? start : steps[index - 2].state
                guard
                    let early = model.steps(from: before).first(where: {
                        $0.action == second.action
                    }),
                    let late = model.steps(from: early.state).first(where: {
                        $0.action == first.action
                    }),
                    late.state == second.state
                else { continue }
                steps[index - 1] = early
                steps[index] = late
                hasMoved = true
            }
        }
    }

    private mutating func tell(
        _ action: PaxosModel.Action, from state: PaxosState, to next: PaxosState
    ) {
        let again = taken.insert(action).inserted ? "" : " again"
        switch action {
        case .begin(let index): begin(Int(index), state, next)
        case .repeatAccept(let index):
            lines.append("proposer \(index) is asked again, and repeats its accept")
        case .prepare(let slot, let acceptor):
            let message = Message.prepare(Prepare(ballot: model.ballot(Int(slot), in: state)))
            answer(to: message, slot, acceptor, again, "promises", state, next)
        case .accept(let slot, let acceptor):
            guard let proposal = model.proposal(Int(slot) + 1, in: state) else { return }
            let message = Message.accept(Accept(proposal: proposal))
            answer(to: message, slot, acceptor, again, "accepts", state, next)
        case .promise(let slot, let code, let acceptor):
            let message = Message.promise(
                Promise(
                    ballot: model.ballot(Int(slot), in: state),
                    accepted: model.proposal(Int(code), in: state)))
            let index = model.owner(Int(slot))
            var effect = ""
            if next.proposers[index].phase == .accepting,
                let current = model.currentSlot(index, in: next)
            {
                let value = text(model.value(model.valueCode(current, in: next)))
                effect = ": it asks to accept \(value) at \(ballot(UInt8(current), next))"
            }
            receive(message, by: "proposer \(index)", from: acceptor, again, effect)
        case .accepted(let slot, let acceptor):
            let index = model.owner(Int(slot))
            let isChosen = next.proposers[index].phase == .chosen
            let effect = isChosen ? ": it is through" : ""
            vote(slot, by: "proposer \(index)", from: acceptor, again, effect, state)
        case .nack(let slot, let promised):
            let message = Message.nack(
                Nack(
                    ballot: model.ballot(Int(slot), in: state),
                    promised: model.ballot(Int(promised), in: state)))
            let name = "proposer \(model.owner(Int(slot)))"
            receive(message, by: name, from: refusals[action] ?? 0, again, ": it gives up")
        case .learn(let slot, let acceptor, let learner):
            let learned = next.learned(by: Int(learner))
            let effect = learned > 0 ? ": it learns \(text(model.value(learned)))" : ""
            let name = "learner \(model.learner(Int(learner)))"
            vote(slot, by: name, from: acceptor, again, effect, state)
        }
    }

    private mutating func begin(_ index: Int, _ state: PaxosState, _ next: PaxosState) {
        guard let slot = model.currentSlot(index, in: next) else { return }
        var line = "proposer \(index) "
        switch state.proposers[index].phase {
        case .idle: line += "begins "
        case .refused: line += "tries again: it begins "
        case .preparing, .accepting, .chosen: line += "crashes, comes back, and begins "
        }
        lines.append(line + ballot(UInt8(slot), next))
    }

    /// An acceptor receives a request and grants or refuses it.
    private mutating func answer(
        to message: Message, _ slot: UInt8, _ index: UInt8, _ again: String, _ grants: String,
        _ state: PaxosState, _ next: PaxosState
    ) {
        let acceptor = model.acceptor(Int(index))
        let proposer = model.owner(Int(slot))
        var line = "acceptor \(acceptor) receives \(message.story), "
        line += "from proposer \(proposer)\(again)"
        let code = state.acceptors[Int(index)].promised
        if code > 0, model.ballot(code - 1, in: state) > model.ballot(Int(slot), in: state) {
            line += ": it refuses, having promised \(ballot(UInt8(code - 1), state))"
            refusals[.nack(slot: slot, promised: UInt8(code - 1))] = index
        } else {
            line += ": it \(grants)"
        }
        let chosen = model.chosenSlots(in: next) & ~model.chosenSlots(in: state)
        for slot in model.members(chosen) {
            line += "; \(text(model.value(model.valueCode(slot, in: next)))) is chosen"
            stepsToChosen = stepsToChosen ?? lines.count + 1
        }
        lines.append(line)
    }

    private mutating func vote(
        _ slot: UInt8, by name: String, from acceptor: UInt8, _ again: String, _ effect: String,
        _ state: PaxosState
    ) {
        guard let proposal = model.proposal(Int(slot) + 1, in: state) else { return }
        let message = Message.accepted(Accepted(proposal: proposal))
        receive(message, by: name, from: acceptor, again, effect)
    }

    private mutating func receive(
        _ message: Message, by name: String, from acceptor: UInt8, _ again: String,
        _ effect: String
    ) {
        let sender = model.acceptor(Int(acceptor))
        lines.append("\(name) receives \(message.story), from acceptor \(sender)\(again)\(effect)")
    }

    private func ballot(_ slot: UInt8, _ state: PaxosState) -> String {
        "ballot \(model.ballot(Int(slot), in: state))"
    }
}

extension PaxosModel {
    /// All steps that can be taken and change something.
    fileprivate func steps(from state: PaxosState) -> [ExhaustiveStory.Step] {
        var actions: [Action] = []
        appendActions(of: state, to: &actions)
        return actions.compactMap { action in
            successor(of: state, by: action).map { (action, $0) }
        }
    }

    /// The number of the ballot that an action concerns, in a state after it.
    fileprivate func number(_ action: Action, in state: PaxosState) -> UInt64 {
        switch action {
        case .begin(let proposer), .repeatAccept(let proposer):
            currentSlot(Int(proposer), in: state).map { ballot($0, in: state).number } ?? 0
        case .prepare(let slot, _), .accept(let slot, _), .promise(let slot, _, _),
            .accepted(let slot, _), .nack(let slot, _), .learn(let slot, _, _):
            ballot(Int(slot), in: state).number
        }
    }
}
