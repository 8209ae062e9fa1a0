import ConsensusCore
import Testing

@testable import PaxosNode

@Suite("Codec of the log's messages and records")
struct LogCodecTests {
    private static let allMessages =
        LogSamples.smallest + LogSamples.ordinary + LogSamples.largest

    @Test("the samples cover every message and every record, each with a tag of its own")
    func coverage() {
        let tags = Set(LogSamples.messageTags.map { UInt8($0) })
        for samples in [LogSamples.smallest, LogSamples.ordinary, LogSamples.largest] {
            #expect(samples.count == tags.count && Set(samples.map(\.kind)).count == tags.count)
            #expect(Set(samples.compactMap { encoded($0).first }) == tags)
        }
        let recordTags = Set(LogSamples.recordTags.map { UInt8($0) })
        #expect(Set(LogSamples.records.compactMap { encoded($0).first }) == recordTags)
        var source = LogSource(seed: 1)
        for tag in LogSamples.messageTags {
            #expect(encoded(source.message(tag: tag)).first == UInt8(tag))
        }
        for tag in LogSamples.recordTags {
            #expect(encoded(source.record(tag: tag)).first == UInt8(tag))
        }
    }

    @Test("every sample comes back as it was written")
    func roundTrip() throws {
        for message in Self.allMessages {
            #expect(try decoded(LogMessage.self, encoded(message)) == message)
        }
        for record in LogSamples.records {
            #expect(try decoded(LogRecord.self, encoded(record)) == record)
        }
    }

    @Test("so does whatever a seed gives", arguments: 0..<100 as Range<UInt64>)
    func randomRoundTrip(seed: UInt64) throws {
        var source = LogSource(seed: seed)
        for tag in LogSamples.messageTags {
            let message = source.message(tag: tag)
            #expect(try decoded(LogMessage.self, encoded(message)) == message)
        }
        for tag in LogSamples.recordTags {
            let record = source.record(tag: tag)
            #expect(try decoded(LogRecord.self, encoded(record)) == record)
        }
    }

