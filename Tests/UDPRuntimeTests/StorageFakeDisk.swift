import ConsensusCore
import Foundation
import Synchronization

@testable import UDPRuntime

/// A disk in memory that fails and crashes as it is told.
///
/// It keeps apart what the system shows and what the device has. What was written and not synchronized
/// survives a power failure sector by sector, or not, as drawn; so do names made, changed and removed.
/// A synchronization that fails forgets what it should have written, as Linux does.
final class FakeDisk: StorageFiles {
    static let sectorSize = 512

    struct File {
        var bytes: [UInt8] = []
        var durable: [UInt8] = []
        /// The sectors that a synchronization would write.
        var dirty: Set<Int> = []
    }

    enum NameChange {
        case made(String, Int)
        case moved(String, String, Int)
        case removed(String)
    }

    enum Call: Hashable {
        case open, write, synchronize, synchronizeData, allocate, move, remove
    }

    struct State {
        var files: [File] = []
        var names: [String: Int] = [:]
        var durableNames: [String: Int] = [:]
        var pending: [NameChange] = []
        var directories: Set<String> = ["", "."]
        var descriptors: [Int32: Int?] = [:]
        var locks: [Int: Int32] = [:]
        var nextDescriptor: Int32 = 3
        var calls: [Call: Int] = [:]
        /// How many more calls that change something succeed before the process counts as dead.
        var callsToLive = Int.max
        /// A call of this kind, or of any, fails with this number, after so many others of it succeeded.
        var failure: (call: Call?, code: Int32, others: Int)?
        /// How many times it was asked which file something is.
        var looks = 0
        /// How many bytes a write takes at most.
        var writeLimit = Int.max
        /// How many bytes all files may have.
        var capacity = Int.max
    }

    let state = Mutex(State())

    func with<Result>(_ body: (inout sending State) -> sending Result) -> Result {
        state.withLock { body(&$0) }
    }

    func count(_ call: Call) -> Int { with { $0.calls[call, default: 0] } }
    /// How many calls so far changed something.
    var changes: Int { with { $0.calls.values.reduce(0, +) } }

    /// Lets a call of a kind, or of any kind, fail: the next one, or the one after so many others.
    func fail(_ call: Call?, _ code: Int32, after others: Int = 0) {
        with { $0.failure = (call, code, others) }
    }

    // MARK: Crashes

    /// Ends the process; the system lives on and shows what was written.
    func kill() {
        with {
            $0.descriptors = [:]
            $0.locks = [:]
            $0.callsToLive = .max
            $0.failure = nil
        }
    }

    /// Ends process and system; of what was not synchronized, the device has what is drawn.
    func powerFailure(_ random: inout RandomSource) {
        kill()
        let seed = random.next()
        with { state in
            var random = RandomSource(seed: seed)
            for change in state.pending where random.below(2) == 0 {
                state.durableNames.apply(change)
            }
            state.pending = []
            state.names = state.durableNames
            for index in state.files.indices {
                state.files[index].loseWhatIsNotDurable(&random)
            }
        }
    }

    /// Counts a call that changes something, unless the process is dead or the call is to fail.
    private static func change(_ call: Call, _ state: inout State) throws(SystemError) {
        state.calls[call, default: 0] += 1
        guard state.callsToLive > 0 else { throw SystemError(call: "dead", code: EIO) }
        state.callsToLive -= 1
        guard let failure = state.failure, failure.call ?? call == call else { return }
        guard failure.others == 0 else {
            state.failure!.others -= 1
            return
        }
        state.failure = nil
        throw SystemError(call: "\(call)", code: failure.code)
    }

