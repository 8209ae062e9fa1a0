public import PaxosNode
public import UDPRuntime

extension Cluster {
    /// The shape of the cluster of basic Paxos that a hosts file describes.
    ///
    /// - Throws: ``ExitError`` of status 65 if it describes another kind, or what this version does not
    ///   have.
    public init(_ hosts: HostsFile) throws(ExitError) {
        let counts = try hosts.separateRoles()
        self.init(
            proposers: counts.proposers, acceptors: counts.acceptors, learners: counts.learners,
            clients: hosts.clientCount)
    }
}

extension LogCluster {
    /// The shape of the cluster that a hosts file with a log service describes.
    ///
    /// - Throws: ``ExitError`` of status 65 if it describes another kind, or what this version does not
    ///   have.
    public init(_ hosts: HostsFile) throws(ExitError) {
        func refusal(_ found: String, instead: String) -> ExitError {
            ExitError(
                status: ExitStatus.hostsFile,
                "\(hosts.path): this version does not have \(found) yet. Write \(instead).")
        }
        guard hosts.engine == .paxos else {
            throw refusal(
                "ENGINE \(hosts.engine.rawValue)", instead: "ENGINE paxos, or no ENGINE line")
        }
        switch hosts.service {
        case .list, .kv: break
        case .chat: throw refusal("SERVICE chat", instead: "SERVICE list or kv")
        case .variable:
            throw ExitError(
                status: ExitStatus.hostsFile,
                "\(hosts.path): SERVICE variable has no log. Write SERVICE list or kv.")
        }
        switch hosts.roles {
        case .separate(let proposers, let acceptors, let learners):
            self.init(proposers: proposers, acceptors: acceptors, learners: learners)
        case .replicas(let count): self.init(replicas: count)
        }
    }
}
