import ConsensusCore
import PaxosNode
import Simulation

/// Basic Paxos as a model whose every state can be visited.
///
/// A few proposers, each with a value of its own and a bounded number of ballots; a few acceptors; a few
/// learners. Every step is taken by the very ``Proposer``, ``Acceptor`` and ``Learner`` that condriver
/// runs: the one that the step concerns is built from the packed state, receives, and is packed again.
///
/// - The network delivers whatever was sent, at any later time, any number of times, or never: loss,
///   duplication, delay and reordering in one.
/// - A proposer begins a ballot whenever it likes: after a nack, above the ballot that the nack names;
///   without one, as a proposer does that has crashed and come back with its disk, above its last.
/// - An acceptor that crashes and comes back with its disk is what it was, since it answers only once
///   its answer is durable. A host that has lost its disk has no place here.
///
/// So large a network would have too many states without the ``Reductions``, none of which takes a
/// violation away, adds one, or makes the way to it shorter or longer.
struct PaxosModel: TransitionSystem {
    typealias State = PaxosState

    /// Something that can happen; proposers, acceptors and learners by position, ballots by slot.
    enum Action: Hashable {
        /// A proposer begins its next ballot.
        case begin(proposer: UInt8)
        /// A client asks a proposer again for a value that it knows to be chosen.
        case repeatAccept(proposer: UInt8)
        case prepare(slot: UInt8, to: UInt8)
        case accept(slot: UInt8, to: UInt8)
        /// A promise that reports a slot code arrives at the slot's proposer.
        case promise(slot: UInt8, reports: UInt8, from: UInt8)
        case accepted(slot: UInt8, from: UInt8)
        /// A nack of one slot that names another as promised.
        case nack(slot: UInt8, promised: UInt8)
        case learn(slot: UInt8, from: UInt8, by: UInt8)
    }

    let proposerCount: Int
    let acceptorCount: Int
    let learnerCount: Int
    /// How many ballots each proposer may begin.
    let ballotsEach: Int
    let bug: PlantedBug?

    /// The proposers as they start, their clients' values adopted.
    let proposers: [Proposer]
    let majority: Majority
    /// The proposers' values; code 1 is the first's.
    let values: [Value]

    private(set) var reductions: Reductions

    /// Which states are taken for one another, or are not gone into.
    struct Reductions: OptionSet {
        let rawValue: UInt8

        /// Acceptors are alike: of the states that differ only in their order one stands for all.
        ///
        /// Every rule of the roles counts acceptors and compares none.
        static let symmetry = Reductions(rawValue: 1)

        /// A message that its receiver will never heed again is taken out of the network.
        ///
        /// That is a promise of a ballot that its proposer is through with, or of an acceptor that it has
        /// counted; and a nack that names a ballot not above the proposer's, or comes when the proposer
        /// may begin no further ballot: it would then fall silent, and all that comes after a silence
        /// comes also if nothing is delivered to the proposer any more.
        static let dropsUnheeded = Reductions(rawValue: 2)

        /// Once a learner has received, only learners receive, and of the rest only the votes are kept.
        ///
        /// Learners say nothing that the others hear, and what they hear is not lost. So in every run all
        /// that they receive may as well come last; it takes as many steps, and the same is learned.
        static let learnersLast = Reductions(rawValue: 4)

        static let all: Reductions = [.symmetry, .dropsUnheeded, .learnersLast]
    }

    /// Whether the order of the acceptors does not matter.
    ///
    /// The bug that counts a message twice takes the lowest acceptor that is not yet counted for the
    /// second, so there it does.
    var isSymmetric: Bool { reductions.contains(.symmetry) && bug != .countDatagrams }
    /// Whether promises of earlier ballots may still count: with a bug alone.
    var heedsEarlier: Bool { bug == .mixedBallots }
    /// Whether a promise of an acceptor that has been counted may still change something.
    ///
    /// With the roles as they are, an acceptor's answers to a ballot under way are all the same.
    var heedsCounted: Bool { bug != nil }

    /// The code of a value that nobody proposed.
    static let strangeValue = 7
    private static let incarnation: UInt64 = 1

