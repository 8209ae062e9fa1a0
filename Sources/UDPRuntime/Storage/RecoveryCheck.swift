public import ConsensusCore

extension Automaton {
    /// Refuses to go on if what was recorded cannot be taken back.
    ///
    /// - Throws: ``ExitError`` of status 74.
    public func checkRecovery(from directory: String) throws(ExitError) {
        guard let recoveryFault else { return }
        throw ExitError(status: ExitStatus.storage, "\(directory): \(recoveryFault)")
    }
}
