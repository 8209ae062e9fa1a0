import ConsensusCore
import PaxosNode
import Simulation

/// A named mistake that real systems made, put into the protocol from outside to see that it is found.
///
/// The protocol's own code knows nothing of them. A planted bug is an explicit value of this type, which
/// only this program has; it works on the roles' state around each event, through setters that are
/// visible within the package. So a reader of the acceptor meets the acceptor alone, condriver has no
/// code to enable, and what is searched for bugs is, without one, exactly what condriver runs.
enum PlantedBug: String, CaseIterable {
    case countDatagrams = "count-datagrams"
    case forgetAccepted = "forget-accepted"
    case promiseAtOldBallot = "promise-at-old-ballot"
    case acceptDoesNotPromise = "accept-does-not-promise"
    case valueOfHighestPromise = "value-of-highest-promise"
    case mixedBallots = "mixed-ballots"
    case ballotReuse = "ballot-reuse"
    case answerBeforeDurable = "answer-before-durable"
    case amnesia = "amnesia"
    case tornTail = "torn-tail"
    case doubleApply = "double-apply"
    case staleRead = "stale-read"
    case guessableSession = "guessable-session"
    case leftover = "leftover"
    case oldDisk = "old-disk"
    case firstPageOnly = "first-page-only"
    case queryQuorum = "query-quorum"
    case supersededLeader = "superseded-leader"
    case checkpointDropsLearned = "checkpoint-drops-learned"
    case checkpointDropsBallot = "checkpoint-drops-ballot"
    case answeredTooHigh = "answered-too-high"

    /// What goes wrong, in a line.
    var explanation: String {
        switch self {
        case .countDatagrams: "a quorum counts messages, not acceptors"
        case .forgetAccepted: "an acceptor does not record what it accepted"
        case .promiseAtOldBallot: "a promise is stored at the accepted ballot, not the prepared one"
        case .acceptDoesNotPromise: "accepting a higher ballot does not raise the promise"
        case .valueOfHighestPromise:
            "the value of the latest promise is adopted, not of the highest accepted ballot"
        case .mixedBallots: "promises, or acceptances, of different ballots are added up"
        case .ballotReuse: "after a restart the proposer starts from its first ballot again"
        case .answerBeforeDurable: "the promise or vote leaves before it is on disk"
        case .amnesia: "an acceptor that lost its disk votes again as if it never had"
        case .tornTail: "recovery trusts a half-written last record"
        case .doubleApply: "a client's retry is applied twice"
        case .staleRead: "a deposed leader answers a query"
        case .leftover: "a node of an earlier cluster mixes with its successor"
        case .oldDisk: "a directory put back from an older copy votes as if it were whole"
        case .guessableSession: "a client's session can be spoken for by another"
        case .firstPageOnly: "phase 1 ends after the first page of a report"
        case .queryQuorum: "a query is answered when one acceptor too few has confirmed who leads"
        case .supersededLeader:
            "a leader goes on that has learned that a higher ballot has chosen something else"
        case .checkpointDropsLearned: "a checkpoint leaves out values learned and not yet applied"
        case .checkpointDropsBallot: "a checkpoint leaves out the last ballot's number"
        case .answeredTooHigh:
            "a session takes all commands before the last for answered, whatever its client says"
        }
    }

    /// The bugs that lie in the three roles, and so exist in the exhaustive model too.
    static let ofRoles: [PlantedBug] = [
        .countDatagrams, .forgetAccepted, .promiseAtOldBallot, .acceptDoesNotPromise,
        .valueOfHighestPromise, .mixedBallots,
    ]

    /// What the bug changes about the host, rather than the protocol.
    var hostFlaws: HostFlaws {
        switch self {
        case .answerBeforeDurable: .answersBeforeDurable
        case .tornTail: .trustsTornTail
        default: []
        }
    }

    /// Whether a record is lost on its way back from the disk.
    func forgets(_ record: NodeRecord) -> Bool {
        if case .ballot = record { return self == .ballotReuse }
        return false
    }
}

/// The roles' state that a planted bug works on.
struct RoleStates {
    var proposer: Proposer?
    var acceptor: Acceptor?
    var learner: Learner?
}

