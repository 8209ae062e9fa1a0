extension HostsFile {
    /// The addresses of all hosts, by node ID, all of one family.
    ///
    /// IPv4 is taken where every host has it, else IPv6 where every host has that. Of several
    /// addresses of one name the lowest is taken, so that all hosts take the same.
    ///
    /// - Throws: ``ExitError`` of status 65, a sentence that begins with `path:line:`, if a name has no
    ///   address, the families are mixed, two lines resolve to one address and port, or an address
    ///   does not name one host.
    public func addresses() throws(ExitError) -> [SocketAddress] {
        let candidates = try hosts.resolved(path: path)
        let withoutIPv4 = hosts.indices.first { !candidates[$0].contains { $0.family == .ipv4 } }
        let withoutIPv6 = hosts.indices.first { !candidates[$0].contains { $0.family == .ipv6 } }
        if let withoutIPv4, let withoutIPv6 {
            let other = hosts[withoutIPv6]
            throw failure(
                hosts[withoutIPv4],
                "'\(hosts[withoutIPv4].name)' has only an IPv6 address, but '\(other.name)' in line "
                    + "\(other.line) has only an IPv4 one. Give all hosts addresses of one family.")
        }
        let family: SocketAddress.Family = withoutIPv4 == nil ? .ipv4 : .ipv6
        var result: [SocketAddress] = []
        var firstHosts: [SocketAddress: Host] = [:]
        for (host, addresses) in zip(hosts, candidates) {
            // Not empty: every host has an address of the family.
            let address = addresses.filter { $0.family == family }.min {
                ($0.high, $0.low, $0.scope) < ($1.high, $1.low, $1.scope)
            }!
            guard address.isOneHost else {
                throw failure(
                    host,
                    "'\(host.name)' is \(address.hostText), which does not name one host. "
                        + "Write the address that the other hosts reach this one by.")
            }
            if let first = firstHosts[address] {
                throw failure(
                    host,
                    "'\(host.name)' port \(host.port) is \(address), the same as '\(first.name)' in "
                        + "line \(first.line). Give each host a port of its own.")
            }
            firstHosts[address] = host
            result.append(address)
        }
        return result
    }

    private func failure(_ host: Host, _ sentence: String) -> ExitError {
        ExitError(status: ExitStatus.hostsFile, "\(path):\(host.line): \(sentence)")
    }
}

extension [HostsFile.Host] {
    /// All addresses of each host; each name is asked for once.
    fileprivate func resolved(path: String) throws(ExitError) -> [[SocketAddress]] {
        var known: [String: [SocketAddress]] = [:]
        var result: [[SocketAddress]] = []
        for host in self {
            if known[host.name] == nil {
                switch System.getaddrinfo(host.name, port: 0) {
                case .addresses(let addresses) where !addresses.isEmpty:
                    known[host.name] = addresses
                case .addresses:
                    throw host.unresolved(path: path, reason: "it has no address")
                case .failed(let reason): throw host.unresolved(path: path, reason: reason)
                }
            }
            result.append(known[host.name]!.map { $0.at(port: host.port) })
        }
        return result
    }
}

extension HostsFile.Host {
    fileprivate func unresolved(path: String, reason: String) -> ExitError {
        ExitError(
            status: ExitStatus.hostsFile,
            "\(path):\(line): the host '\(name)' has no address here (\(reason)). "
                + "Expected a name this machine can resolve, or an IPv4 or IPv6 address.")
    }
}
