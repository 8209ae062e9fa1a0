import ConsensusCore
import PaxosNode
import Simulation

/// The steps: a role is unpacked, receives, and is packed again.
extension PaxosModel {
    // MARK: - Proposers

    func begin(_ index: Int, _ state: inout PaxosState) {
        var proposer = proposer(index, in: state)
        guard let prepare = proposer.prepare() else {
            preconditionFailure("64 bits hold no further ballot")
        }
        let round = Int(prepare.ballot.number) / nodeCount
        let begun = state.proposers[index].begun
        state.proposers[index].setRound(begun, to: round)
        state.proposers[index].begun = begun &+ 1
        store(proposer, index, &state)
    }

    func repeatAccept(_ index: Int, _ state: inout PaxosState) {
        var proposer = proposer(index, in: state)
        guard proposer.repeatAccept() != nil else { return }
        store(proposer, index, &state)
    }

    func promise(_ slot: Int, _ code: Int, _ acceptor: Int, _ state: inout PaxosState) {
        let index = owner(slot)
        let promise = Promise(
            ballot: ballot(slot, in: state), accepted: proposal(code, in: state))
        var roles = RoleStates(proposer: proposer(index, in: state))
        var message = Message.promise(promise)
        bug?.before(&message, from: self.acceptor(acceptor), &roles)
        guard case .promise(let promise) = message, var proposer = roles.proposer else { return }
        // Phase 2's request goes with the phase: the slot has a value from now on.
        _ = proposer.receive(promise, from: self.acceptor(acceptor))
        store(proposer, index, &state)
    }

    func accepted(_ slot: Int, _ acceptor: Int, _ state: inout PaxosState) {
        let index = owner(slot)
        guard let proposal = proposal(slot &+ 1, in: state) else { return }
        var roles = RoleStates(proposer: proposer(index, in: state))
        var message = Message.accepted(Accepted(proposal: proposal))
        bug?.before(&message, from: self.acceptor(acceptor), &roles)
        guard case .accepted(let accepted) = message, var proposer = roles.proposer else { return }
        _ = proposer.receive(accepted, from: self.acceptor(acceptor))
        store(proposer, index, &state)
    }

    func nack(_ slot: Int, _ promised: Int, _ state: inout PaxosState) {
        let index = owner(slot)
        var proposer = proposer(index, in: state)
        let nack = Nack(
            ballot: ballot(slot, in: state), promised: ballot(promised, in: state))
        guard proposer.receive(nack, from: acceptor(0)) else { return }
        store(proposer, index, &state)
    }

    private func proposer(_ index: Int, in state: PaxosState) -> Proposer {
        var proposer = proposers[index]
        guard let slot = currentSlot(index, in: state) else { return proposer }
        let word = state.proposers[index]
        let ballot = ballot(slot, in: state)
        proposer.ballots.last = ballot.number
        switch word.phase {
        case .idle: break
        case .preparing:
            proposer.phase = .preparing(
                ballot: ballot, promises: counted(by: index, state),
                highest: proposal(word.reference, in: state))
        case .accepting, .chosen:
            guard let proposal = proposal(slot &+ 1, in: state) else { break }
            proposer.phase =
                word.phase == .chosen
                ? .chosen(proposal) : .accepting(proposal, votes: counted(by: index, state))
        case .refused:
            proposer.phase = .refused(floor: self.ballot(word.reference &- 1, in: state))
        }
        return proposer
    }

    private func store(_ proposer: Proposer, _ index: Int, _ state: inout PaxosState) {
        let slot = currentSlot(index, in: state)
        var word = state.proposers[index]
        var counted = NodeSet()
        word.reference = 0
        switch proposer.phase {
        case .idle: word.phase = .idle
        case .preparing(let ballot, let promises, let highest):
            precondition(self.slot(of: ballot, in: state) == slot)
            word.phase = .preparing
            word.reference = highest.map { self.slot(of: $0.ballot, in: state) &+ 1 } ?? 0
            counted = promises
        case .accepting(let proposal, let votes):
            precondition(self.slot(of: proposal.ballot, in: state) == slot)
            word.phase = .accepting
            word.setValue(word.begun &- 1, to: code(of: proposal.value))
            counted = votes
        case .refused(let floor):
            word.phase = .refused
            word.reference = self.slot(of: floor, in: state) &+ 1
        case .chosen: word.phase = .chosen
        }
        state.proposers[index] = word
        for position in 0..<acceptorCount {
            let isCounted = counted.contains(acceptor(position))
            state.acceptors[position].setCounted(by: index, to: isCounted)
        }
        dropUnheeded(by: index, &state)
    }

