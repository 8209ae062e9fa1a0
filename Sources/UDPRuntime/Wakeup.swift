/// Wakes an event loop from another thread.
@usableFromInline
final class Wakeup: Sendable {
    private let descriptors: WakeupDescriptors

    /// - Throws: ``ExitError`` of status 71 if the system gives no descriptor.
    init() throws(ExitError) {
        do throws(SystemError) {
            descriptors = try System.makeWakeup()
        } catch {
            throw .system("The system does not let threads wake each other (\(error)).")
        }
    }

    deinit {
        descriptors.close()
    }

    /// What the loop waits for.
    var descriptor: Int32 { descriptors.reader }

    @usableFromInline
    func signal() { System.signalWakeup(descriptors.writer) }

    @usableFromInline
    func clear() { System.clearWakeup(descriptors.reader) }
}
