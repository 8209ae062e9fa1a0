/// The system calls of stable storage, so that tests and the simulator can put a failing, crashing or
/// damaged disk in their place.
///
/// Each method does what the function of the same name in `System` does.
package protocol StorageFiles: Sendable {
    func makeDirectory(_ path: String) throws(SystemError)
    func namesInDirectory(_ path: String) throws(SystemError) -> [String]
    /// Opens a file, or a directory, to read.
    func openToRead(_ path: String) throws(SystemError) -> Int32
    func openOrMake(_ path: String) throws(SystemError) -> Int32
    func close(_ descriptor: Int32)
    func identity(at path: String) throws(SystemError) -> FileIdentity
    func identity(of descriptor: Int32) throws(SystemError) -> FileIdentity
    func lockExclusively(_ descriptor: Int32) throws(SystemError)
    func unlock(_ descriptor: Int32)
    func read(_ descriptor: Int32, limit: Int, at offset: Int) throws(SystemError) -> [UInt8]
    func write(
        _ descriptor: Int32, _ bytes: [UInt8], from first: Int, at offset: Int
    ) throws(SystemError) -> Int
    func synchronize(_ descriptor: Int32) throws(SystemError)
    func synchronizeData(_ descriptor: Int32) throws(SystemError)
    func allocate(_ descriptor: Int32, size: Int) throws(SystemError)
    func move(_ path: String, to newPath: String) throws(SystemError)
    func remove(_ path: String) throws(SystemError)
}

/// Which file or directory something is, whatever names it has.
package struct FileIdentity: Hashable, Sendable {
    package var device: UInt64
    /// Its number on the device.
    package var number: UInt64

    package init(device: UInt64, number: UInt64) {
        self.device = device
        self.number = number
    }
}

/// The files of the operating system.
struct SystemFiles: StorageFiles {
    func makeDirectory(_ path: String) throws(SystemError) { try System.makeDirectory(path) }

    func namesInDirectory(_ path: String) throws(SystemError) -> [String] {
        try System.namesInDirectory(path)
    }

    func openToRead(_ path: String) throws(SystemError) -> Int32 { try System.openToRead(path) }

    func openOrMake(_ path: String) throws(SystemError) -> Int32 { try System.openOrMake(path) }

    func close(_ descriptor: Int32) { System.close(descriptor) }

    func identity(at path: String) throws(SystemError) -> FileIdentity {
        try System.identity(at: path)
    }

    func identity(of descriptor: Int32) throws(SystemError) -> FileIdentity {
        try System.identity(of: descriptor)
    }

    /// Waits a moment for one who has it.
    ///
    /// A process that was killed may have forked a moment before, and the other have yet to start its
    /// program: then it holds the lock, and lets go of it by itself.
    func lockExclusively(_ descriptor: Int32) throws(SystemError) {
        try System.retryingBriefly(if: \.wouldBlock) { () throws(SystemError) in
            try System.lockExclusively(descriptor)
        }
    }

    func unlock(_ descriptor: Int32) { System.unlock(descriptor) }

    func read(_ descriptor: Int32, limit: Int, at offset: Int) throws(SystemError) -> [UInt8] {
        try System.read(descriptor, limit: limit, at: offset)
    }

    func write(
        _ descriptor: Int32, _ bytes: [UInt8], from first: Int, at offset: Int
    ) throws(SystemError) -> Int {
        try System.write(descriptor, bytes, from: first, at: offset)
    }

    func synchronize(_ descriptor: Int32) throws(SystemError) {
        try System.synchronize(descriptor)
    }

    func synchronizeData(_ descriptor: Int32) throws(SystemError) {
        try System.synchronizeData(descriptor)
    }

    func allocate(_ descriptor: Int32, size: Int) throws(SystemError) {
        try System.allocate(descriptor, size: size)
    }

    func move(_ path: String, to newPath: String) throws(SystemError) {
        try System.move(path, to: newPath)
    }

    func remove(_ path: String) throws(SystemError) { try System.remove(path) }
}
