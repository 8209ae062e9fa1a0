public import ConsensusCore

/// The description of a cluster that all its hosts share: what agrees, on what, and who takes part.
///
/// A host's line, counted from 0 among the host lines, is its node ID. Con nodes, 1 to 64 of them, come
/// before the clients.
public struct HostsFile: Hashable, Sendable {
    /// The most host lines there may be, nodes and clients together.
    public static let maximumHosts = 65_536

    /// What agrees on an order.
    public enum Engine: String, CaseIterable, Hashable, Sendable {
        case paxos
        case raft
        case totalOrder = "total-order"
    }

    /// What is agreed on.
    public enum Service: String, CaseIterable, Hashable, Sendable {
        /// The single value of basic Paxos.
        case variable
        case list
        case kv
        case chat
    }

    /// Who plays which role.
    public enum Roles: Hashable, Sendable {
        /// Every con node has one role, and so many have each; they add up to the con lines.
        case separate(proposers: Int, acceptors: Int, learners: Int)
        /// Every con node plays every role.
        case replicas(Int)
    }

    /// Whether a host is a node of the cluster or a client.
    public enum Kind: String, CaseIterable, Hashable, Sendable {
        case con
        case cli
    }

    /// One host line.
    public struct Host: Hashable, Sendable {
        /// A name or an address, as written.
        public let name: String
        public let port: UInt16
        public let kind: Kind
        /// The number of its line in the file, from 1.
        public let line: Int
    }

    /// The most bytes a hosts file may have: room for some hundred thousand clients.
    public static let sizeLimit = 4 << 20

    /// The file's name, for sentences.
    public let path: String
    public let engine: Engine
    public let service: Service
    public let roles: Roles
    /// The hosts, by node ID.
    public let hosts: [Host]
    /// How many of the hosts, the first ones, are con nodes.
    public let conCount: Int

    /// Reads and checks a file.
    ///
    /// - Throws: ``ExitError`` of status 65, a sentence that begins with the file's name and, unless
    ///   the file could not be read, the line.
    public init(path: String) throws(ExitError) {
        let bytes: [UInt8]
        do throws(SystemError) {
            let descriptor = try System.openToRead(path)
            defer { System.close(descriptor) }
            bytes = try System.read(descriptor, limit: HostsFile.sizeLimit + 1)
        } catch {
            let advice =
                error.isNoSuchFile
                ? "Write one, or name another with --hosts FILE."
                : "Expected a text file; name another with --hosts FILE."
            throw ExitError(
                status: ExitStatus.hostsFile,
                "\(path): the hosts file cannot be read (\(error.reason)). \(advice)")
        }
        try self.init(parsing: bytes, path: path)
    }

    /// Reads and checks the contents of a file.
    ///
    /// - Parameter path: what to call it in sentences.
    /// - Throws: ``ExitError`` of status 65, a sentence that begins with `path:line:`.
    public init(parsing bytes: [UInt8], path: String) throws(ExitError) {
        var parser = HostsFileParser(path: path)
        try parser.parse(bytes)
        let settings = try parser.checkedSettings()
        self.path = path
        self.engine = settings.engine
        self.service = settings.service
        self.roles = settings.roles
        self.hosts = parser.hosts
        self.conCount = parser.conCount
    }

    public var clientCount: Int { hosts.count - conCount }

    /// The IDs of the con nodes.
    public var conNodes: NodeSet { NodeSet(0..<conCount) }

    /// Where a host's line stands, as in `hosts.txt:5`.
    ///
    /// - Precondition: the node is in the file.
    public func place(of node: NodeID) -> String { "\(path):\(hosts[node.index].line)" }

    /// Finds a host of one kind by the ID a person typed.
    ///
    /// - Throws: ``ExitError`` of status 64 that names the file and the IDs there are.
    public func host(_ text: String, kind: Kind) throws(ExitError) -> NodeID {
        let range = kind == .con ? 0..<conCount : conCount..<hosts.count
        let expected =
            range.isEmpty
            ? "but \(path) has no \(kind) lines"
            : "expected one of the \(kind) lines of \(path), "
                + (range.count == 1
                    ? "of which there is only \(range.lowerBound)"
                    : "from \(range.lowerBound) to \(range.upperBound - 1)")
        guard let index = OptionValue.digits(text) else {
            throw .usage("The ID '\(text)' is not a whole number; \(expected).")
        }
        guard index < hosts.count else {
            throw .usage("There is no host \(index); \(expected).")
        }
        guard range.contains(index) else {
            throw .usage("Host \(index) is a \(hosts[index].kind) line; \(expected).")
        }
        return NodeID(index: index)
    }

    /// How many nodes have each role.
    @frozen
    public struct RoleCounts: Hashable, Sendable {
        public let proposers: Int
        public let acceptors: Int
        public let learners: Int
    }

    /// The counts of a cluster of basic Paxos, the only kind that this version runs.
    ///
    /// - Throws: ``ExitError`` of status 65 if the file describes another kind.
    public func separateRoles() throws(ExitError) -> RoleCounts {
        func refusal(_ found: String, instead: String) -> ExitError {
            ExitError(
                status: ExitStatus.hostsFile,
                "\(path): this version does not have \(found) yet. Write \(instead).")
        }
        guard engine == .paxos else {
            throw refusal("ENGINE \(engine.rawValue)", instead: "ENGINE paxos, or no ENGINE line")
        }
        guard service == .variable else {
            throw refusal(
                "SERVICE \(service.rawValue)", instead: "SERVICE variable, or no SERVICE line")
        }
        guard case .separate(let proposers, let acceptors, let learners) = roles else {
            throw refusal("REPLICAS", instead: "PROPOSERS, ACCEPTORS and LEARNERS")
        }
        return RoleCounts(proposers: proposers, acceptors: acceptors, learners: learners)
    }
}
