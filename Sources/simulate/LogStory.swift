import ConsensusCore
import PaxosNode
import StateMachines

/// A batch of commands in a story, as in `[1.2 put a "6.0.1"]`.
func inWords(_ batch: [UInt8]) -> String {
    var commands: [String] = []
    CommandBatch.forEach(in: batch) { header, command in
        var body: [UInt8] = []
        for index in 0..<command.count { body.append(command[index]) }
        commands.append(
            header.id.session == 0
                ? "opening \(header.id.sequence % 1_000)"
                : "\(inWords(header.id)) \(commandInWords(body))")
    }
    return batch.isEmpty ? "nothing" : "[" + commands.joined(separator: ", ") + "]"
}

/// A command's session and sequence, as in `1.2`.
func inWords(_ id: CommandID) -> String { "\(id.session).\(id.sequence)" }

private func commandInWords(_ bytes: [UInt8]) -> String {
    if case .append(let item)? = try? ListCommand(reading: bytes.span) {
        return "append \(text(item))"
    }
    switch try? KeyValueCommand(reading: bytes.span) {
    case .put(let key, let value): return "put \(text(key)) \(text(value))"
    case .delete(let key): return "delete \(text(key))"
    case .compareAndSet(let key, let old, let new):
        return "cas \(text(key)) \(old.map(text) ?? "nothing") \(text(new))"
    case nil: return "\(bytes.count) bytes"
    }
}

private func queryInWords(_ bytes: [UInt8]) -> String {
    if case .get(let key)? = try? KeyValueQuery(reading: bytes.span) { return "get \(text(key))" }
    if case .page(let start, _)? = try? ListQuery(reading: bytes.span) {
        return "read from \(start)"
    }
    return "a query"
}

private func replyInWords(_ bytes: [UInt8]) -> String {
    switch try? KeyValueReply(reading: bytes.span) {
    case .value(let value): return text(value)
    case .mismatch(let value): return "it has \(text(value))"
    case .done: return "done"
    case .missing: return "missing"
    default: return "\(bytes.count) bytes"
    }
}

extension LogOperation {
    fileprivate var story: String {
        switch kind {
        case .query: queryInWords(body)
        case .command:
            header.id.session == 0
                ? "opening \(header.id.sequence % 1_000)"
                : "\(inWords(header.id)) \(commandInWords(body))"
        }
    }
}

extension LogMessage {
    /// The message in words, for stories.
    var story: String {
        switch self {
        case .heartbeat(let heartbeat):
            "heartbeat \(heartbeat.round), ballot \(heartbeat.ballot), chosen \(heartbeat.chosen)"
        case .pulse(let pulse): "pulse \(pulse.round), ballot \(pulse.ballot)"
        case .prepare(let prepare): "prepare, ballot \(prepare.ballot), from slot \(prepare.from)"
        case .promise(let promise): promise.story
        case .accept(let accept):
            "accept, ballot \(accept.ballot), chosen \(accept.chosen), from slot \(accept.first): "
                + accept.values.map(inWords).joined(separator: ", ")
        case .accepted(let accepted):
            "accepted, ballot \(accepted.ballot), slots "
                + accepted.slots.map { "\($0.first)-\($0.last)" }.joined(separator: ", ")
        case .nack(let nack): "nack, ballot \(nack.ballot), promised \(nack.promised)"
        case .fetch(let fetch): "fetch, from slot \(fetch.from)"
        case .chosen(let chosen):
            "chosen, through \(chosen.chosen), from slot \(chosen.first): "
                + chosen.values.map(inWords).joined(separator: ", ")
        case .votes(let votes): "votes: " + votes.entries.map(\.story).joined(separator: ", ")
        case .snapshotPart(let part):
            "snapshotPart, slot \(part.slot), bytes \(part.offset)+\(part.bytes.count) of \(part.size)"
        case .request(let request):
            "request " + request.operations.map(\.story).joined(separator: ", ")
        case .reply(let reply):
            "reply " + reply.answers.map(\.story).joined(separator: ", ")
        case .read(let read):
            "read, at slot \(read.slot): " + read.operations.map(\.story).joined(separator: ", ")
        case .born(let birth): "the birth \(birth)"
        case .hello, .welcome, .founding, .canvass, .willing, .question, .testimony, .inquiry,
            .report:
            kind
        }
    }
}

