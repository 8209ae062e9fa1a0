import ConsensusCore
import Testing

@Suite("SipHash")
struct SipHashTests {
    /// The authors' key: the bytes 0 to 15.
    private static let key = SipHash.Key(low: 0x0706_0504_0302_0100, high: 0x0f0e_0d0c_0b0a_0908)

    /// The first of the vectors that the authors published, of the inputs 0, 1, 2, …; the last is the
    /// example of the paper's appendix.
    private static let vectors: [UInt64] = [
        0x726f_db47_dd0e_0e31, 0x74f8_39c5_93dc_67fd, 0x0d6c_8009_d9a9_4f5a,
        0x8567_6696_d7fb_7e2d, 0xcf27_94e0_2771_87b7, 0x1876_5564_cd99_a68d,
        0xcbc9_466e_58fe_e3ce, 0xab02_00f5_8b01_d137, 0x93f5_f579_9a93_2462,
        0x9e00_82df_0ba9_e4b0, 0x7a5d_bbc5_94dd_b9f3, 0xf4b3_2f46_226b_ada7,
        0x751e_8fbc_860e_e5fb, 0x14ea_5627_c084_3d90, 0xf723_ca90_8e7a_f2ee,
        0xa129_ca61_49be_45e5,
    ]

    @Test("gives what its authors published", arguments: vectors.indices)
    func published(count: Int) {
        let input = (0..<UInt8(count)).map { $0 }
        #expect(SipHash.hash(input.span, key: SipHashTests.key) == SipHashTests.vectors[count])
    }

    @Test("words taken in are the bytes they are made of")
    func words() {
        var hash = SipHash(key: SipHashTests.key)
        hash.absorb(0x0706_0504_0302_0100)
        #expect(hash.finish(tail: 0x0a09_08, tailCount: 3) == SipHashTests.vectors[11])
        let bytes = (0..<UInt8(24)).map { $0 }
        var whole = SipHash(key: SipHashTests.key)
        for word: UInt64 in [0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908, 0x1716_1514_1312_1110] {
            whole.absorb(word)
        }
        #expect(whole.finish() == SipHash.hash(bytes.span, key: SipHashTests.key))
    }
}
