public import ConsensusCore

extension Message: WireMessage {
    public var kind: String {
        switch self {
        case .token: "token"
        case .elected: "elected"
        case .receipt: "receipt"
        case .probe: "probe"
        case .present: "present"
        case .heartbeat: "heartbeat"
        case .join: "join"
        case .assign: "assign"
        case .confirm: "confirm"
        case .refuse: "refuse"
        case .request: "request"
        case .pending: "pending"
        case .prepare: "prepare"
        case .promise: "promise"
        case .accept: "accept"
        case .accepted: "accepted"
        case .nack: "nack"
        case .chosen: "chosen"
        case .done: "done"
        case .doneReceipt: "doneReceipt"
        case .shutdown: "shutdown"
        case .shutdownReceipt: "shutdownReceipt"
        }
    }

    public var ballotNumber: UInt64? {
        switch self {
        case .prepare(let prepare): prepare.ballot.number
        case .promise(let promise): promise.ballot.number
        case .accept(let accept): accept.proposal.ballot.number
        case .accepted(let accepted): accepted.proposal.ballot.number
        case .nack(let nack): nack.ballot.number
        default: nil
        }
    }

    public func encode(into writer: inout ByteWriter) {
        switch self {
        case .token(let token):
            writer.write(1 as UInt8)
            token.encode(into: &writer)
        case .elected(let elected):
            writer.write(2 as UInt8)
            elected.encode(into: &writer)
        case .receipt(let receipt):
            writer.write(3 as UInt8)
            receipt.encode(into: &writer)
        case .probe:
            writer.write(4 as UInt8)
        case .present(let present):
            writer.write(5 as UInt8)
            present.encode(into: &writer)
        case .heartbeat(let heartbeat):
            writer.write(6 as UInt8)
            heartbeat.encode(into: &writer)
        case .join(let join):
            writer.write(7 as UInt8)
            writer.write(join.attempt)
        case .assign(let assign):
            writer.write(8 as UInt8)
            assign.encode(into: &writer)
        case .confirm(let confirm):
            writer.write(9 as UInt8)
            confirm.encode(into: &writer)
        case .refuse(let refuse):
            writer.write(10 as UInt8)
            writer.write(refuse.proof)
        case .request(let request):
            writer.write(11 as UInt8)
            request.encode(into: &writer)
        case .pending:
            writer.write(12 as UInt8)
        case .prepare(let prepare):
            writer.write(13 as UInt8)
            prepare.ballot.encode(into: &writer)
        case .promise(let promise):
            writer.write(14 as UInt8)
            promise.ballot.encode(into: &writer)
            writer.write(optional: promise.accepted)
        case .accept(let accept):
            writer.write(15 as UInt8)
            accept.proposal.encode(into: &writer)
        case .accepted(let accepted):
            writer.write(16 as UInt8)
            accepted.proposal.encode(into: &writer)
        case .nack(let nack):
            writer.write(17 as UInt8)
            nack.encode(into: &writer)
        case .chosen(let chosen):
            writer.write(18 as UInt8)
            writer.write(chosen.value)
        case .done(let done):
            writer.write(19 as UInt8)
            done.clients.encode(into: &writer)
        case .doneReceipt:
            writer.write(20 as UInt8)
        case .shutdown:
            writer.write(21 as UInt8)
        case .shutdownReceipt:
            writer.write(22 as UInt8)
        }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        let tag = try reader.readUInt8()
        switch tag {
        case 1: self = .token(try Token(from: &reader))
        case 2: self = .elected(try Elected(from: &reader))
        case 3: self = .receipt(try Receipt(from: &reader))
        case 4: self = .probe
        case 5: self = .present(try Present(from: &reader))
        case 6: self = .heartbeat(try Heartbeat(from: &reader))
        case 7: self = .join(Join(attempt: try reader.readUInt32()))
        case 8: self = .assign(try Assign(from: &reader))
        case 9: self = .confirm(try Confirm(from: &reader))
        case 10: self = .refuse(Refuse(proof: try reader.readUInt64()))
        case 11: self = .request(try Request(from: &reader))
        case 12: self = .pending
        case 13: self = .prepare(Prepare(ballot: try Ballot(from: &reader)))
        case 14:
            self = .promise(
                Promise(
                    ballot: try Ballot(from: &reader),
                    accepted: try reader.readOptional(Proposal.self)))
        case 15: self = .accept(Accept(proposal: try Proposal(from: &reader)))
        case 16: self = .accepted(Accepted(proposal: try Proposal(from: &reader)))
        case 17:
            self = .nack(try Nack(from: &reader))
        case 18: self = .chosen(Chosen(value: try reader.readBytes(upTo: maximumValueSize)))
        case 19: self = .done(Done(clients: try ClientSet(from: &reader)))
        case 20: self = .doneReceipt
        case 21: self = .shutdown
        case 22: self = .shutdownReceipt
        default: throw .unknownTag(tag)
        }
    }
}