    private func counted(by proposer: Int, _ state: PaxosState) -> NodeSet {
        var result = NodeSet()
        for index in 0..<acceptorCount where state.acceptors[index].isCounted(by: proposer) {
            result.insert(acceptor(index))
        }
        return result
    }

    private func code(of value: Value) -> Int {
        values.firstIndex(of: value).map { $0 + 1 } ?? PaxosModel.strangeValue
    }

    // MARK: - What a proposer will never heed again

    /// Takes out of the network what can change nothing any more at this proposer.
    private func dropUnheeded(by proposer: Int, _ state: inout PaxosState) {
        for index in 0..<acceptorCount {
            let unheeded = unheededPromises(proposer, of: index, state)
            state.acceptors[index].removePromises(unheeded)
        }
        for index in 0..<state.proposers[proposer].begun {
            var nacks = state.proposers[proposer].nacks(index)
            for promised in members(nacks) where !heedsNack(proposer, promised, state) {
                nacks &= ~(1 &<< UInt64(promised))
            }
            state.proposers[proposer].setNacks(index, to: nacks)
        }
    }

    private func unheededPromises(
        _ proposer: Int, of acceptor: Int, _ state: PaxosState
    ) -> UInt64 {
        guard reductions.contains(.dropsUnheeded) else { return 0 }
        let width = UInt64(slotCount &+ 1)
        let word = state.proposers[proposer]
        let isPreparing = word.phase == .preparing
        let isCounted = state.acceptors[acceptor].isCounted(by: proposer)
        var result: UInt64 = 0
        for index in 0..<word.begun {
            let isHeeded =
                heedsEarlier
                ? isPreparing || word.begun < ballotsEach
                : isPreparing && index == word.begun &- 1 && (heedsCounted || !isCounted)
            if isHeeded { continue }
            let all: UInt64 = (1 &<< width) &- 1
            result |= all &<< (UInt64(proposer &* ballotsEach &+ index) &* width)
        }
        return result
    }

    /// Whether a nack that names a slot may still set or raise a proposer's floor.
    private func heedsNack(_ proposer: Int, _ promised: Int, _ state: PaxosState) -> Bool {
        guard reductions.contains(.dropsUnheeded) else { return true }
        let word = state.proposers[proposer]
        guard word.begun < ballotsEach, let slot = currentSlot(proposer, in: state) else {
            return false
        }
        let promised = ballot(promised, in: state)
        if word.phase == .refused, promised <= ballot(word.reference &- 1, in: state) {
            return false
        }
        return promised > ballot(slot, in: state)
    }

    // MARK: - Acceptors

    func prepare(_ slot: Int, _ index: Int, _ state: inout PaxosState) {
        let prepare = Prepare(ballot: ballot(slot, in: state))
        var acceptor = acceptor(index, in: state)
        let earlier = acceptor
        switch acceptor.receive(prepare) {
        case .promise(let promise):
            plantBug(.prepare(prepare), earlier, &acceptor)
            store(acceptor, index, &state)
            let code = promise.accepted.map { self.slot(of: $0.ballot, in: state) &+ 1 } ?? 0
            state.acceptors[index].insertPromises(
                AcceptorWord.promise(slot, reporting: code, slots: slotCount))
            let unheeded = unheededPromises(owner(slot), of: index, state)
            state.acceptors[index].removePromises(unheeded)
        case .nack(let nack): store(nack, &state)
        }
    }

    func accept(_ slot: Int, _ index: Int, _ state: inout PaxosState) {
        guard let proposal = proposal(slot &+ 1, in: state) else { return }
        let accept = Accept(proposal: proposal)
        var acceptor = acceptor(index, in: state)
        let earlier = acceptor
        switch acceptor.receive(accept) {
        case .accepted:
            plantBug(.accept(accept), earlier, &acceptor)
            store(acceptor, index, &state)
            state.acceptors[index].votes |= 1 &<< UInt64(slot)
        case .nack(let nack): store(nack, &state)
        }
    }