    private func attempt<Value: Sendable>(
        _ body: (inout State) throws(SystemError) -> Value
    ) throws(SystemError) -> Value {
        let result = with { state in
            do throws(SystemError) {
                return Result<Value, SystemError>.success(try body(&state))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    // MARK: StorageFiles

    func makeDirectory(_ path: String) throws(SystemError) {
        _ = with { $0.directories.insert(path) }
    }

    func namesInDirectory(_ path: String) throws(SystemError) -> [String] {
        with { $0.names.keys.map { String($0.dropFirst(path.count + 1)) } }
    }

    func openToRead(_ path: String) throws(SystemError) -> Int32 {
        try attempt { state throws(SystemError) in
            if state.directories.contains(path) { return state.open(nil) }
            guard let file = state.names[path] else {
                throw SystemError(call: "open", code: ENOENT)
            }
            return state.open(file)
        }
    }

    func openOrMake(_ path: String) throws(SystemError) -> Int32 {
        try attempt { state throws(SystemError) in
            if let file = state.names[path] { return state.open(file) }
            try FakeDisk.change(.open, &state)
            state.files.append(File())
            state.names[path] = state.files.count - 1
            state.pending.append(.made(path, state.files.count - 1))
            return state.open(state.files.count - 1)
        }
    }

    func close(_ descriptor: Int32) {
        with { state in
            state.descriptors[descriptor] = nil
            state.locks = state.locks.filter { $0.value != descriptor }
        }
    }

    func identity(at path: String) throws(SystemError) -> FileIdentity {
        try attempt { state throws(SystemError) in
            state.looks += 1
            if state.directories.contains(path) { return FileIdentity(device: 0, number: 0) }
            guard let file = state.names[path] else {
                throw SystemError(call: "stat", code: ENOENT)
            }
            return FileIdentity(device: 1, number: UInt64(file))
        }
    }

    func identity(of descriptor: Int32) throws(SystemError) -> FileIdentity {
        with { state in
            state.looks += 1
            return FileIdentity(device: 1, number: UInt64(state.descriptors[descriptor]!!))
        }
    }

    func lockExclusively(_ descriptor: Int32) throws(SystemError) {
        try attempt { state throws(SystemError) in
            let file = state.descriptors[descriptor]!!
            guard state.locks[file] == nil else { throw SystemError(call: "flock", code: EAGAIN) }
            state.locks[file] = descriptor
        }
    }

    func unlock(_ descriptor: Int32) {
        with { state in state.locks = state.locks.filter { $0.value != descriptor } }
    }

    func read(_ descriptor: Int32, limit: Int, at offset: Int) throws(SystemError) -> [UInt8] {
        with { state in
            let bytes = state.files[state.descriptors[descriptor]!!].bytes
            return Array(bytes[min(offset, bytes.count)..<min(offset + limit, bytes.count)])
        }
    }

    func write(
        _ descriptor: Int32, _ bytes: [UInt8], from first: Int, at offset: Int
    ) throws(SystemError) -> Int {
        try attempt { state throws(SystemError) in
            let file = state.descriptors[descriptor]!!
            let taken = bytes[first...].prefix(state.writeLimit)
            do throws(SystemError) {
                try FakeDisk.change(.write, &state)
            } catch {
                // The process dies, or the device fails, in the middle of the write.
                state.files[file].write(taken.prefix(taken.count / 2), at: offset)
                throw error
            }
            state.files[file].write(taken, at: offset)
            return taken.count
        }
    }

    func synchronize(_ descriptor: Int32) throws(SystemError) {
        try synchronize(descriptor, .synchronize)
    }

    func synchronizeData(_ descriptor: Int32) throws(SystemError) {
        try synchronize(descriptor, .synchronizeData)
    }

    private func synchronize(_ descriptor: Int32, _ call: Call) throws(SystemError) {
        try attempt { state throws(SystemError) in
            let file = state.descriptors[descriptor]!
            do throws(SystemError) {
                try FakeDisk.change(call, &state)
            } catch {
                if let file, error.call != "dead" { state.files[file].dirty = [] }
                throw error
            }
            if let file {
                state.files[file].synchronize()
            } else {
                state.durableNames = state.names
                state.pending = []
            }
        }
    }

    func allocate(_ descriptor: Int32, size: Int) throws(SystemError) {
        try attempt { state throws(SystemError) in
            try FakeDisk.change(.allocate, &state)
            let file = state.descriptors[descriptor]!!
            let added = max(0, size - state.files[file].bytes.count)
            let used = state.names.values.reduce(0) { $0 + state.files[$1].bytes.count }
            guard used + added <= state.capacity else {
                throw SystemError(call: "posix_fallocate", code: ENOSPC)
            }
            state.files[file].bytes += [UInt8](repeating: 0, count: added)
        }
    }

    func move(_ path: String, to newPath: String) throws(SystemError) {
        try attempt { state throws(SystemError) in
            try FakeDisk.change(.move, &state)
            let change = NameChange.moved(path, newPath, state.names[path]!)
            state.names.apply(change)
            state.pending.append(change)
        }
    }

    func remove(_ path: String) throws(SystemError) {
        try attempt { state throws(SystemError) in
            try FakeDisk.change(.remove, &state)
            guard state.names[path] != nil else {
                throw SystemError(call: "unlink", code: ENOENT)
            }
            state.names.apply(.removed(path))
            state.pending.append(.removed(path))
        }
    }
}

extension FakeDisk.State {
    fileprivate mutating func open(_ file: Int?) -> Int32 {
        nextDescriptor += 1
        descriptors[nextDescriptor] = .some(file)
        return nextDescriptor
    }
}

extension [String: Int] {
    fileprivate mutating func apply(_ change: FakeDisk.NameChange) {
        switch change {
        case .made(let name, let file): self[name] = file
        case .moved(let old, let new, let file):
            self[old] = nil
            self[new] = file
        case .removed(let name): self[name] = nil
        }
    }
}

extension FakeDisk.File {
    fileprivate mutating func write(_ data: ArraySlice<UInt8>, at offset: Int) {
        guard !data.isEmpty else { return }
        let end = offset + data.count
        if bytes.count < end { bytes += [UInt8](repeating: 0, count: end - bytes.count) }
        bytes.replaceSubrange(offset..<end, with: data)
        dirty.formUnion(offset / FakeDisk.sectorSize...(end - 1) / FakeDisk.sectorSize)
    }

    /// The device gets one sector.
    private mutating func store(sector: Int) {
        let start = sector * FakeDisk.sectorSize
        let end = min(start + FakeDisk.sectorSize, durable.count)
        guard start < end else { return }
        durable.replaceSubrange(start..<end, with: bytes[start..<end])
    }

    private mutating func storeSize() {
        let missing = max(0, bytes.count - durable.count)
        durable += [UInt8](repeating: 0, count: missing)
    }

    fileprivate mutating func synchronize() {
        storeSize()
        for sector in dirty { store(sector: sector) }
        dirty = []
    }

    fileprivate mutating func loseWhatIsNotDurable(_ random: inout RandomSource) {
        if random.below(2) == 0 { storeSize() }
        for sector in dirty.sorted() where random.below(2) == 0 { store(sector: sector) }
        bytes = durable
        dirty = []
    }
}