    /// - Parameters:
    ///   - nodes: how many proposers, acceptors and learners.
    ///   - ballots: how many ballots each proposer may begin.
    /// - Returns: nil if that is more than a ``PaxosState`` can hold.
    init?(
        nodes: [Int], ballots: Int, bug: PlantedBug? = nil, reductions: Reductions = .all
    ) {
        guard nodes.count == 3, nodes.allSatisfy({ $0 >= 1 }), ballots >= 1,
            nodes[0] <= PaxosState.maximumProposers, nodes[1] <= PaxosState.maximumAcceptors,
            nodes[2] <= PaxosState.maximumLearners, ballots <= PaxosState.maximumBallotsEach,
            nodes[0] * ballots <= PaxosState.maximumBallots,
            reductions.contains(.learnersLast)
                || AcceptorWord.holds(slots: nodes[0] * ballots, learners: nodes[2])
        else { return nil }
        proposerCount = nodes[0]
        acceptorCount = nodes[1]
        learnerCount = nodes[2]
        ballotsEach = ballots
        self.bug = bug
        self.reductions = reductions
        let voters = NodeSet(nodes[0]..<nodes[0] + nodes[1])
        let majority = Majority(of: voters)
        let values = (0..<nodes[0]).map { PaxosOracle.value(ofClient: $0) }
        let nodeCount = nodes.reduce(0, +)
        self.majority = majority
        self.values = values
        proposers = values.indices.map { index in
            var proposer = Proposer(
                node: NodeID(index: index), nodeCount: nodeCount,
                incarnation: PaxosModel.incarnation, majority: majority)
            proposer.adopt(values[index])
            return proposer
        }
    }

    /// The same model with each acceptor in its place.
    var withoutSymmetry: PaxosModel {
        var result = self
        result.reductions.remove(.symmetry)
        return result
    }

    var nodeCount: Int { proposerCount &+ acceptorCount &+ learnerCount }
    var slotCount: Int { proposerCount &* ballotsEach }

    var initialStates: [PaxosState] { [PaxosState()] }

    // MARK: - Slots

    /// The proposer whose slot it is.
    func owner(_ slot: Int) -> Int { slot / ballotsEach }

    func ballot(_ slot: Int, in state: PaxosState) -> Ballot {
        let owner = owner(slot)
        let round = state.proposers[owner].round(slot &- owner &* ballotsEach)
        return Ballot(
            number: UInt64(owner &+ nodeCount &* round), incarnation: PaxosModel.incarnation)
    }

    /// The slot of a ballot.
    ///
    /// - Precondition: the ballot has begun.
    func slot(of ballot: Ballot, in state: PaxosState) -> Int {
        let (round, owner) = Int(ballot.number).quotientAndRemainder(dividingBy: nodeCount)
        precondition(owner < proposerCount && ballot.incarnation == PaxosModel.incarnation)
        for index in 0..<state.proposers[owner].begun
        where state.proposers[owner].round(index) == round {
            return owner &* ballotsEach &+ index
        }
        preconditionFailure("ballot \(ballot) has not begun")
    }

    func valueCode(_ slot: Int, in state: PaxosState) -> Int {
        let owner = owner(slot)
        return state.proposers[owner].value(slot &- owner &* ballotsEach)
    }

    /// The proposal of a slot code; nil for "none".
    func proposal(_ code: Int, in state: PaxosState) -> Proposal? {
        guard code > 0 else { return nil }
        let value = value(valueCode(code &- 1, in: state))
        return Proposal(ballot: ballot(code &- 1, in: state), value: value)
    }

    func value(_ code: Int) -> Value { values.indices.contains(code - 1) ? values[code - 1] : [] }

    /// The slot that a proposer is at, nil before its first ballot.
    func currentSlot(_ proposer: Int, in state: PaxosState) -> Int? {
        let begun = state.proposers[proposer].begun
        return begun == 0 ? nil : proposer &* ballotsEach &+ begun &- 1
    }

    func acceptor(_ index: Int) -> NodeID { NodeID(index: proposerCount &+ index) }

    // MARK: - Actions

    func appendActions(of state: PaxosState, to actions: inout [Action]) {
        if !state.isObserved {
            for proposer in 0..<proposerCount { appendActions(of: proposer, state, &actions) }
        }
        for index in 0..<acceptorCount where !repeatsWord(index, state) {
            if !state.isObserved { appendAnswers(of: index, state, &actions) }
            for slot in members(state.acceptors[index].votes) {
                for learner in 0..<learnerCount where state.learned(by: learner) == 0 {
                    actions.append(
                        .learn(slot: UInt8(slot), from: UInt8(index), by: UInt8(learner)))
                }
            }
        }
    }

    /// Whether all that can happen to an acceptor can happen to the one before it, and leads to the
    /// same but for their order.
    private func repeatsWord(_ index: Int, _ state: PaxosState) -> Bool {
        isSymmetric && index > 0 && state.acceptors[index] == state.acceptors[index - 1]
    }

