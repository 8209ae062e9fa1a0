/// Where a log is being written: what must still be at its paths for a next life to find it.
///
/// An open file can be written to, and synchronized, long after its last name is gone. Only a look at
/// the path tells whether anybody will find again what was made durable.
struct LogPlace {
    let directory: FileIdentity
    let segment: FileIdentity
    let segmentName: String
    let segmentPath: String
}

extension StorageFolder {
    /// The directory that is at the path now.
    func identity() throws(ExitError) -> FileIdentity {
        try attempt("looked at") { () throws(SystemError) in try files.identity(at: path) }
    }

    /// The place of a log that goes on in this file.
    ///
    /// - Parameter directory: what the path led to when the log was opened.
    func place(
        of file: borrowing OpenFile, named name: String, in directory: FileIdentity
    ) throws(ExitError) -> LogPlace {
        do throws(SystemError) {
            return LogPlace(
                directory: directory, segment: try files.identity(of: file.descriptor),
                segmentName: name, segmentPath: path(of: name))
        } catch {
            throw failure("looked at", name, error)
        }
    }

    /// Throws unless directory and segment are still what is found at their paths; two system calls.
    func check(_ place: LogPlace) throws(ExitError) {
        guard let directory = try found(at: path, nil) else {
            throw displaced("the directory is gone: it was removed, or moved away")
        }
        guard directory == place.directory else {
            throw displaced("something else is in its place: it was moved away, or replaced")
        }
        let name = place.segmentName
        guard let segment = try found(at: place.segmentPath, name) else {
            throw displaced("'\(name)' is gone: it was removed, or moved away")
        }
        guard segment == place.segment else {
            throw displaced("another file is in the place of '\(name)': it was replaced")
        }
    }

    /// What is at a path; nil if nothing is.
    private func found(at path: String, _ name: String?) throws(ExitError) -> FileIdentity? {
        do throws(SystemError) {
            return try files.identity(at: path)
        } catch {
            if error.isNothingThere { return nil }
            throw failure("looked at", name, error)
        }
    }

    private func displaced(_ what: String) -> ExitError {
        .storage(
            "Storage '\(path)': \(what), while the node was running. All that it has said to others is "
                + "in what was there: put that back and start the node again. If it is lost, so "
                + "is what the node promised: with an empty directory it has no vote any more.")
    }
}
