/// A state of ``PaxosModel``, packed into a few words.
///
/// The ballots that proposers may begin are numbered as *slots*: slot p × K + k is the k-th ballot of
/// proposer p, from 0. A slot's *code* is one more, so that 0 says "none". A slot fixes its ballot
/// number (by the round in its proposer's word) and, once it is asked to be accepted, its value.
///
/// A state is either of the run, or of its observation by the learners: see ``PaxosModel``.
struct PaxosState {
    static let maximumProposers = 4
    static let maximumAcceptors = 7
    static let maximumLearners = 3
    /// The most slots.
    static let maximumBallots = 6
    /// The most slots of one proposer.
    static let maximumBallotsEach = 4

    /// In order of their IDs, and unused ones after them.
    var proposers = [4 of ProposerWord](repeating: ProposerWord())
    var acceptors = [7 of AcceptorWord](repeating: AcceptorWord())
    /// What the learners have learned, three bits each: a value's code.
    var learned: UInt16 = 0
    /// Whether the run is over and only the learners still receive.
    var isObserved = false

    /// The code of the value that a learner has learned; 0 for none.
    func learned(by learner: Int) -> Int { Int(learned &>> UInt16(3 &* learner) & 7) }

    mutating func setLearned(_ value: Int, by learner: Int) {
        learned |= UInt16(value) &<< UInt16(3 &* learner)
    }
}

extension PaxosState: Equatable {
    static func == (left: PaxosState, right: PaxosState) -> Bool {
        guard left.learned == right.learned, left.isObserved == right.isObserved else {
            return false
        }
        for index in left.acceptors.indices where left.acceptors[index] != right.acceptors[index] {
            return false
        }
        for index in left.proposers.indices where left.proposers[index] != right.proposers[index] {
            return false
        }
        return true
    }
}

/// A proposer and what it has sent, and the nacks that may still reach it.
///
/// Its prepare is in the network as soon as a ballot has begun, its accept as soon as the slot has a
/// value; both stay there.
struct ProposerWord: Equatable {
    enum Phase: UInt64 {
        case idle, preparing, accepting, refused, chosen
    }

    private(set) var bits: UInt64 = 0

    init() {}

    init(bits: UInt64) { self.bits = bits }

    /// How many ballots it has begun.
    var begun: Int {
        get { Int(bits.field(at: 0)) }
        set { bits.setField(at: 0, to: UInt64(newValue)) }
    }

    var phase: Phase {
        get { Phase(rawValue: bits.field(at: 3)) ?? .idle }
        set { bits.setField(at: 3, to: newValue.rawValue) }
    }

    /// The slot code of the highest reported proposal while it prepares, of the floor when refused.
    var reference: Int {
        get { Int(bits.field(at: 6)) }
        set { bits.setField(at: 6, to: UInt64(newValue)) }
    }

    /// The round of its `index`-th ballot, whose number is the proposer's ID and so many host counts.
    func round(_ index: Int) -> Int { Int(bits.field(at: 9 &+ 3 &* index)) }

    mutating func setRound(_ index: Int, to round: Int) {
        bits.setField(at: 9 &+ 3 &* index, to: UInt64(round))
    }

    /// The code of the value that its `index`-th ballot proposes; 0 before it does.
    func value(_ index: Int) -> Int { Int(bits.field(at: 21 &+ 3 &* index)) }

    mutating func setValue(_ index: Int, to value: Int) {
        bits.setField(at: 21 &+ 3 &* index, to: UInt64(value))
    }

    private static let nackOffset = 33

    /// The slots that nacks of its `index`-th ballot name as promised.
    func nacks(_ index: Int) -> UInt64 {
        bits &>> UInt64(ProposerWord.nackOffset &+ 6 &* index) & 0x3f
    }

    mutating func setNacks(_ index: Int, to slots: UInt64) {
        let offset = UInt64(ProposerWord.nackOffset &+ 6 &* index)
        bits = bits & ~(0x3f &<< offset) | slots &<< offset
    }
}

/// An acceptor, what it has sent, and in whose counts it is.
///
/// All that the state says of an acceptor is in its word. So acceptors are exchanged by exchanging
/// words, and the states that differ only in the acceptors' order have one sorted form.
struct AcceptorWord: Equatable {
    private(set) var bits: UInt64 = 0

    init() {}

    init(bits: UInt64) { self.bits = bits }

    /// Whether promises and tallies have room side by side.
    static func holds(slots: Int, learners: Int) -> Bool {
        offsetOfPromises + slots * (slots + 1) <= 64 - 6 * learners
    }

    /// The slot code of the ballot it has promised.
    var promised: Int {
        get { Int(bits.field(at: 0)) }
        set { bits.setField(at: 0, to: UInt64(newValue)) }
    }

    /// The slot code of the proposal it has accepted.
    var accepted: Int {
        get { Int(bits.field(at: 3)) }
        set { bits.setField(at: 3, to: UInt64(newValue)) }
    }

    /// Whether a proposer counts its answer in the present phase.
    func isCounted(by proposer: Int) -> Bool { bits &>> UInt64(6 &+ proposer) & 1 == 1 }

    mutating func setCounted(by proposer: Int, to isCounted: Bool) {
        let offset = UInt64(6 &+ proposer)
        bits = bits & ~(1 &<< offset) | (isCounted ? 1 : 0) &<< offset
    }

    /// The slots it has ever accepted at: the accepted messages in the network, and its votes.
    var votes: UInt64 {
        get { bits &>> 10 & 0x3f }
        set { bits = bits & ~(0x3f &<< 10) | newValue &<< 10 }
    }

    private static let offsetOfPromises = 16

    /// The promise to a slot that reports a slot code, as a bit of ``promises(slots:)``.
    static func promise(_ slot: Int, reporting code: Int, slots: Int) -> UInt64 {
        1 &<< UInt64(slot &* (slots &+ 1) &+ code)
    }

    /// Its promises in the network, of a model with so many slots.
    func promises(slots: Int) -> UInt64 {
        bits &>> UInt64(AcceptorWord.offsetOfPromises) & AcceptorWord.allPromises(slots: slots)
    }

    mutating func insertPromises(_ promises: UInt64) {
        bits |= promises &<< UInt64(AcceptorWord.offsetOfPromises)
    }

    mutating func removePromises(_ promises: UInt64) {
        bits &= ~(promises &<< UInt64(AcceptorWord.offsetOfPromises))
    }

    private static func allPromises(slots: Int) -> UInt64 {
        (1 &<< UInt64(slots &* (slots &+ 1))) &- 1
    }

    /// The slots at which a learner counts its vote.
    func tallies(of learner: Int) -> UInt64 {
        bits &>> UInt64(58 &- 6 &* learner) & 0x3f
    }

    mutating func setTallies(of learner: Int, to slots: UInt64) {
        let offset = UInt64(58 &- 6 &* learner)
        bits = bits & ~(0x3f &<< offset) | slots &<< offset
    }
}

extension UInt64 {
    /// Three bits.
    fileprivate func field(at offset: Int) -> UInt64 { self &>> UInt64(offset) & 7 }

    fileprivate mutating func setField(at offset: Int, to value: UInt64) {
        precondition(value < 8)
        self = self & ~(7 &<< UInt64(offset)) | value &<< UInt64(offset)
    }
}