    private func appendActions(
        of proposer: Int, _ state: PaxosState, _ actions: inout [Action]
    ) {
        let word = state.proposers[proposer]
        if word.begun < ballotsEach { actions.append(.begin(proposer: UInt8(proposer))) }
        if word.phase == .chosen { actions.append(.repeatAccept(proposer: UInt8(proposer))) }
        for index in 0..<word.begun {
            let slot = proposer &* ballotsEach &+ index
            for promised in members(word.nacks(index)) {
                actions.append(.nack(slot: UInt8(slot), promised: UInt8(promised)))
            }
            let hasValue = word.value(index) > 0
            for acceptor in 0..<acceptorCount where !repeatsWord(acceptor, state) {
                actions.append(.prepare(slot: UInt8(slot), to: UInt8(acceptor)))
                if hasValue { actions.append(.accept(slot: UInt8(slot), to: UInt8(acceptor))) }
            }
        }
    }

    /// The deliveries to proposers of what an acceptor has sent.
    private func appendAnswers(of index: Int, _ state: PaxosState, _ actions: inout [Action]) {
        let word = state.acceptors[index]
        for bit in members(word.promises(slots: slotCount)) {
            let (slot, code) = bit.quotientAndRemainder(dividingBy: slotCount &+ 1)
            guard state.proposers[owner(slot)].phase == .preparing else { continue }
            actions.append(
                .promise(slot: UInt8(slot), reports: UInt8(code), from: UInt8(index)))
        }
        for slot in members(word.votes) {
            guard state.proposers[owner(slot)].phase == .accepting,
                currentSlot(owner(slot), in: state) == slot
            else { continue }
            actions.append(.accepted(slot: UInt8(slot), from: UInt8(index)))
        }
    }

    func successor(of state: PaxosState, by action: Action) -> PaxosState? {
        var next = state
        switch action {
        case .begin(let proposer): begin(Int(proposer), &next)
        case .repeatAccept(let proposer): repeatAccept(Int(proposer), &next)
        case .prepare(let slot, let acceptor): prepare(Int(slot), Int(acceptor), &next)
        case .accept(let slot, let acceptor): accept(Int(slot), Int(acceptor), &next)
        case .promise(let slot, let code, let acceptor):
            promise(Int(slot), Int(code), Int(acceptor), &next)
        case .accepted(let slot, let acceptor): accepted(Int(slot), Int(acceptor), &next)
        case .nack(let slot, let promised): nack(Int(slot), Int(promised), &next)
        case .learn(let slot, let acceptor, let learner):
            learn(Int(slot), Int(acceptor), Int(learner), &next)
        }
        return next == state ? nil : next
    }

    func canonical(_ state: PaxosState) -> PaxosState {
        guard isSymmetric else { return state }
        var result = state
        for index in 1..<max(1, acceptorCount) {
            let word = result.acceptors[index]
            var place = index
            while place > 0 && result.acceptors[place - 1].bits > word.bits {
                result.acceptors[place] = result.acceptors[place - 1]
                place -= 1
            }
            result.acceptors[place] = word
        }
        return result
    }

    // MARK: - Encoding

    func encode(_ state: PaxosState, into writer: inout ByteWriter) {
        writer.write(UInt32(state.learned) | (state.isObserved ? 0x1_0000 : 0))
        for index in 0..<proposerCount { writer.write(state.proposers[index].bits) }
        for index in 0..<acceptorCount { writer.write(state.acceptors[index].bits) }
    }

    func decode(_ reader: inout ByteReader) throws(WireError) -> PaxosState {
        var state = PaxosState()
        let flags = try reader.readUInt32()
        state.learned = UInt16(truncatingIfNeeded: flags)
        state.isObserved = flags & 0x1_0000 != 0
        for index in 0..<proposerCount {
            state.proposers[index] = ProposerWord(bits: try reader.readUInt64())
        }
        for index in 0..<acceptorCount {
            state.acceptors[index] = AcceptorWord(bits: try reader.readUInt64())
        }
        return state
    }

    /// The members of a set of small numbers, ascending.
    func members(_ bits: UInt64) -> BitMembers { BitMembers(bits: bits) }
}

/// The positions of the bits that are set, ascending.
struct BitMembers: Sequence, IteratorProtocol {
    var bits: UInt64

    mutating func next() -> Int? {
        guard bits != 0 else { return nil }
        defer { bits &= bits &- 1 }
        return bits.trailingZeroBitCount
    }
}