extension PlantedBug {
    /// Works on state or message before the roles take it.
    func before(_ message: inout Message, from sender: NodeID, _ roles: inout RoleStates) {
        switch self {
        case .countDatagrams: countDatagram(message, from: sender, &roles)
        case .valueOfHighestPromise: forgetHighest(message, &roles)
        case .mixedBallots: mixBallots(&message, from: sender, &roles)
        default: return
        }
    }

    /// Works on state after the roles took a message.
    ///
    /// - Parameter earlier: the acceptor as it was before.
    func after(_ message: Message, earlier: Acceptor?, _ roles: inout RoleStates) {
        guard let earlier, roles.acceptor != nil else { return }
        switch (self, message) {
        case (.forgetAccepted, .accept):
            roles.acceptor?.accepted = earlier.accepted
        case (.promiseAtOldBallot, .prepare):
            roles.acceptor?.promised = earlier.accepted?.ballot
        case (.acceptDoesNotPromise, .accept):
            roles.acceptor?.promised = earlier.promised
        default: return
        }
    }

    /// A vote that has been counted already is counted as somebody else's.
    private func countDatagram(
        _ message: Message, from sender: NodeID, _ roles: inout RoleStates
    ) {
        switch message {
        case .promise(let promise):
            guard let proposer = roles.proposer,
                case .preparing(let ballot, var promises, let highest) = proposer.phase,
                ballot == promise.ballot, promises.contains(sender)
            else { return }
            promises.insertAnother(of: proposer.majority.voters)
            roles.proposer?.phase = .preparing(
                ballot: ballot, promises: promises, highest: highest)
        case .accepted(let accepted):
            if let proposer = roles.proposer,
                case .accepting(let proposal, var votes) = proposer.phase,
                proposal.ballot == accepted.proposal.ballot, votes.contains(sender)
            {
                votes.insertAnother(of: proposer.majority.voters)
                roles.proposer?.phase = .accepting(proposal, votes: votes)
            }
            guard let learner = roles.learner else { return }
            for index in learner.tallies.indices
            where learner.tallies[index].proposal == accepted.proposal
                && learner.tallies[index].votes.contains(sender)
            {
                var votes = learner.tallies[index].votes
                votes.insertAnother(of: learner.majority.voters)
                roles.learner?.tallies[index].votes = votes
            }
        default: return
        }
    }

    /// Whatever was reported before gives way to what the latest promise reports.
    private func forgetHighest(_ message: Message, _ roles: inout RoleStates) {
        guard case .promise(let promise) = message, promise.accepted != nil,
            case .preparing(let ballot, let promises, _)? = roles.proposer?.phase,
            promise.ballot == ballot
        else { return }
        roles.proposer?.phase = .preparing(ballot: ballot, promises: promises, highest: nil)
    }

    /// A promise counts for the present ballot, and votes at other ballots for this one.
    private func mixBallots(
        _ message: inout Message, from sender: NodeID, _ roles: inout RoleStates
    ) {
        switch message {
        case .promise(var promise):
            guard case .preparing(let ballot, _, _)? = roles.proposer?.phase else { return }
            promise.ballot = ballot
            message = .promise(promise)
        case .accepted(let accepted):
            guard let learner = roles.learner, learner.chosen == nil else { return }
            let votes = learner.tallies.reduce(NodeSet()) { $0.union($1.votes) }
            guard !votes.isEmpty else { return }
            for index in learner.tallies.indices
            where learner.tallies[index].proposal == accepted.proposal {
                roles.learner?.tallies[index].votes = votes
                return
            }
            roles.learner?.tallies.append(
                Learner.Tally(proposal: accepted.proposal, votes: votes))
            roles.learner?.tallies.sort { $0.proposal.ballot < $1.proposal.ballot }
        default: return
        }
    }
}

extension NodeSet {
    /// Adds the first voter that is not a member yet, if there is one.
    fileprivate mutating func insertAnother(of voters: NodeSet) {
        if let another = voters.subtracting(self).first { insert(another) }
    }
}
