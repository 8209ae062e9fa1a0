extension HostsFile {
    /// The description of a cluster of replicas, for programs that have it from elsewhere than a file.
    ///
    /// - Parameter replicas: where each replica is, as in `host:port`, 1 to 64 of them; the same list in
    ///   the same order for all replicas and clients.
    /// - Throws: ``ExitError`` of status 65 that names what is wrong, the list's place as a line.
    public init(replicas: [String]) throws(ExitError) {
        var text = "SERVICE kv\nREPLICAS \(replicas.count)\n"
        for replica in replicas {
            guard let colon = replica.lastIndex(of: ":") else {
                throw ExitError(
                    status: ExitStatus.hostsFile,
                    "Found the replica '\(replica)', expected HOST:PORT.")
            }
            text += "\(replica[..<colon]) \(replica[replica.index(after: colon)...]) con\n"
        }
        try self.init(parsing: Array(text.utf8), path: "the list of replicas")
    }
}
