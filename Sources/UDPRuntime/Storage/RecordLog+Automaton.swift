public import ConsensusCore

extension RecordLog {
    /// Opens a log and has an automaton take back what it recorded.
    ///
    /// - Throws: ``ExitError`` as the log's own initializer does, and of status 74 if the automaton cannot
    ///   take it back.
    public static func open<A: Automaton>(
        directory: String, identity: LogIdentity,
        complain: (String) -> Void = Console.complain, recovering automaton: inout A
    ) throws(ExitError) -> RecordLog where A.Record == Record {
        let log = try RecordLog(directory: directory, identity: identity, complain: complain) {
            automaton.recover($0)
        }
        if let fault = automaton.recoveryFault {
            throw ExitError(status: ExitStatus.storage, "\(directory): \(fault)")
        }
        return log
    }
}
