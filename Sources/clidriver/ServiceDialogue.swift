import ConsensusCore
import StateMachines
import UDPRuntime

/// The calls that a command takes, one after the other, and what is printed at the end.
///
/// Most take one; a long list comes page by page.
struct ServiceDialogue {
    let command: ServiceCommand
    private let hosts: HostsFile
    private var lines = ""
    /// The items of a list that are here already.
    private var count: UInt64 = 0

    /// How to go on after an answer.
    enum Step: Hashable {
        case call(ClientCall.Operation)
        case end(Ending)
    }

    /// What the program prints and ends with.
    struct Ending: Hashable {
        var output = ""
        var complaint: String?
        var status = ExitStatus.done
    }

    /// The exit status of a key that is not there, or has another value.
    static let negative: Int32 = 1

    init(_ command: ServiceCommand, hosts: HostsFile) {
        self.command = command
        self.hosts = hosts
    }

    /// The first call.
    var first: ClientCall.Operation {
        switch command {
        case .put(let key, let value):
            .command(encoded(KeyValueCommand.put(key: key, value: value)))
        case .delete(let key): .command(encoded(KeyValueCommand.delete(key: key)))
        case .compareAndSet(let key, let old, let new):
            .command(encoded(KeyValueCommand.compareAndSet(key: key, old: old, new: new)))
        case .get(let key): .query(encoded(KeyValueQuery.get(key: key)))
        case .keys(let prefix):
            .query(encoded(KeyValueQuery.keys(prefix: prefix, after: [], limit: 0)))
        case .append(let text): .command(encoded(ListCommand.append(text)))
        case .list: .query(encoded(ListQuery.page(from: 0, limit: 0)))
        case .status: .status(.omitted)
        }
    }

    /// Takes the answer to the last call.
    ///
    /// - Throws: ``ExitError`` of status 69 if there is none, or it makes no sense; of 73 if the service has
    ///   no room.
    mutating func take(_ answer: ClientAnswer) throws(ExitError) -> Step {
        switch answer.result {
        case .failure(let failure):
            throw ExitError(
                status: ServiceText.status(for: failure), ServiceText.sentence(for: failure))
        case .success(.status(let statuses)):
            return .end(ServiceText.ending(for: statuses, hosts: hosts))
        case .success(.bytes(let bytes)):
            switch command {
            case .append, .list: return try take(decoded(ListReply.self, bytes))
            default: return try take(decoded(KeyValueReply.self, bytes))
            }
        }
    }

    private mutating func take(_ reply: KeyValueReply) throws(ExitError) -> Step {
        switch reply {
        case .done: return .end(Ending())
        case .value(let value): return .end(Ending(output: text(value) + "\n"))
        case .missing: return .end(negative("There is no such key."))
        case .mismatch(let value):
            return .end(negative("The key has another value: '\(text(value))'. It keeps it."))
        case .page(let keys, let hasMore):
            for key in keys { lines += text(key) + "\n" }
            guard hasMore, let last = keys.last, case .keys(let prefix) = command else {
                return .end(Ending(output: lines))
            }
            return .call(
                .query(encoded(KeyValueQuery.keys(prefix: prefix, after: last, limit: 0))))
        case .full: throw full
        case .refused(let refusal): throw refused(refusal)
        }
    }

    private mutating func take(_ reply: ListReply) throws(ExitError) -> Step {
        switch reply {
        case .appended(let position): return .end(Ending(output: "\(position + 1)\n"))
        case .page(let items, let total):
            for item in items { lines += text(item) + "\n" }
            count += UInt64(items.count)
            guard !items.isEmpty, count < total else { return .end(Ending(output: lines)) }
            return .call(.query(encoded(ListQuery.page(from: count, limit: 0))))
        case .full: throw full
        case .refused(let refusal): throw refused(refusal)
        }
    }

    // MARK: - In words

    private func negative(_ sentence: String) -> Ending {
        Ending(complaint: sentence, status: ServiceDialogue.negative)
    }

    private var full: ExitError {
        ExitError(
            status: ExitStatus.noRoom,
            "The service has no room for it; nothing was changed. Delete something first.")
    }

    private func refused(_ refusal: Refusal) -> ExitError {
        ExitError(
            status: ExitStatus.noAnswer,
            "The nodes do not take it (\(refusal)). Is this hosts file the one they were started "
                + "with?")
    }

    private func decoded<Reply: WireCodable>(
        _: Reply.Type, _ bytes: [UInt8]
    ) throws(ExitError) -> Reply {
        do throws(WireError) {
            var reader = bytes.span
            let reply = try Reply(from: &reader)
            guard reader.isEmpty else { throw .trailingBytes }
            return reply
        } catch {
            throw ExitError(
                status: ExitStatus.noAnswer,
                "The answer cannot be read (\(error)). Are the nodes of another version?")
        }
    }
}

/// The bytes of a command or query.
private func encoded(_ value: some WireCodable) -> [UInt8] {
    var writer = ByteWriter()
    value.encode(into: &writer)
    return writer.bytes
}

private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
