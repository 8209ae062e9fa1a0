import ConsensusCore
import StateMachines
import UDPRuntime

/// What the words of clidriver's command line ask of a log service.
enum ServiceCommand: Hashable {
    case put(key: [UInt8], value: [UInt8])
    case get(key: [UInt8])
    case delete(key: [UInt8])
    case compareAndSet(key: [UInt8], old: [UInt8], new: [UInt8])
    case keys(prefix: [UInt8])
    case append([UInt8])
    case list
    case status

    /// The words that begin a command of a log service, with what follows them.
    static let usage = [
        (word: "put", operands: "KEY VALUE"), (word: "get", operands: "KEY"),
        (word: "delete", operands: "KEY"), (word: "cas", operands: "KEY OLD NEW"),
        (word: "keys", operands: "[PREFIX]"), (word: "append", operands: "TEXT"),
        (word: "list", operands: ""), (word: "status", operands: ""),
    ]

    /// Reads a command.
    ///
    /// - Throws: ``ExitError`` of status 64 if it lacks words, has too many, or one is too long.
    init(_ words: [String]) throws(ExitError) {
        let operands = words.dropFirst().map { Array($0.utf8) }
        switch (words[0], operands.count) {
        case ("put", 2):
            self = .put(
                key: try ServiceCommand.key(operands[0]),
                value: try ServiceCommand.value(operands[1]))
        case ("get", 1): self = .get(key: try ServiceCommand.key(operands[0]))
        case ("delete", 1): self = .delete(key: try ServiceCommand.key(operands[0]))
        case ("cas", 3):
            let old = try ServiceCommand.value(operands[1])
            let new = try ServiceCommand.value(operands[2])
            self = .compareAndSet(key: try ServiceCommand.key(operands[0]), old: old, new: new)
            guard old.count + new.count <= ServiceCommand.maximumComparison else {
                throw .usage(
                    "OLD and NEW have \(old.count + new.count) bytes together; expected at most "
                        + "\(ServiceCommand.maximumComparison).")
            }
        case ("keys", 0): self = .keys(prefix: [])
        case ("keys", 1): self = .keys(prefix: try ServiceCommand.prefix(operands[0]))
        case ("append", 1): self = .append(try ServiceCommand.item(operands[0]))
        case ("list", 0): self = .list
        case ("status", 0): self = .status
        default:
            let operands = ServiceCommand.usage.first { $0.word == words[0] }?.operands ?? ""
            throw .usage(
                "Found \(words.count - 1) words after '\(words[0])', expected: clidriver "
                    + "\(words[0]) \(operands)\(operands.isEmpty ? "" : " ")[options].")
        }
    }

    /// What a comparison's two values may have together, so that it fits a command with its key.
    static let maximumComparison =
        ServiceLimits.maximumCommandSize - KeyValueStore.keySizes.upperBound - 64

    private static func key(_ bytes: [UInt8]) throws(ExitError) -> [UInt8] {
        guard KeyValueStore.keySizes.contains(bytes.count) else {
            throw .usage(
                "The key has \(bytes.count) bytes; expected "
                    + "\(KeyValueStore.keySizes.lowerBound) to \(KeyValueStore.keySizes.upperBound)."
            )
        }
        return bytes
    }

    private static func prefix(_ bytes: [UInt8]) throws(ExitError) -> [UInt8] {
        bytes.isEmpty ? bytes : try key(bytes)
    }

    private static func value(_ bytes: [UInt8]) throws(ExitError) -> [UInt8] {
        guard bytes.count <= KeyValueStore.maximumValueSize else {
            throw .usage(
                "The value has \(bytes.count) bytes; expected at most "
                    + "\(KeyValueStore.maximumValueSize).")
        }
        return bytes
    }

    private static func item(_ bytes: [UInt8]) throws(ExitError) -> [UInt8] {
        guard bytes.count <= ReplicatedList.maximumItemSize else {
            throw .usage(
                "The text has \(bytes.count) bytes; expected at most "
                    + "\(ReplicatedList.maximumItemSize).")
        }
        return bytes
    }

    /// The service it needs; nil if any will do.
    private var service: HostsFile.Service? {
        switch self {
        case .put, .get, .delete, .compareAndSet, .keys: .kv
        case .append, .list: .list
        case .status: nil
        }
    }

    /// Checks that the cluster has the service it needs.
    ///
    /// - Throws: ``ExitError`` of status 64 if it has another.
    func check(_ hosts: HostsFile, word: String) throws(ExitError) {
        try ServiceCommand.checkLog(hosts, word: word)
        guard let service, service != hosts.service else { return }
        throw .usage(
            "'\(word)' needs SERVICE \(service.rawValue), but \(hosts.path) says SERVICE "
                + "\(hosts.service.rawValue).")
    }

    /// Checks that the cluster has a log service.
    ///
    /// - Throws: ``ExitError`` of status 64 if it has none.
    static func checkLog(_ hosts: HostsFile, word: String) throws(ExitError) {
        guard hosts.service != .variable else {
            throw .usage(
                "'\(word)' needs a log service, but \(hosts.path) says SERVICE variable, or "
                    + "nothing. Write SERVICE kv or list there, or use clidriver ID VALUE "
                    + "DESIREDPROPOSER.")
        }
    }
}
