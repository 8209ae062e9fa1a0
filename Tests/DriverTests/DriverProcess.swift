import Foundation
import Synchronization
import UDPRuntime

/// What a driver printed, and how it ended.
struct DriverResult: Sendable {
    let status: Int32
    let output: String
    let complaints: String
}

/// What a process writes to one of its descriptors, as it comes.
final class Transcript: Sendable {
    let pipe = Pipe()
    private let chunks: AsyncStream<Data>
    private let heard = Mutex(Data())

    init() {
        let (stream, continuation) = AsyncStream.makeStream(of: Data.self)
        chunks = stream
        let reader = pipe.fileHandleForReading
        Thread.detachNewThread {
            while case let data = reader.availableData, !data.isEmpty { continuation.yield(data) }
            continuation.finish()
        }
    }

    private var text: String { heard.withLock { String(decoding: $0, as: UTF8.self) } }

    /// Waits until something has been written; returns whether it was before the end.
    func contains(_ words: String) async -> Bool {
        if text.contains(words) { return true }
        for await chunk in chunks {
            heard.withLock { $0 += chunk }
            if text.contains(words) { return true }
        }
        return false
    }

    /// All that was written, once nothing more can come.
    var whole: String {
        get async {
            for await chunk in chunks { heard.withLock { $0 += chunk } }
            return text
        }
    }
}

/// A real driver in a process of its own.
final class DriverProcess: Sendable {
    private let process: Mutex<Process>
    private let statuses: AsyncStream<Int32>
    let output = Transcript()
    let complaints = Transcript()

    /// Starts a driver, or a program whose path is given, in a folder.
    init(_ name: String, _ arguments: [String], in folder: Folder) throws {
        let process = Process()
        // The test bundle lies beside the drivers.
        process.executableURL =
            name.hasPrefix("/")
            ? URL(fileURLWithPath: name) : Bundle.main.bundleURL.appendingPathComponent(name)
        process.arguments = arguments
        process.currentDirectoryURL = folder.url
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output.pipe
        process.standardError = complaints.pipe
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
        statuses = stream
        process.terminationHandler = {
            continuation.yield($0.terminationStatus)
            continuation.finish()
        }
        try process.run()
        self.process = Mutex(process)
    }

    func interrupt() { process.withLock { $0.interrupt() } }
    func terminate() { process.withLock { $0.terminate() } }

    /// Ends it without giving it a chance to say or write anything.
    func kill() { process.withLock { _ = Foundation.kill($0.processIdentifier, SIGKILL) } }

    /// How it ended; to be asked for once.
    var result: DriverResult {
        get async {
            let output = await output.whole
            let complaints = await complaints.whole
            for await status in statuses {
                return DriverResult(status: status, output: output, complaints: complaints)
            }
            fatalError("asked for a result twice")
        }
    }
}

/// A folder of a test's own, removed with it.
final class Folder: Sendable {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)

    init() throws {
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }

    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: url.appendingPathComponent(name))
    }

    /// Writes a hosts file for this machine, on ports that are free; returns the ports.
    @discardableResult
    func writeHosts(
        proposers: Int, acceptors: Int, learners: Int, clients: Int, keys: String = ""
    ) throws -> [UInt16] {
        let nodes = proposers + acceptors + learners
        var text = "PROPOSERS \(proposers)\nACCEPTORS \(acceptors)\nLEARNERS \(learners)\n" + keys
        let ports = try freePorts(nodes + clients)
        for (index, port) in ports.enumerated() {
            text += "127.0.0.1 \(port) \(index < nodes ? "con" : "cli")\n"
        }
        try write(text, to: "hosts.txt")
        return ports
    }

    /// Runs a driver to its end.
    func run(_ name: String, _ arguments: String...) async throws -> DriverResult {
        try await DriverProcess(name, arguments, in: self).result
    }
}

/// Ports that were free a moment ago, each given out once.
///
/// They are below those that the system gives to sockets that ask for any, as clients of log services do:
/// such a client of one test could else take the port of another test's node.
func freePorts(_ count: Int) throws -> [UInt16] {
    var found: [UInt16] = []
    while found.count < count {
        let port = nextPort.withLock { port in
            port = port < 32_000 ? port + 1 : 12_000
            return port
        }
        if (try? UDPSocket(bindingTo: .loopbackIPv4(port: port))) != nil { found.append(port) }
    }
    return found
}

private let nextPort = Mutex(UInt16.random(in: 12_000...31_000))
