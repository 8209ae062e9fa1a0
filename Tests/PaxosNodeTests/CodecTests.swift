import ConsensusCore
import Testing

@testable import PaxosNode

@Suite("Codec of messages and records")
struct CodecTests {
    @Test("the samples cover every message and every record, each with a tag of its own")
    func coverage() {
        let tags = Set(1...22 as ClosedRange<UInt8>)
        for samples in [Samples.smallest, Samples.ordinary, Samples.largest] {
            #expect(samples.count == 22 && Set(samples.map(\.kind)).count == 22)
            #expect(Set(samples.compactMap { encoded($0).first }) == tags)
        }
        let recordTags = Set(Samples.records.compactMap { encoded($0).first })
        #expect(recordTags == Set(1...8))
        var random = RandomSource(seed: 1)
        for tag in 1...22 {
            #expect(encoded(Samples.message(tag: tag, &random)).first == UInt8(tag))
        }
        for tag in 1...8 {
            #expect(encoded(Samples.record(tag: tag, &random)).first == UInt8(tag))
        }
    }

    @Test("every sample comes back as it was written")
    func roundTrip() throws {
        for message in Samples.smallest + Samples.ordinary + Samples.largest {
            #expect(try decoded(Message.self, encoded(message)) == message)
        }
        for record in Samples.records {
            #expect(try decoded(NodeRecord.self, encoded(record)) == record)
        }
    }

    @Test("so does whatever a seed gives", arguments: 0..<100 as Range<UInt64>)
    func randomRoundTrip(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        for tag in 1...22 {
            let message = Samples.message(tag: tag, &random)
            #expect(try decoded(Message.self, encoded(message)) == message)
        }
        for tag in 1...8 {
            let record = Samples.record(tag: tag, &random)
            #expect(try decoded(NodeRecord.self, encoded(record)) == record)
        }
    }

    @Test("every proper prefix throws")
    func prefixes() {
        var random = RandomSource(seed: 5)
        var messages = Samples.smallest + Samples.ordinary
        for tag in 1...22 { messages.append(Samples.message(tag: tag, &random)) }
        for message in messages {
            let bytes = encoded(message)
            for count in 0..<bytes.count {
                #expect(throws: WireError.truncated) {
                    try decoded(Message.self, bytes, count: count)
                }
            }
        }
        for record in Samples.records {
            let bytes = encoded(record)
            for count in 0..<bytes.count {
                #expect(throws: WireError.truncated) {
                    try decoded(NodeRecord.self, bytes, count: count)
                }
            }
        }
    }

    @Test("prefixes of the largest throw, too, at a thousand places each")
    func largePrefixes() {
        var random = RandomSource(seed: 6)
        for bytes in Samples.largest.map(encoded) where bytes.count > 1_000 {
            for _ in 0..<1_000 {
                let count = random.number(in: 0...bytes.count - 1)
                #expect(throws: WireError.truncated) {
                    try decoded(Message.self, bytes, count: count)
                }
            }
        }
    }

    @Test("every unknown tag throws", arguments: 0...255 as ClosedRange<UInt8>)
    func unknownTags(tag: UInt8) {
        let bytes = [tag] + [UInt8](repeating: 0, count: 100)
        if !(1...22).contains(tag) {
            #expect(throws: WireError.unknownTag(tag)) { try decoded(Message.self, bytes) }
        } else {
            #expect(throws: WireError.trailingBytes) { try decoded(Message.self, bytes) }
        }
        if !(1...8).contains(tag) {
            #expect(throws: WireError.unknownTag(tag)) { try decoded(NodeRecord.self, bytes) }
        } else {
            #expect(throws: WireError.trailingBytes) { try decoded(NodeRecord.self, bytes) }
        }
    }

    @Test("bytes left over are noticed")
    func trailingBytes() {
        for message in Samples.smallest + Samples.ordinary {
            #expect(throws: WireError.trailingBytes) {
                try decoded(Message.self, encoded(message) + [0])
            }
        }
        for record in Samples.records {
            #expect(throws: WireError.trailingBytes) {
                try decoded(NodeRecord.self, encoded(record) + [0])
            }
        }
    }

    @Test("fields outside their range are refused")
    func invalidFields() {
        func refused(_ bytes: [UInt8]) -> Bool {
            (try? decoded(Message.self, bytes)) == nil
        }
        let token = encoded(Message.token(Token(round: 1, candidate: 63, incarnation: 2)))
        var beyond = token
        beyond[5] = 64
        #expect(!refused(token) && refused(beyond))
        let longValue = Value(repeating: 1, count: maximumValueSize + 1)
        #expect(refused(encoded(Message.chosen(Chosen(value: longValue)))))
        let present = encoded(Message.present(Present(isEnrolled: true, following: nil)))
        #expect(!refused(present) && refused([present[0], 2, 0]) && refused([present[0], 1, 2]))
        #expect(throws: WireError.invalidField) {
            try decoded(Role.self, [3])
        }
        // 65 lives in a roster; a client set of too many words, or with an empty last word.
        #expect(throws: WireError.invalidField) {
            try decoded(Roster.self, [65, 0, 0, 0] + [UInt8](repeating: 1, count: 65 * 8))
        }
        #expect(throws: WireError.invalidField) {
            try decoded(ClientSet.self, [1, 16, 0, 0] + [UInt8](repeating: 1, count: 4_097 * 8))
        }
        #expect(throws: WireError.invalidField) {
            try decoded(ClientSet.self, [1, 0, 0, 0] + [UInt8](repeating: 0, count: 8))
        }
        // A length that promises more than there is costs no memory.
        #expect(throws: WireError.truncated) {
            try decoded(ClientSet.self, [0, 16, 0, 0, 1])
        }
    }

    @Test("kinds are the names of the interface, and ballots are told to traces")
    func names() {
        let kinds = Set(Samples.ordinary.map(\.kind))
        let fromInterface: Set<String> = [
            "token", "elected", "assign", "request", "prepare", "promise", "accept", "accepted",
            "nack",
        ]
        #expect(fromInterface.isSubset(of: kinds))
        let numbers = Samples.ordinary.filter { $0.ballotNumber != nil }
        #expect(
            Set(numbers.map(\.kind)) == ["prepare", "promise", "accept", "accepted", "nack"])
        #expect(numbers.allSatisfy { $0.ballotNumber == 12 })
    }
}
