import ConsensusCore
import PaxosNode

/// Records: reading never traps, and what can be read is written as the same bytes.
func fuzz(_ bytes: [UInt8]) {
    expectCanonical(LogRecord.self, bytes)
    expectCanonical(NodeRecord.self, bytes)
}