extension LogPromise {
    fileprivate var story: String {
        var text = "promise, ballot \(ballot), from slot \(from), "
        if truncated > 0 { text += "forgotten \(truncated), " }
        return text
            + (entries.isEmpty
                ? "nothing accepted" : "accepted " + entries.map(\.story).joined(separator: ", "))
    }
}

extension AcceptedEntry {
    fileprivate var story: String {
        "slot \(slot): \(inWords(acceptance.value)) at \(acceptance.ballot)"
    }
}

extension LogAnswer {
    fileprivate var story: String {
        switch reply {
        case .done(let bytes): replyInWords(bytes)
        case .opened(let session): "session \(session)"
        case .expired: "\(inWords(id)) expired"
        case .superseded: "\(inWords(id)) superseded"
        case .crowded: "\(inWords(id)) crowded"
        case .refused: "opening \(id.sequence % 1_000) refused"
        }
    }
}

extension LogRecord {
    /// The record in words, for traces.
    var story: String {
        switch self {
        case .incarnation: "its incarnation"
        case .life(let node, _): "the life of acceptor \(node)"
        case .admitted: "that it may vote"
        case .ballot(let number): "that it uses ballot \(number)"
        case .promised(let ballot): "the promise of ballot \(ballot)"
        case .accepted(let entry): "the acceptance in \(entry.story)"
        case .truncated(let slot): "that it has forgotten slots through \(slot)"
        case .learned(let slot, let value): "that \(inWords(value)) is chosen in slot \(slot)"
        case .chosen(let slot): "that slots through \(slot) are chosen"
        case .refused: "that its votes are refused"
        case .witnessed(let node, let number): "that node \(node) has written \(number) records"
        case .written(let number): "that it has written \(number) records"
        case .unnumbered: "that its records do not count"
        case .born(let birth, _, _): "the birth \(birth)"
        case .foundingBallot(let number): "that it founds at ballot \(number)"
        case .foundingPromised(let ballot): "the promise of ballot \(ballot) to a founder"
        case .foundingAccepted: "the acceptance of a birth"
        case .snapshot(let slot, _, let bytes): "a snapshot at slot \(slot), \(bytes.count) bytes"
        }
    }
}

extension LogOutput {
    /// The output in words, for stories.
    var story: String {
        switch self {
        case .leads(let ballot): "that it leads at ballot \(ballot)"
        case .refused(.forgotten): "that its votes are refused: it has forgotten another life"
        case .refused(.restored): "that its votes are refused: its disk is older than it was"
        case .stranger(let node, let birth, _):
            "that node \(node) belongs to another birth, \(Birth.name(of: birth))"
        case .contradiction(let node, let slot): "that node \(node) has another history at \(slot)"
        case .contradicted(let slot): "that most have another history at \(slot)"
        case .applied(let slot, let value): "slot \(slot) applied: \(inWords(value))"
        case .restored(let slot): "that it goes on after slot \(slot)"
        }
    }
}

extension LogWorker.Output {
    /// The output in words, for stories.
    var story: String {
        switch self {
        case .begins(let operation, _):
            switch operation.call {
            case .command(let bytes): "that it asks to \(commandInWords(bytes))"
            case .query(let bytes): "that it asks to \(queryInWords(bytes))"
            case .status: "that it asks how things are"
            }
        case .ends(_, let reply): "the answer: \(replyInWords(reply))"
        case .fails(_, .timedOut): "that it gives up"
        case .fails(_, .sessionExpired): "that its session has expired"
        case .fails(_, .superseded): "that its command is superseded"
        case .fails(_, .sessionRefused): "that there is no room for its session"
        case .fails(_, .tooLarge): "that it asked too much"
        case .isNeglected: "that nobody answers"
        case .concludes: "that it is done"
        }
    }
}
