import Synchronization
import UDPRuntime

/// Files in memory, of one directory, in the place of the operating system's.
///
/// Nothing fails, and what is written is durable at once.
final class MemoryFiles: StorageFiles {
    struct File: Hashable {
        var path: String
        var bytes: [UInt8] = []

        /// How many bytes there are up to the last that is not zero.
        var dataCount: Int { bytes.count - bytes.reversed().prefix { $0 == 0 }.count }
    }

    /// A write: which bytes took the place of which.
    struct Write: Hashable {
        var file: Int
        var offset: Int
        var before: [UInt8]
        var after: [UInt8]
    }

    private let state = Mutex<[File]>([])
    private let log = Mutex<[Write]>([])

    /// All writes so far, in order.
    var writes: [Write] { log.withLock { $0 } }

    /// Descriptors of directories, which have nothing to read.
    private static let directory: Int32 = -1

    /// All files, in the order in which they were made; one that was removed has no path.
    var files: [File] {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }

    private func file(_ path: String) -> Int? { files.firstIndex { $0.path == path } }

    func makeDirectory(_ path: String) {}

    func namesInDirectory(_ path: String) -> [String] {
        files.filter { $0.path.hasPrefix(path + "/") }
            .map { String($0.path.dropFirst(path.count + 1)) }
    }

    func openToRead(_ path: String) -> Int32 { file(path).map(Int32.init) ?? MemoryFiles.directory }

    func openOrMake(_ path: String) -> Int32 {
        if let file = file(path) { return Int32(file) }
        return state.withLock { files in
            files.append(File(path: path))
            return Int32(files.count - 1)
        }
    }

    func close(_ descriptor: Int32) {}

    func identity(at path: String) -> FileIdentity { identity(of: openToRead(path)) }

    func identity(of descriptor: Int32) -> FileIdentity {
        FileIdentity(device: 0, number: UInt64(Int(descriptor) + 1))
    }

    func lockExclusively(_ descriptor: Int32) {}

    func unlock(_ descriptor: Int32) {}

    func read(_ descriptor: Int32, limit: Int, at offset: Int) -> [UInt8] {
        Array(files[Int(descriptor)].bytes.dropFirst(offset).prefix(limit))
    }

    func write(_ descriptor: Int32, _ bytes: [UInt8], from first: Int, at offset: Int) -> Int {
        state.withLock { files in
            let file = Int(descriptor)
            let end = offset + bytes.count - first
            files[file].bytes.grow(to: end)
            let write = Write(
                file: file, offset: offset, before: Array(files[file].bytes[offset..<end]),
                after: Array(bytes[first...]))
            log.withLock { $0.append(write) }
            files[file].bytes.replaceSubrange(offset..<end, with: bytes[first...])
            return bytes.count - first
        }
    }

    func synchronize(_ descriptor: Int32) {}

    func synchronizeData(_ descriptor: Int32) {}

    func allocate(_ descriptor: Int32, size: Int) {
        state.withLock { $0[Int(descriptor)].bytes.grow(to: size) }
    }

    func move(_ path: String, to newPath: String) {
        guard let moved = file(path) else { return }
        remove(newPath)
        state.withLock { $0[moved].path = newPath }
    }

    func remove(_ path: String) {
        guard let removed = file(path) else { return }
        state.withLock { $0[removed] = File(path: "") }
    }
}

extension [UInt8] {
    /// Adds zeros up to so many bytes.
    fileprivate mutating func grow(to size: Int) {
        if count < size { append(contentsOf: repeatElement(0, count: size - count)) }
    }
}
