package import ConsensusCore

/// How long is waited for what.
///
/// Safety depends on none of these.
package enum Timing {
    /// The first interval after which an unconfirmed message is sent again; intervals then double.
    static let resend = Interval.milliseconds(20)
    /// The longest interval between two sendings of one message.
    static let resendLimit = Interval.milliseconds(200)
    /// How long a hop may stay unconfirmed before the nodes beyond are probed.
    static let probePatience = Interval.milliseconds(150)
    /// How long it may stay unconfirmed after that before its target is passed over.
    static let hopPatience = Interval.milliseconds(850)
    /// How long a leader waits for its news to come round before it sends it again.
    static let lapPatience = Interval.milliseconds(600)
    /// How long a node waits for an election in which nothing happens, plus up to half as much again.
    static let electionPatience = Interval.milliseconds(2_500)
    /// How long a silent leader is followed, plus up to half as much again.
    static let leaderPatience = Interval.milliseconds(1_200)
    /// How long after its last sign of life a leader is held on to against a higher round.
    static let steadyPatience = Interval.milliseconds(600)
    /// How long a leader may leave a node without a role.
    static let uselessPatience = Interval.milliseconds(3_500)
    /// How long a leader may fail to learn what it is told before it is taken for deaf.
    static let deafnessPatience = Interval.seconds(3)
    /// The interval of the leader's signs of life.
    static let heartbeat = Interval.milliseconds(100)
    /// How long the clients wait for the last con nodes to confirm their roles.
    static let assignmentPatience = Interval.milliseconds(400)
    /// How long a client that still has no value relies on what its leader told it.
    static let assignmentRenewal = Interval.milliseconds(500)
    /// How long a request may go unanswered before the client turns to the next proposer.
    static let proposerPatience = Interval.milliseconds(400)
    /// How long a proposer that confirms requests may take to have a value chosen before the client
    /// turns to the next: it may be cut off from the acceptors.
    static let chosenPatience = Interval.milliseconds(1_600)
    /// How long a client that has its value waits for the leader to know.
    static let farewellPatience = Interval.seconds(1)
    /// How long the leader waits for a node that was alive to confirm the shutdown.
    static let shutdownPatience = Interval.seconds(1)
    /// How long the leader waits, from the end on, for nodes that never appeared.
    package static let latecomerPatience = Interval.seconds(6)
}
