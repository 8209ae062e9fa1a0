public import ConsensusCore

extension LogMessage: WireMessage {
    public var kind: String {
        switch self {
        case .hello: "hello"
        case .welcome: "welcome"
        case .founding: "founding"
        case .born: "born"
        case .canvass: "canvass"
        case .willing: "willing"
        case .heartbeat: "heartbeat"
        case .pulse: "pulse"
        case .prepare: "prepare"
        case .promise: "promise"
        case .accept: "accept"
        case .accepted: "accepted"
        case .nack: "nack"
        case .fetch: "fetch"
        case .chosen: "chosen"
        case .votes: "votes"
        case .snapshotPart: "snapshotPart"
        case .question: "question"
        case .testimony: "testimony"
        case .request: "request"
        case .reply: "reply"
        case .read: "read"
        case .inquiry: "inquiry"
        case .report: "report"
        }
    }

    public var ballotNumber: UInt64? {
        switch self {
        case .heartbeat(let heartbeat): heartbeat.ballot.number
        case .pulse(let pulse): pulse.ballot.number
        case .prepare(let prepare): prepare.ballot.number
        case .promise(let promise): promise.ballot.number
        case .accept(let accept): accept.ballot.number
        case .accepted(let accepted): accepted.ballot.number
        case .nack(let nack): nack.ballot.number
        default: nil
        }
    }

    public func encode(into writer: inout ByteWriter) {
        switch self {
        case .hello(let hello): encode(1, hello, into: &writer)
        case .welcome(let welcome): encode(2, welcome, into: &writer)
        case .canvass(let canvass): encode(3, canvass, into: &writer)
        case .willing(let willing): encode(4, willing, into: &writer)
        case .heartbeat(let heartbeat): encode(5, heartbeat, into: &writer)
        case .pulse(let pulse): encode(6, pulse, into: &writer)
        case .prepare(let prepare): encode(7, prepare, into: &writer)
        case .promise(let promise): encode(8, promise, into: &writer)
        case .accept(let accept): encode(9, accept, into: &writer)
        case .accepted(let accepted): encode(10, accepted, into: &writer)
        case .nack(let nack): encode(11, nack, into: &writer)
        case .fetch(let fetch): encode(12, fetch, into: &writer)
        case .chosen(let chosen): encode(13, chosen, into: &writer)
        case .votes(let votes): encode(14, votes, into: &writer)
        case .snapshotPart(let part): encode(15, part, into: &writer)
        case .request(let request): encode(16, request, into: &writer)
        case .reply(let reply): encode(17, reply, into: &writer)
        case .read(let read): encode(18, read, into: &writer)
        case .inquiry(let inquiry): encode(19, inquiry, into: &writer)
        case .report(let report): encode(20, report, into: &writer)
        case .founding(let founding): encode(21, founding, into: &writer)
        case .born(let birth): encode(22, birth, into: &writer)
        case .question(let question): encode(23, question, into: &writer)
        case .testimony(let testimony): encode(24, testimony, into: &writer)
        }
    }

    private func encode(
        _ tag: UInt8, _ fields: some WireCodable, into writer: inout ByteWriter
    ) {
        writer.write(tag)
        fields.encode(into: &writer)
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        let tag = try reader.readUInt8()
        switch tag {
        case 1: self = .hello(try Hello(from: &reader))
        case 2: self = .welcome(try Welcome(from: &reader))
        case 3: self = .canvass(try Canvass(from: &reader))
        case 4: self = .willing(try Willing(from: &reader))
        case 5: self = .heartbeat(try LogHeartbeat(from: &reader))
        case 6: self = .pulse(try Pulse(from: &reader))
        case 7: self = .prepare(try LogPrepare(from: &reader))
        case 8: self = .promise(try LogPromise(from: &reader))
        case 9: self = .accept(try LogAccept(from: &reader))
        case 10: self = .accepted(try LogAccepted(from: &reader))
        case 11: self = .nack(try Nack(from: &reader))
        case 12: self = .fetch(try Fetch(from: &reader))
        case 13: self = .chosen(try ChosenValues(from: &reader))
        case 14: self = .votes(try Votes(from: &reader))
        case 15: self = .snapshotPart(try SnapshotPart(from: &reader))
        case 16: self = .request(try LogRequest(from: &reader))
        case 17: self = .reply(try LogReply(from: &reader))
        case 18: self = .read(try ReadAt(from: &reader))
        case 19: self = .inquiry(try Inquiry(from: &reader))
        case 20: self = .report(try LogReport(from: &reader))
        case 21: self = .founding(try FoundingMessage(from: &reader))
        case 22: self = .born(try Birth(from: &reader))
        case 23: self = .question(try Question(from: &reader))
        case 24: self = .testimony(try Testimony(from: &reader))
        default: throw .unknownTag(tag)
        }
    }
}
