#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

// The system calls of stable storage. Each names the C function it makes in the error it throws.

extension System {
    /// Makes a directory for this user alone; one that is there already is left as it is.
    static func makeDirectory(_ path: String) throws(SystemError) {
        do throws(SystemError) {
            _ = try retrying("mkdir") { unsafe mkdir(path, mode_t(0o700)) }
        } catch {
            guard error.code == EEXIST else { throw error }
        }
    }

    /// The names in a directory, in no order.
    static func namesInDirectory(_ path: String) throws(SystemError) -> [String] {
        guard let directory = unsafe opendir(path) else {
            throw SystemError(call: "opendir", code: errno)
        }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(directory) else { break }
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
                unsafe String(cString: UnsafeRawPointer(field).assumingMemoryBound(to: CChar.self))
            }
            names.append(name)
        }
        if errno != 0 { throw SystemError(call: "readdir", code: errno) }
        return names
    }

    /// Opens a file to read and write; makes it, for this user alone, if it is not there.
    static func openOrMake(_ path: String) throws(SystemError) -> Int32 {
        try retrying("open") { unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, mode_t(0o600)) }
    }

    /// Which file or directory a path leads to.
    static func identity(at path: String) throws(SystemError) -> FileIdentity {
        var status = stat()
        _ = try retrying("stat") { unsafe stat(path, &status) }
        return FileIdentity(status)
    }

    /// Which file or directory a descriptor is of, whatever names that has by now.
    static func identity(of descriptor: Int32) throws(SystemError) -> FileIdentity {
        var status = stat()
        _ = try retrying("fstat") { unsafe fstat(descriptor, &status) }
        return FileIdentity(status)
    }

    /// Keeps every other process from doing the same until ``unlock(_:)``, or until this descriptor and
    /// all that were made from it are closed.
    ///
    /// - Throws: an error that ``SystemError/wouldBlock`` if another one has.
    static func lockExclusively(_ descriptor: Int32) throws(SystemError) {
        _ = try retrying("flock") { flock(descriptor, LOCK_EX | LOCK_NB) }
    }

    /// Gives up a lock, whoever else has descriptors of it.
    ///
    /// Closing does not do that: a process forked a moment ago, and yet to start its program, has one.
    static func unlock(_ descriptor: Int32) {
        _ = try? retrying("flock") { flock(descriptor, LOCK_UN) }
    }

    /// Reads up to `limit` bytes from a place in a file; fewer only at its end.
    static func read(
        _ descriptor: Int32, limit: Int, at offset: Int
    ) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit)
        var count = 0
        while count < limit {
            let added = try retrying("pread") {
                unsafe bytes.withUnsafeMutableBytes { buffer in
                    let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
                    return unsafe pread(
                        descriptor, rest.baseAddress!, rest.count, off_t(offset + count))
                }
            }
            if added == 0 { break }
            count += added
        }
        bytes.removeLast(limit - count)
        return bytes
    }

    /// Writes the bytes from `first` on to a place in a file; returns how many the system took.
    static func write(
        _ descriptor: Int32, _ bytes: [UInt8], from first: Int, at offset: Int
    ) throws(SystemError) -> Int {
        try retrying("pwrite") {
            unsafe bytes.withUnsafeBytes { buffer in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[first...])
                return unsafe pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset))
            }
        }
    }

    /// Returns once the device has all of a file, or a directory's names.
    static func synchronize(_ descriptor: Int32) throws(SystemError) {
        #if canImport(Darwin)
            // fsync there does not empty the device's own cache.
            if fcntl(descriptor, F_FULLFSYNC) == 0 { return }
        #endif
        _ = try retrying("fsync") { fsync(descriptor) }
    }

    /// Returns once the device has what was written to a file whose size has not changed.
    static func synchronizeData(_ descriptor: Int32) throws(SystemError) {
        #if os(Linux) && !SYNOD_PORTABLE
            _ = try retrying("fdatasync") { fdatasync(descriptor) }
        #else
            try synchronize(descriptor)
        #endif
    }

    /// Makes a file so many bytes long, with room on the device for all; what is new reads as zeros.
    static func allocate(_ descriptor: Int32, size: Int) throws(SystemError) {
        #if os(Linux) && !SYNOD_PORTABLE
            while true {
                let code = posix_fallocate(descriptor, 0, off_t(size))
                if code == 0 { return }
                if code == EOPNOTSUPP || code == EINVAL { break }
                if code != EINTR { throw SystemError(call: "posix_fallocate", code: code) }
            }
        #endif
        // Where nothing can set room aside, zeros must be written.
        var end = Int(try retrying("lseek") { lseek(descriptor, 0, SEEK_END) })
        let zeros = [UInt8](repeating: 0, count: 1 << 16)
        while end < size {
            let start = zeros.count - min(zeros.count, size - end)
            end += try write(descriptor, zeros, from: start, at: end)
        }
    }

    /// Gives a file another name; whatever had that name is gone.
    static func move(_ path: String, to newPath: String) throws(SystemError) {
        _ = try retrying("rename") { unsafe rename(path, newPath) }
    }

    /// Takes a file's name away.
    static func remove(_ path: String) throws(SystemError) {
        _ = try retrying("unlink") { unsafe unlink(path) }
    }
}

extension FileIdentity {
    fileprivate init(_ status: stat) {
        // Their types differ from system to system.
        self.init(
            device: UInt64(truncatingIfNeeded: status.st_dev),
            number: UInt64(truncatingIfNeeded: status.st_ino))
    }
}

extension SystemError {
    /// A write that took nothing and gave no reason.
    static let noProgress = SystemError(call: "pwrite", code: EIO)
    var isDeviceFull: Bool { code == ENOSPC || code == EDQUOT }
    /// Whether there is nothing at a path, or the way to it is no directory any more.
    var isNothingThere: Bool { code == ENOENT || code == ENOTDIR }
}