    @Test("a few messages and records are laid out as they always were")
    func golden() {
        let ballot: [UInt8] = [12, 0, 0, 0, 0, 0, 0, 0, 34, 0, 0, 0, 0, 0, 0, 0]
        func number(_ low: UInt8) -> [UInt8] { [low, 0, 0, 0, 0, 0, 0, 0] }
        func message(_ kind: String) -> [UInt8] {
            LogSamples.ordinary.filter { $0.kind == kind }.flatMap(encoded)
        }
        #expect(message("hello") == [1] + number(5) + number(0))
        #expect(
            message("heartbeat") == [5] + ballot + number(8) + number(20) + number(10) + number(0)
                + number(0) + [0, 0, 0, 0])
        #expect(
            message("accept") == [9] + ballot + number(22) + [3, 0, 0, 0] + [1, 0, 0, 0, 1]
                + [0, 0, 0, 0] + [2, 0, 0, 0, 2, 3] + number(21))
        #expect(
            message("accepted") == [10] + ballot + [2, 0, 0, 0] + number(22) + number(24)
                + number(30) + number(30) + number(0))
        let owner: [UInt8] = [0xd3, 0xb0, 0x57, 0x0a, 0, 0, 0, 0]
        let header = number(1) + owner + number(1) + number(1)
        #expect(
            message("request") == [16, 2, 0, 0, 0] + header + [0, 1, 0, 0, 0, 1] + header
                + [1, 0, 0, 0, 0])
        #expect(
            message("report") == [20, 1, 1] + number(12) + [1, 0] + number(25) + [1] + number(24)
                + number(20) + [1, 0] + [1, 0xef, 0xbe, 0xad, 0xde, 0, 0, 0, 0] + number(9) + [1]
                + number(3))
        let entry = LogSamples.entry(7, at: PaxosNodeTests.ballot(12, life: 34), [9])
        #expect(
            encoded(LogRecord.accepted(entry)) == [6] + number(7) + ballot + [1, 0, 0, 0, 9])
        #expect(
            encoded(LogRecord.snapshot(3, [8])) == [10] + number(3) + number(0) + [1, 0, 0, 0, 8])
    }

    @Test("every proper prefix throws")
    func prefixes() {
        var source = LogSource(seed: 5)
        var messages = LogSamples.smallest + LogSamples.ordinary
        for tag in LogSamples.messageTags { messages.append(source.message(tag: tag)) }
        for bytes in messages.map(encoded) where bytes.count < 2_000 {
            for count in 0..<bytes.count {
                #expect(throws: WireError.truncated) {
                    try decoded(LogMessage.self, bytes, count: count)
                }
            }
        }
        for bytes in LogSamples.records.map(encoded) where bytes.count < 2_000 {
            for count in 0..<bytes.count {
                #expect(throws: WireError.truncated) {
                    try decoded(LogRecord.self, bytes, count: count)
                }
            }
        }
    }

    @Test("prefixes of the largest throw, too, at a hundred places each")
    func largePrefixes() {
        var random = RandomSource(seed: 6)
        for bytes in LogSamples.largest.map(encoded) where bytes.count > 1_000 {
            for _ in 0..<100 {
                let count = random.number(in: 0...bytes.count - 1)
                #expect(throws: WireError.truncated) {
                    try decoded(LogMessage.self, bytes, count: count)
                }
            }
        }
        for bytes in LogSamples.records.map(encoded) where bytes.count > 1_000 {
            for _ in 0..<100 {
                let count = random.number(in: 0...bytes.count - 1)
                #expect(throws: WireError.truncated) {
                    try decoded(LogRecord.self, bytes, count: count)
                }
            }
        }
    }

    @Test("every unknown tag throws", arguments: 0...255 as ClosedRange<UInt8>)
    func unknownTags(tag: UInt8) {
        let bytes = [tag] + [UInt8](repeating: 0, count: 200)
        let message = #expect(throws: WireError.self) { try decoded(LogMessage.self, bytes) }
        let isMessage = LogSamples.messageTags.contains(Int(tag))
        #expect((message == .unknownTag(tag)) == !isMessage)
        let record = #expect(throws: WireError.self) { try decoded(LogRecord.self, bytes) }
        let isRecord = LogSamples.recordTags.contains(Int(tag))
        #expect((record == .unknownTag(tag)) == !isRecord)
    }

    @Test("bytes left over are noticed")
    func trailingBytes() {
        for message in Self.allMessages {
            #expect(throws: WireError.trailingBytes) {
                try decoded(LogMessage.self, encoded(message) + [0])
            }
        }
        for record in LogSamples.records {
            #expect(throws: WireError.trailingBytes) {
                try decoded(LogRecord.self, encoded(record) + [0])
            }
        }
    }

    private func refuses(_ message: LogMessage) -> Bool {
        do {
            _ = try decoded(LogMessage.self, encoded(message))
            return false
        } catch { return error == .invalidField }
    }

    private func refuses(_ record: LogRecord) -> Bool {
        do {
            _ = try decoded(LogRecord.self, encoded(record))
            return false
        } catch { return error == .invalidField }
    }

    @Test("there is no slot 0, and none above the highest", arguments: [0, .maximum + 1] as [Slot])
    func slots(slot: Slot) {
        let one = ballot(1)
        let entry = LogSamples.entry(slot, at: one, [])
        let refused: [LogMessage] = [
            .prepare(LogPrepare(ballot: one, from: slot)),
            .promise(LogPromise(ballot: one, from: slot, truncated: 0, entries: [], next: nil)),
            .promise(LogPromise(ballot: one, from: 1, truncated: 0, entries: [entry], next: nil)),
            .promise(LogPromise(ballot: one, from: 1, truncated: 0, entries: [], next: slot)),
            .accept(LogAccept(ballot: one, first: slot, values: [], chosen: 0)),
            .accepted(
                LogAccepted(ballot: one, slots: [SlotRange(first: slot, last: max(slot, 1))])),
            .fetch(Fetch(from: slot, snapshot: 0, offset: 0)),
            .chosen(ChosenValues(first: slot, values: [], chosen: 0)),
            .chosen(ChosenValues(first: .maximum, values: [[], []], chosen: 0)),
            .accept(
                LogAccept(ballot: one, first: .maximum, values: [[], []], chosen: .maximum)),
            .votes(Votes(first: 1, entries: [entry])),
            .snapshotPart(SnapshotPart(slot: slot, size: 0, offset: 0, bytes: [])),
        ]
        for message in refused { #expect(refuses(message), "\(message)") }
        let refusedRecords: [LogRecord] = [
            .accepted(entry), .learned(slot, []), .snapshot(slot, []),
        ]
        for record in refusedRecords { #expect(refuses(record), "\(record)") }
    }

    @Test(
        "no accept reaches further ahead of what is chosen, and no vote over more slots, than any window"
    )
    func windows() {
        let one = ballot(1)
        func accept(_ first: Slot) -> LogMessage {
            .accept(LogAccept(ballot: one, first: first, values: [[1]], chosen: 10))
        }
        #expect(!refuses(accept(10 + LogMessage.maximumWindow)))
        #expect(refuses(accept(11 + LogMessage.maximumWindow)))
        func votes(_ count: UInt64) -> LogMessage {
            .accepted(LogAccepted(ballot: one, slots: [SlotRange(first: 5, last: 4 + count)]))
        }
        #expect(!refuses(votes(4 * LogMessage.maximumWindow)))
        #expect(refuses(votes(4 * LogMessage.maximumWindow + 1)))
    }

    @Test("what is counted up has a ceiling")
    func ceilings() {
        let high = Ballot(number: Ballot.ceiling + 1, incarnation: 1)
        let refused: [LogMessage] = [
            .prepare(LogPrepare(ballot: high, from: 1)),
            .nack(Nack(ballot: ballot(1), promised: high)),
            .heartbeat(LogHeartbeat(ballot: high, round: 1, chosen: 0, truncatable: 0)),
            .heartbeat(
                LogHeartbeat(
                    ballot: ballot(1), round: Ballot.ceiling + 1, chosen: 0, truncatable: 0)),
            .accepted(LogAccepted(ballot: ballot(1), slots: [], written: Ballot.ceiling + 1)),
        ]
        for message in refused { #expect(refuses(message), "\(message)") }
        #expect(refuses(.ballot(Ballot.ceiling + 1)) && !refuses(.ballot(Ballot.ceiling)))
    }

    @Test("nothing reaches beyond the highest slot")
    func reaches() {
        let one = ballot(1)
        let far = Slot.maximum + 1
        func report(chosen: Slot = 0, applied: Slot = 0, snapshot: Slot = 0) -> LogMessage {
            .report(
                LogReport(
                    isLeading: false, ballot: nil, leader: nil, chosen: chosen, applied: applied,
                    snapshot: snapshot, isVoting: nil, digest: nil))
        }
        let refused: [LogMessage] = [
            .heartbeat(LogHeartbeat(ballot: one, round: 0, chosen: far, truncatable: 0)),
            .heartbeat(LogHeartbeat(ballot: one, round: 0, chosen: 0, truncatable: far)),
            .pulse(Pulse(ballot: one, round: 0, isVoting: true, snapshot: far)),
            .promise(LogPromise(ballot: one, from: 1, truncated: far, entries: [], next: nil)),
            .accept(LogAccept(ballot: one, first: 1, values: [], chosen: far)),
            .fetch(Fetch(from: 1, snapshot: far, offset: 0)),
            .chosen(ChosenValues(first: 1, values: [], chosen: far)),
            .read(ReadAt(slot: far, operations: [])), report(chosen: far), report(applied: far),
            report(snapshot: far),
        ]
        for message in refused { #expect(refuses(message), "\(message)") }
        #expect(!refuses(report(chosen: .maximum, applied: .maximum, snapshot: .maximum)))
        #expect(refuses(.truncated(far)) && refuses(.chosen(far)))
        #expect(!refuses(.truncated(.maximum)) && !refuses(.chosen(.maximum)))
    }

    @Test("fields longer than their limits, and lists of too many, are refused")
    func lengths() {
        let one = ballot(1)
        let long = LogSamples.bytes(CommandBatch.maximumSize + 1)
        let body = LogSamples.bytes(ServiceLimits.maximumCommandSize + 1)
        let reply = LogSamples.bytes(ServiceLimits.maximumReplySize + 1)
        let many = LogMessage.maximumEntries + 1
        let refused: [LogMessage] = [
            .accept(LogAccept(ballot: one, first: 1, values: [long], chosen: 0)),
            .chosen(ChosenValues(first: 1, values: [long], chosen: 0)),
            .votes(Votes(first: 1, entries: [LogSamples.entry(1, at: one, long)])),
            .request(LogRequest(operations: [LogSamples.operation(.command, body)])),
            .read(ReadAt(slot: 1, operations: [LogSamples.operation(.query, body)])),
            .reply(LogReply(leader: nil, answers: [LogSamples.answer(1, 1, .done(reply))])),
            .snapshotPart(
                SnapshotPart(
                    slot: 1, size: 0, offset: 0, bytes: LogSamples.bytes(LogMessage.pageSize + 1))),
            .accept(
                LogAccept(
                    ballot: one, first: 1, values: Array(repeating: [], count: many), chosen: 0)),
            .accepted(
                LogAccepted(
                    ballot: one,
                    slots: Array(repeating: SlotRange(first: 1, last: 1), count: many))),
            .accepted(LogAccepted(ballot: one, slots: [SlotRange(first: 2, last: 1)])),
            .request(
                LogRequest(
                    operations: Array(
                        repeating: LogSamples.operation(.command, []), count: many))),
        ]
        for message in refused { #expect(refuses(message), "\(message.kind)") }
        #expect(
            refuses(.learned(1, long)) && refuses(.accepted(LogSamples.entry(1, at: one, long))))
    }

    @Test("bytes that stand for nothing are refused")
    func choices() {
        func refused(_ message: LogMessage, _ offset: Int, _ byte: UInt8) -> Bool {
            var bytes = encoded(message)
            bytes[offset] = byte
            return (try? decoded(LogMessage.self, bytes)) == nil
        }
        let inquiry = LogMessage.inquiry(Inquiry(wantsDigest: false))
        #expect(refused(inquiry, 1, 2) && !refused(inquiry, 1, 1))
        let request = LogMessage.request(
            LogRequest(operations: [LogSamples.operation(.command, [])]))
        #expect(refused(request, 37, 2) && !refused(request, 37, 1))
        let reply = LogMessage.reply(
            LogReply(leader: 63, answers: [LogSamples.answer(1, 1, .expired)]))
        #expect(refused(reply, 2, 64) && !refused(reply, 2, 62))
        #expect(refused(reply, 31, 6) && !refused(reply, 31, 5))
        var life = encoded(LogRecord.life(63, 1))
        life[1] = 64
        #expect(throws: WireError.invalidField) { try decoded(LogRecord.self, life) }
    }

    @Test("a count that promises more than there is costs nothing")
    func hugeCounts() {
        let ballot = [UInt8](repeating: 0, count: 16)
        let slot: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0]
        let listsAfter: [[UInt8]] = [
            [8] + ballot + slot + slot, [9] + ballot + slot, [10] + ballot, [13] + slot,
            [14] + slot, [16],
            [17, 0], [18] + slot,
        ]
        for bytes in listsAfter {
            #expect(throws: WireError.truncated) {
                try decoded(LogMessage.self, bytes + [0, 16, 0, 0])
            }
            for count in [[1, 16, 0, 0], [0xff, 0xff, 0xff, 0xff]] as [[UInt8]] {
                #expect(throws: WireError.invalidField) {
                    try decoded(LogMessage.self, bytes + count)
                }
            }
        }
        let chain = [UInt8](repeating: 0, count: 8)
        // A snapshot of 512 MiB, of which nothing is there.
        #expect(throws: WireError.truncated) {
            try decoded(LogRecord.self, [10] + slot + chain + [0, 0, 0, 0x20])
        }
        #expect(throws: WireError.invalidField) {
            try decoded(LogRecord.self, [10] + slot + chain + [1, 0, 0, 0x20])
        }
    }

    @Test("random bytes are read or refused, never trapped on", arguments: 0..<20 as Range<UInt64>)
    func noise(seed: UInt64) {
        var random = RandomSource(seed: 70 + seed)
        for _ in 0..<500 {
            let tag = UInt8(random.number(in: LogSamples.messageTags))
            let count = random.number(in: 0...120)
            let rest = (0..<count).map { _ in UInt8(random.below(256) >> random.below(9)) }
            if let message = try? decoded(LogMessage.self, [tag] + rest) {
                #expect(encoded(message) == [tag] + rest)
            }
            if let record = try? decoded(LogRecord.self, [tag] + rest) {
                #expect(encoded(record) == [tag] + rest)
            }
        }
    }

    @Test("the largest of each kind fits a UDP datagram")
    func sizes() {
        for message in LogSamples.largest {
            #expect(
                encoded(message).count + DatagramFormat.headerSize <= DatagramFormat.maximumSize,
                "\(message.kind)")
        }
    }

    @Test("ballots are told to traces")
    func ballots() {
        let numbers = LogSamples.ordinary.filter { $0.ballotNumber != nil }
        #expect(
            Set(numbers.map(\.kind)) == [
                "heartbeat", "pulse", "prepare", "promise", "accept", "accepted", "nack",
            ])
        #expect(numbers.allSatisfy { $0.ballotNumber == 12 })
    }
}
