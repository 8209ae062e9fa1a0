import ConsensusCore
import PaxosNode

/// A host of a simulated cluster with a log: a con node, the very type that condriver runs, or a client
/// with work to do.
struct LogHost: Automaton {
    typealias Message = LogMessage
    typealias Record = LogRecord
    typealias Input = LogWorker.Input

    enum Output {
        case node(LogOutput)
        case worker(LogWorker.Output)
    }

    /// Exactly one of the two is there.
    private let node: Boxed<LogNode>?
    private let worker: Boxed<LogWorker>?
    private var sabotage: LogSabotage?
    /// What a worker does beside its work, if it is a dishonest one.
    private var forger: LogForger?

    init(_ node: LogNode, bug: PlantedBug?) {
        self.node = Boxed(node)
        worker = nil
        sabotage = bug.map { LogSabotage($0, nodeCount: node.cluster.nodeCount) }
    }

    init(_ worker: LogWorker, forger: LogForger? = nil) {
        node = nil
        self.worker = Boxed(worker)
        self.forger = forger
    }

    var stamp: Stamp { node?.stamp ?? worker?.stamp ?? Stamp(epoch: 0, incarnation: 0) }
    var wakeTime: Instant {
        min(node?.wakeTime ?? worker?.wakeTime ?? .never, forger?.nextTime ?? .never)
    }
    var recoveryFault: String? { node?.recoveryFault ?? worker?.recoveryFault }
    var wantsCheckpoint: Bool { node?.wantsCheckpoint ?? worker?.wantsCheckpoint ?? false }

    mutating func checkpoint() -> [LogRecord] {
        let records = node?.checkpoint() ?? worker?.checkpoint() ?? []
        guard let sabotage else { return records }
        return records.filter { sabotage.keeps($0) }
    }

    mutating func recover(_ record: LogRecord) {
        if let sabotage, sabotage.forgets(record) {
            // Another that says nothing, so that it is not missed by its number.
            node?.recover(.foundingBallot(0))
            return
        }
        node?.recover(record)
        worker?.recover(record)
    }

    mutating func start(at now: Instant, into lanes: inout Lanes) {
        node?.step(&lanes, wrapping: Output.node) { node, lanes in
            sabotage?.started(&node)
            node.start(at: now, into: &lanes)
        }
        worker?.step(&lanes, wrapping: Output.worker) { worker, lanes in
            worker.start(at: now, into: &lanes)
        }
        forger?.start(at: now)
    }

    mutating func receive(
        _ message: LogMessage, from origin: Origin, at now: Instant, into lanes: inout Lanes
    ) {
        node?.step(&lanes, wrapping: Output.node) { node, lanes in
            if sabotage != nil {
                sabotage?.receive(message, from: origin, at: now, by: &node, into: &lanes)
            } else {
                node.receive(message, from: origin, at: now, into: &lanes)
            }
        }
        worker?.step(&lanes, wrapping: Output.worker) { worker, lanes in
            worker.receive(message, from: origin, at: now, into: &lanes)
        }
    }

    mutating func handle(_ input: Input, at now: Instant, into lanes: inout Lanes) {
        worker?.step(&lanes, wrapping: Output.worker) { worker, lanes in
            worker.handle(input, at: now, into: &lanes)
        }
        forger?.conclude()
    }

    mutating func wake(at now: Instant, into lanes: inout Lanes) {
        node?.step(&lanes, wrapping: Output.node) { node, lanes in
            node.wake(at: now, into: &lanes)
            sabotage?.afterwards(at: now, by: &node, into: &lanes)
        }
        worker?.step(&lanes, wrapping: Output.worker) { worker, lanes in
            worker.wake(at: now, into: &lanes)
        }
        if let forgery = forger?.forge(at: now) {
            lanes.send(.request(forgery.request), to: forgery.proposer)
        }
    }

    func checkInvariants() {
        // A planted bug breaks the very rules that are checked here; the oracle is to find it.
        if sabotage == nil { node?.checkInvariants() }
        worker?.checkInvariants()
    }
}
