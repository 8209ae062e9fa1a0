internal import ConsensusCore

/// The directory of a log, and the sentences for what goes wrong in it.
struct StorageFolder {
    let path: String
    let files: any StorageFiles

    func path(of name: String) -> String { path + "/" + name }

    /// The folder that holds this one.
    var parent: String {
        var rest = path[...]
        while rest.count > 1 && rest.hasSuffix("/") { rest.removeLast() }
        guard let slash = rest.lastIndex(of: "/") else { return "." }
        rest = rest[..<slash]
        while rest.hasSuffix("/") { rest.removeLast() }
        return rest.isEmpty ? "/" : String(rest)
    }

    // MARK: Sentences

    /// Makes system calls and turns what they throw into a sentence.
    ///
    /// - Parameter name: the file it is about; nil for the directory.
    func attempt<Result: ~Copyable>(
        _ action: String, _ name: String? = nil, _ body: () throws(SystemError) -> Result
    ) throws(ExitError) -> Result {
        do throws(SystemError) {
            return try body()
        } catch {
            throw failure(action, name, error)
        }
    }

    func failure(_ action: String, _ name: String?, _ error: SystemError) -> ExitError {
        let subject = name.map { "'\($0)' " } ?? "the directory "
        let sentence = "Storage '\(path)': \(subject)could not be \(action) (\(error)). "
        if error.isDeviceFull {
            return .storage(
                sentence + "The device is full: make room and start the node again. "
                    + "All that it has said to others is kept.")
        }
        return .storage(sentence + "The node ends rather than say what it may forget.")
    }

    /// A file that is not what it must be; nothing has been changed.
    func refusal(_ name: String, at offset: Int, _ reason: String) -> ExitError {
        .storage(
            "Storage '\(path)': '\(name)' is damaged at byte \(offset): \(reason). Nothing has been "
                + "changed. What this node promised may be lost, so it does not start: bring the "
                + "file back whole, or leave the node out for the rest of the run.")
    }

    // MARK: Opening

    /// Opens a file of the directory; makes it if it is not there.
    func open(_ name: String) throws(ExitError) -> OpenFile {
        let descriptor = try attempt("opened", name) { () throws(SystemError) in
            try files.openOrMake(path(of: name))
        }
        return OpenFile(descriptor, of: files)
    }

    /// Makes the directory if it is not there, and locks it.
    func lock() throws(ExitError) -> DirectoryLock {
        do throws(SystemError) {
            try files.makeDirectory(path)
        } catch {
            guard error.isNoSuchFile else { throw failure("made", nil, error) }
            throw .storage(
                "Storage '\(path)' could not be made (\(error)). "
                    + "Make the directory above it first, or correct the path.")
        }
        let file = try open(StorageFolder.lockName)
        do throws(SystemError) {
            try files.lockExclusively(file.descriptor)
        } catch {
            guard error.wouldBlock else {
                throw failure("locked", StorageFolder.lockName, error)
            }
            // As with a port in use, nothing is wrong with what is stored: 71, not 74.
            throw .system(
                "Storage '\(path)' is in use: another process holds it. Each node needs a directory "
                    + "of its own; if that process is an earlier life of this node, wait until "
                    + "it has ended.")
        }
        return DirectoryLock(file: file)
    }

    static let lockName = "lock"

    /// Makes the names in a directory durable.
    func synchronizeNames(in directory: String) throws(ExitError) {
        try attempt("synchronized") { () throws(SystemError) in
            let descriptor = try files.openToRead(directory)
            defer { files.close(descriptor) }
            try files.synchronize(descriptor)
        }
    }

    /// Makes it durable that the directory itself is there, where this user may.
    func synchronizeParent() throws(ExitError) {
        do throws(SystemError) {
            files.close(try files.openToRead(parent))
        } catch {
            // A directory whose parent is not this user's was made by somebody else, earlier.
            if error.isNotPermitted { return }
        }
        try synchronizeNames(in: parent)
    }

    // MARK: Segments

    /// The headers of the segments that make up the log, in order; none if there is no log yet.
    ///
    /// - Returns: also the names of files that earlier lives left behind.
    func headers(of identity: LogIdentity) throws(ExitError) -> (
        headers: [SegmentHeader], leftovers: [String]
    ) {
        let names = try attempt("read") { () throws(SystemError) in
            try files.namesInDirectory(path)
        }.sorted()
        var headers: [SegmentHeader] = []
        var leftovers: [String] = []
        for name in names {
            if SegmentHeader.number(ofFile: name) != nil {
                headers.append(try header(of: name, identity))
            } else if name.hasSuffix(SegmentHeader.unfinishedSuffix),
                SegmentHeader.number(ofFile: String(name.dropLast(4))) != nil
            {
                leftovers.append(name)
            }
        }
        guard let first = headers.first else { return ([], leftovers) }
        guard let base = headers.lastIndex(where: \.isBase) else {
            throw refusal(first.fileName, at: 0, "the segments before it are missing")
        }
        leftovers += headers[..<base].map(\.fileName)
        headers.removeFirst(base)
        for (index, header) in headers.enumerated()
        where header.number != headers[0].number + UInt64(index) {
            throw refusal(header.fileName, at: 0, "the segment before it is missing")
        }
        return (headers, leftovers)
    }

