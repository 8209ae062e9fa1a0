internal import ConsensusCore
internal import PaxosNode
public import StateMachines
internal import Synchronization
public import UDPRuntime

/// One node of a replicated service, inside a program.
///
/// It runs in a thread of its own, over UDP, from its making until ``stop()``. Commands come from
/// ``Client``s, in this program or others; the service's state machine is applied on this thread, the
/// same commands in the same order at every node.
public final class Replica: Sendable {
    private let thread: LoopThread<LogNode>

    /// Starts a node.
    ///
    /// - Parameters:
    ///   - id: the node's line in the hosts file, counted from 0.
    ///   - hosts: the same for all nodes and clients.
    ///   - storage: the directory of what must not be forgotten, which no other node may use; nil to keep
    ///     to memory, and then a node that is restarted has lost its vote.
    ///   - service: the state machine, before any command.
    ///   - report: told of what happens to the node, on its thread; it must not wait for anything.
    /// - Throws: ``ExitError`` of status 64 if there is no such node, 65 if the hosts file has no
    ///   replicated service, 71 if the system refuses the port or a thread, 74 if the storage cannot be
    ///   used.
    public init(
        _ id: Int, of hosts: HostsFile, storage: String?, service: some StateMachine,
        report: @escaping @Sendable (ReplicaEvent) -> Void = { _ in }
    ) throws(ExitError) {
        let node = try hosts.host("\(id)", kind: .con)
        var settings = LoopSettings(
            cluster: hosts.cluster, node: node, addresses: try hosts.addresses())
        settings.guestLimit = LoopSettings.maximumGuests
        var options = LogOptions()
        options.service = Array(hosts.service.rawValue.utf8)
        let automaton = LogNode(
            cluster: try LogCluster(hosts), node: node, state: Sessions(service),
            seed: Entropy.seed(), options: options)
        thread = try LoopThread(
            automaton, settings: settings, socket: try UDPSocket(for: settings, of: hosts),
            storage: storage,
            report: { output throws(ExitError) in
                if let event = ReplicaEvent(output) { report(event) }
                if case .contradicted(let slot) = output {
                    throw .contradicted(node, at: slot)
                }
            },
            ended: {})
    }

    deinit {
        thread.stop()
    }

    /// Ends the node, as if its host were switched off: what it has promised stays in its storage.
    public func stop() {
        thread.stop()
    }

    /// Waits until the node has ended.
    ///
    /// - Throws: ``ExitError`` of status 74 if it ended because its storage failed or contradicts what is
    ///   chosen, 71 if the system failed.
    public func ended() async throws(ExitError) {
        _ = try await thread.ended()
    }
}

/// What happens to a ``Replica``.
public enum ReplicaEvent: Hashable, Sendable {
    /// It leads from now on.
    case leads
    /// It has lost what it had promised, and its votes are refused for good.
    case refused
    /// A node belongs to another beginning of the cluster, of this name, and takes no part: one of the two
    /// has a directory that the other's cluster does not know.
    case stranger(node: Int, birth: String)
    /// A node has another history; one of the two is wrong.
    case contradiction(node: Int)
    /// A majority has another history: this node ends.
    case contradicted
    /// It was far behind, and goes on from another node's snapshot.
    case restored

    init?(_ output: LogOutput) {
        switch output {
        case .leads: self = .leads
        case .refused: self = .refused
        case .stranger(let node, let birth, _):
            self = .stranger(node: node.index, birth: Birth.name(of: birth))
        case .contradiction(let node, _): self = .contradiction(node: node.index)
        case .contradicted: self = .contradicted
        case .restored: self = .restored
        case .applied: return nil
        }
    }
}
