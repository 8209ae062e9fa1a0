internal import Synchronization

/// A file that takes one JSON object a line, each in one write, so that several nodes can share it.
public final class TraceFile: Sendable {
    public let path: String
    private let descriptor: Int32
    /// Whether a write has failed; nothing more is written then.
    private let hasFailed = Atomic<Bool>(false)

    /// Opens a file to append to, and makes it if it is not there.
    ///
    /// - Throws: ``ExitError`` of status 71 if the system does not let it be written.
    public init(path: String) throws(ExitError) {
        self.path = path
        do throws(SystemError) {
            descriptor = try System.openToAppend(path)
        } catch {
            throw .system("--trace: '\(path)' cannot be written (\(error)).")
        }
    }

    deinit {
        System.close(descriptor)
    }

    /// Appends a line.
    ///
    /// A failure is said once, on standard error; a run does not end for its trace.
    func append(_ line: JSONLine) {
        guard !hasFailed.load(ordering: .relaxed) else { return }
        do throws(SystemError) {
            try System.write(descriptor, line.bytes)
        } catch {
            if !hasFailed.exchange(true, ordering: .relaxed) {
                Console.complain("The trace '\(path)' ends here (\(error)).")
            }
        }
    }
}
