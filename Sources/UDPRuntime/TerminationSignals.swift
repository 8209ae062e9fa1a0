/// SIGINT and SIGTERM as something an event loop can wait for.
///
/// Making one blocks both signals in the calling thread and the threads it starts from then on, so it
/// is made early in `main`. A signal that was ignored when the program began stays ignored.
public final class TerminationSignals: Sendable {
    let descriptor: Int32

    /// - Throws: ``ExitError`` of status 71 if the system gives no descriptor.
    public init() throws(ExitError) {
        do throws(SystemError) {
            descriptor = try System.signalfd()
        } catch {
            throw .system("The system does not let signals be awaited (\(error)).")
        }
    }

    deinit {
        System.close(descriptor)
    }

    /// The number of the signal that came; nil if none has.
    func take() -> Int32? { System.readSignal(descriptor) }
}
