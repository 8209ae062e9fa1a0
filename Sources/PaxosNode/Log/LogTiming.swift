import ConsensusCore

/// How long the nodes of a log and their clients wait for what.
///
/// Safety depends on none of these.
enum LogTiming {
    /// How long founders of later positions leave the others time, and the intervals between attempts.
    static let founding = Interval.milliseconds(20)
    static let foundingLimit = Interval.milliseconds(400)
    /// How long a founder waits for acceptors that it has not met.
    static let foundingPatience = Interval.milliseconds(250)
    /// The least and the longest interval between two questions to all.
    static let question = Interval.milliseconds(50)
    static let questionLimit = Interval.seconds(2)
    /// After what silence a node that is asked in vain does not stand in the way of what others say.
    static let absence = Interval.seconds(5)
    /// How long a node must say the same, whenever it is asked, to be believed alone.
    static let insistence = Interval.seconds(5)
    /// The interval of the leader's signs of life.
    static let heartbeat = Interval.milliseconds(60)
    /// How long a leader, and whoever is about to be one after a long phase 1, must have been silent for an
    /// acceptor to be willing to have another.
    static let steadiness = Interval.milliseconds(240)
    /// How long a proposer waits for a silent leader, drawn anew each time.
    static let patience = Interval.milliseconds(260)...Interval.milliseconds(450)
    /// How long clients ask a proposer in vain before it insists on leading, and after what pause it
    /// takes them to be served elsewhere.
    static let vain = Interval.seconds(2)
    static let vainPause = Interval.milliseconds(1_500)
    /// How long it waits after an attempt that came to nothing.
    static let retry = Interval.milliseconds(80)...Interval.milliseconds(220)
    /// How long phase 1 may take to go on by a page before it is given up.
    static let preparation = Interval.seconds(2)
    /// How long a leader goes on without hearing a majority of the acceptors.
    static let abdication = Interval.milliseconds(600)
    /// How long a leader goes on without learning more of what was chosen before it led.
    static let ignorance = Interval.milliseconds(1_500)
    /// The first and the longest interval between two sendings of one request to the acceptors.
    static let resend = Interval.milliseconds(40)
    static let resendLimit = Interval.milliseconds(320)
    /// How long a learner waits for what is missing to arrive by itself, and then for an answer.
    static let fetch = Interval.milliseconds(25)
    static let fetchLimit = Interval.milliseconds(250)
    /// How long a learner that hears a majority of the acceptors learns nothing before it asks for another
    /// leader, the first time and at most.
    static let complaint = Interval.seconds(4)
    static let complaintLimit = Interval.seconds(32)
    /// How long a learner hears no leader before it asks others what is chosen.
    static let solitude = Interval.seconds(1)
    /// The first and the longest interval between two sendings of one client request.
    static let request = Interval.milliseconds(60)
    static let requestLimit = Interval.milliseconds(250)
    /// How long a leader waits for the answer to a command before it proposes it once more.
    static let answer = Interval.milliseconds(500)
    /// After how long at least a leader may forget who asked for a command that is not answered.
    static let abandonment = Interval.seconds(10)
    /// How long a proposer may be silent before a client turns to the next.
    static let proposer = Interval.milliseconds(130)
    /// How long before its end a call begins to ask who is still there.
    static let rollCall = Interval.milliseconds(1_500)
    /// How long a node that has said what its state is does not do so again.
    static let digest = Interval.milliseconds(50)
    /// How long `status` waits for silent nodes.
    static let status = Interval.milliseconds(1_000)
}
