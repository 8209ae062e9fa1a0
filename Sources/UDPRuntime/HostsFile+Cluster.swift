internal import ConsensusCore

extension HostsFile {
    /// The cluster's ID: 64 bits that two files share only if they describe the same cluster.
    ///
    /// It is a hash (FNV-1a, its bits then mixed) of engine, service, roles and host lines as written,
    /// upper and lower case of names apart; comments, spacing and the order of the keys do not count.
    public var cluster: UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in canonicalText.utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
        }
        var mixed = RandomSource(seed: hash)
        return mixed.next()
    }

    /// The file without comments and choices of spelling.
    var canonicalText: String {
        var text = "ENGINE \(engine.rawValue)\nSERVICE \(service.rawValue)\n"
        switch roles {
        case .separate(let proposers, let acceptors, let learners):
            text += "PROPOSERS \(proposers)\nACCEPTORS \(acceptors)\nLEARNERS \(learners)\n"
        case .replicas(let count): text += "REPLICAS \(count)\n"
        }
        for host in hosts { text += "\(host.name.lowercased()) \(host.port) \(host.kind)\n" }
        return text
    }
}
