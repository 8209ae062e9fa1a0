import ConsensusCore
import StateMachines
import Testing

@Suite("Commands and replies as bytes")
struct CodecTests {
    @Test("a refusal is read alike by the clients of every service", arguments: Refusal.allCases)
    func refusals(refusal: Refusal) throws {
        let bytes = KeyValueReply.refused(refusal).encoded()
        #expect(bytes == ListReply.refused(refusal).encoded())
        #expect(try ListReply(reading: bytes.span) == .refused(refusal))
        #expect(try KeyValueReply(reading: bytes.span) == .refused(refusal))
    }
}