    private func header(
        of name: String, _ identity: LogIdentity
    ) throws(ExitError) -> SegmentHeader {
        let bytes = try read(name, limit: SegmentHeader.size)
        let header: SegmentHeader
        do throws(HeaderError) {
            header = try SegmentHeader(decoding: bytes)
        } catch {
            switch error {
            case .notOurs: throw refusal(name, at: 0, "it does not begin as a segment does")
            case .damaged: throw refusal(name, at: 0, "its header is not whole")
            case .version(let version):
                throw .storage(
                    "Storage '\(path)': '\(name)' has format \(version), and this program knows "
                        + "format \(SegmentHeader.formatVersion) only. Nothing has been changed.")
            }
        }
        guard header.identity.cluster == identity.cluster else {
            throw .storage(
                "Storage '\(path)' belongs to another cluster, one with another hosts file. Nothing "
                    + "has been changed. Use that hosts file, or another directory.")
        }
        guard header.identity.node == identity.node else {
            throw .storage(
                "Storage '\(path)' belongs to node \(header.identity.node), not to node "
                    + "\(identity.node). Nothing has been changed. Each node needs a directory of "
                    + "its own.")
        }
        guard header.fileName == name else {
            throw refusal(name, at: 0, "its header is that of '\(header.fileName)'")
        }
        return header
    }

    /// Reads a file from its beginning.
    func read(_ name: String, limit: Int) throws(ExitError) -> [UInt8] {
        try attempt("read", name) { () throws(SystemError) in
            let descriptor = try files.openToRead(path(of: name))
            defer { files.close(descriptor) }
            return try files.read(descriptor, limit: limit, at: 0)
        }
    }

    /// Makes a segment's file, durable with all that is given it, before it has its name.
    ///
    /// - Returns: the file, open to be written to.
    func makeSegment(
        _ header: SegmentHeader, frames: [ByteWriter]
    ) throws(ExitError) -> OpenFile {
        let unfinished = header.fileName + SegmentHeader.unfinishedSuffix
        let file = try open(unfinished)
        do throws(ExitError) {
            try attempt("given \(header.capacity) bytes", unfinished) { () throws(SystemError) in
                try files.allocate(file.descriptor, size: header.capacity)
            }
            try attempt("written", unfinished) { () throws(SystemError) in
                try file.write(header.encoded(), at: 0)
                var end = SegmentHeader.size
                for frame in frames {
                    try file.write(frame.bytes, at: end)
                    end += frame.bytes.count
                }
                try files.synchronize(file.descriptor)
            }
        } catch {
            // A device that is full is left as it was found.
            try? files.remove(path(of: unfinished))
            throw error
        }
        try attempt("renamed", unfinished) { () throws(SystemError) in
            try files.move(path(of: unfinished), to: path(of: header.fileName))
        }
        try synchronizeNames(in: path)
        return file
    }
}

/// An open file, closed with the value.
struct OpenFile: ~Copyable {
    let descriptor: Int32
    let files: any StorageFiles

    init(_ descriptor: Int32, of files: any StorageFiles) {
        self.descriptor = descriptor
        self.files = files
    }

    deinit {
        files.close(descriptor)
    }

    /// Writes all the bytes, in one call unless the system takes only a part.
    func write(_ bytes: [UInt8], at offset: Int) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            let count = try files.write(
                descriptor, bytes, from: written, at: offset + written)
            guard count > 0 else { throw SystemError.noProgress }
            written += count
        }
    }
}

/// A directory kept for this process alone, until the value goes.
///
/// The lock is given up before its file is closed: a process that is being forked in that moment has the
/// file open too, and would keep a lock alive that only goes with the last who has.
struct DirectoryLock: ~Copyable {
    let file: OpenFile

    deinit {
        file.files.unlock(file.descriptor)
    }
}

extension ExitError {
    /// Storage that failed, or that must not be gone by.
    static func storage(_ sentence: String) -> ExitError {
        ExitError(status: ExitStatus.storage, sentence)
    }
}
