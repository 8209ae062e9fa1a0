internal import ConsensusCore

extension HostsFileParser {
    /// What the keys say, defaults filled in.
    struct Settings {
        let engine: HostsFile.Engine
        let service: HostsFile.Service
        let roles: HostsFile.Roles
    }

    /// Checks the keys against each other and against the host lines.
    func checkedSettings() throws(ExitError) -> Settings {
        let engine: HostsFile.Engine = try choice(.engine) ?? .paxos
        let service: HostsFile.Service = try choice(.service) ?? .variable
        guard conCount > 0 else {
            throw failure("there is no con line; expected 1 to \(NodeSet.maximumCount) of them.")
        }
        if engine != .paxos && service == .variable {
            throw failure(
                "ENGINE \(engine.rawValue) has no SERVICE variable, which is basic Paxos. "
                    + "Write SERVICE list, kv or chat, or ENGINE paxos.",
                line: (setting(.service) ?? setting(.engine))!.line)
        }
        return Settings(
            engine: engine, service: service,
            roles: try checkedRoles(engine: engine, service: service))
    }

    /// Reads a key whose value is one of a few words; nil if it is not there.
    private func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ key: Key
    ) throws(ExitError) -> Value? {
        guard let setting = setting(key) else { return nil }
        guard let value = Value(rawValue: setting.value) else {
            let list = Value.allCases.map(\.rawValue).joined(separator: ", ")
            throw failure(
                "bad \(key.rawValue) '\(setting.value)'; expected one of \(list).",
                line: setting.line)
        }
        return value
    }

    private func checkedRoles(
        engine: HostsFile.Engine, service: HostsFile.Service
    ) throws(ExitError) -> HostsFile.Roles {
        let keys: [Key] = [.proposers, .acceptors, .learners]
        let given = keys.compactMap { setting($0) }
        if engine != .paxos, let first = given.first {
            throw failure(
                "ENGINE \(engine.rawValue) has no role lines. Take them out; every con node is a "
                    + "replica.", line: first.line)
        }
        if let replicas = setting(.replicas) {
            return try checkedReplicas(replicas, service: service, roleLine: given.first?.line)
        }
        if given.isEmpty && service != .variable { return .replicas(conCount) }
        let proposers = try roleCount(.proposers)
        let acceptors = try roleCount(.acceptors)
        let learners = try roleCount(.learners)
        let sum = proposers + acceptors + learners
        guard sum == conCount else {
            throw failure(
                "the roles do not add up: \(proposers) proposers + \(acceptors) acceptors + "
                    + "\(learners) learners = \(sum), but there are \(conCount) con lines. "
                    + "Every con line has exactly one role.",
                line: given.map(\.line).max())
        }
        return .separate(proposers: proposers, acceptors: acceptors, learners: learners)
    }

    private func checkedReplicas(
        _ replicas: Setting, service: HostsFile.Service, roleLine: Int?
    ) throws(ExitError) -> HostsFile.Roles {
        if let roleLine {
            throw failure(
                "REPLICAS stands instead of the role lines, but line \(roleLine) is one. "
                    + "Keep one form.", line: replicas.line)
        }
        guard service != .variable else {
            throw failure(
                "REPLICAS needs a log service, but SERVICE is variable. Write SERVICE list, kv or "
                    + "chat, or PROPOSERS, ACCEPTORS and LEARNERS instead.", line: replicas.line)
        }
        guard let count = OptionValue.digits(replicas.value), count == conCount else {
            throw failure(
                "REPLICAS is '\(replicas.value)', but there are \(conCount) con lines. Write "
                    + "REPLICAS \(conCount), or leave it out.", line: replicas.line)
        }
        return .replicas(count)
    }

    private func roleCount(_ key: Key) throws(ExitError) -> Int {
        guard let setting = setting(key) else {
            throw failure(
                "\(key.rawValue) is missing; expected PROPOSERS, ACCEPTORS and LEARNERS, each with "
                    + "a number of at least 1, before the host lines.",
                line: hosts.first?.line)
        }
        guard let count = OptionValue.digits(setting.value), count <= NodeSet.maximumCount else {
            throw failure(
                "bad number '\(setting.value)' of \(key.rawValue); expected a whole number from 1 "
                    + "to \(NodeSet.maximumCount).", line: setting.line)
        }
        guard count >= 1 else {
            let role = key.rawValue.lowercased().dropLast()
            throw failure(
                "there is no \(role): \(key.rawValue) is 0; expected at least 1.",
                line: setting.line)
        }
        return count
    }
}