    private func acceptor(_ index: Int, in state: PaxosState) -> Acceptor {
        var acceptor = Acceptor()
        let word = state.acceptors[index]
        if word.promised > 0 { acceptor.promised = ballot(word.promised &- 1, in: state) }
        acceptor.accepted = proposal(word.accepted, in: state)
        return acceptor
    }

    private func plantBug(_ message: Message, _ earlier: Acceptor, _ acceptor: inout Acceptor) {
        guard let bug else { return acceptor.checkInvariants() }
        var roles = RoleStates(acceptor: acceptor)
        bug.after(message, earlier: earlier, &roles)
        acceptor = roles.acceptor ?? acceptor
    }

    private func store(_ acceptor: Acceptor, _ index: Int, _ state: inout PaxosState) {
        state.acceptors[index].promised =
            acceptor.promised.map { slot(of: $0, in: state) &+ 1 } ?? 0
        state.acceptors[index].accepted =
            acceptor.accepted.map { slot(of: $0.ballot, in: state) &+ 1 } ?? 0
    }

    private func store(_ nack: Nack, _ state: inout PaxosState) {
        let slot = slot(of: nack.ballot, in: state)
        let promised = self.slot(of: nack.promised, in: state)
        let proposer = owner(slot)
        guard heedsNack(proposer, promised, state) else { return }
        let index = slot &- proposer &* ballotsEach
        let nacks = state.proposers[proposer].nacks(index) | 1 &<< UInt64(promised)
        state.proposers[proposer].setNacks(index, to: nacks)
    }

    // MARK: - Learners

    func learn(_ slot: Int, _ acceptor: Int, _ index: Int, _ state: inout PaxosState) {
        guard let proposal = proposal(slot &+ 1, in: state) else { return }
        var roles = RoleStates(learner: learner(index, in: state))
        var message = Message.accepted(Accepted(proposal: proposal))
        bug?.before(&message, from: self.acceptor(acceptor), &roles)
        guard case .accepted(let accepted) = message, var learner = roles.learner else { return }
        _ = learner.receive(accepted, from: self.acceptor(acceptor))
        if reductions.contains(.learnersLast) && !state.isObserved { state = observed(state) }
        store(learner, index, &state)
    }

    /// What is left of a state when only learners still receive: the votes and what they are for.
    private func observed(_ state: PaxosState) -> PaxosState {
        var result = PaxosState()
        result.isObserved = true
        for index in 0..<acceptorCount {
            result.acceptors[index].votes = state.acceptors[index].votes
        }
        let voted = votes(in: state)
        for proposer in 0..<proposerCount {
            let word = state.proposers[proposer]
            for index in 0..<word.begun
            where voted &>> UInt64(proposer &* ballotsEach &+ index) & 1 == 1 {
                result.proposers[proposer].begun = index &+ 1
                result.proposers[proposer].setRound(index, to: word.round(index))
                result.proposers[proposer].setValue(index, to: word.value(index))
            }
        }
        return result
    }

    /// The slots at which any acceptor has accepted.
    func votes(in state: PaxosState) -> UInt64 {
        var result: UInt64 = 0
        for index in 0..<acceptorCount { result |= state.acceptors[index].votes }
        return result
    }

    private func learner(_ index: Int, in state: PaxosState) -> Learner {
        var learner = Learner(majority: majority)
        let learned = state.learned(by: index)
        if learned > 0 { learner.chosen = value(learned) }
        if reductions.contains(.learnersLast) && !state.isObserved { return learner }
        for slot in members(votes(in: state)) {
            var votes = NodeSet()
            for position in 0..<acceptorCount
            where state.acceptors[position].tallies(of: index) &>> UInt64(slot) & 1 == 1 {
                votes.insert(acceptor(position))
            }
            guard !votes.isEmpty, let proposal = proposal(slot &+ 1, in: state) else { continue }
            learner.tallies.append(Learner.Tally(proposal: proposal, votes: votes))
        }
        learner.tallies.sort { $0.proposal.ballot < $1.proposal.ballot }
        return learner
    }

    private func store(_ learner: Learner, _ index: Int, _ state: inout PaxosState) {
        if let value = learner.chosen { state.setLearned(code(of: value), by: index) }
        for position in 0..<acceptorCount {
            var slots: UInt64 = 0
            for tally in learner.tallies where tally.votes.contains(acceptor(position)) {
                slots |= 1 &<< UInt64(slot(of: tally.proposal.ballot, in: state))
            }
            state.acceptors[position].setTallies(of: index, to: slots)
        }
    }
}
