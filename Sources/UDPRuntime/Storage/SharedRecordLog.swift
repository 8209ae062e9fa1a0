public import ConsensusCore

/// A record log held by reference.
///
/// A class because Swift 6.3 does not survive inlining what destroys a ``RecordLog``. One thread at a
/// time uses it: the one that opens it, then the one that it is handed to.
@usableFromInline
final class SharedRecordLog<Record: WireCodable>: RecordSink, @unchecked Sendable {
    private var log: RecordLog<Record>

    @usableFromInline
    init<A: Automaton>(
        directory: String, identity: LogIdentity, recovering automaton: inout A
    ) throws(ExitError) where A.Record == Record {
        log = try RecordLog.open(
            directory: directory, identity: identity, recovering: &automaton)
    }

    @usableFromInline
    func makeDurable(_ records: [Record]) throws(ExitError) {
        try log.makeDurable(records)
    }

    @usableFromInline
    func replaceAll(with records: [Record]) throws(ExitError) {
        try log.replaceAll(with: records)
    }
}
