#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#elseif canImport(Darwin)
    private import Darwin
#endif

extension System {
    /// Runs a body in a thread of its own, which ends with it.
    ///
    /// - Throws: ``ExitError`` of status 71 if the system gives no thread.
    static func startThread(_ body: @escaping @Sendable () -> Void) throws(ExitError) {
        let box = unsafe Unmanaged.passRetained(ThreadBody(body))
        #if canImport(Darwin)
            var thread: pthread_t?
        #else
            var thread = pthread_t()
        #endif
        let code = unsafe pthread_create(
            &thread, nil,
            { context in
                #if canImport(Darwin)
                    let body = unsafe Unmanaged<ThreadBody>.fromOpaque(context)
                #else
                    let body = unsafe Unmanaged<ThreadBody>.fromOpaque(context!)
                #endif
                unsafe body.takeRetainedValue().run()
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            unsafe box.release()
            throw .system(
                "The system gives no thread (\(SystemError(call: "pthread_create", code: code))).")
        }
        #if canImport(Darwin)
            if let thread { unsafe pthread_detach(thread) }
        #else
            pthread_detach(thread)
        #endif
    }
}

/// What a thread is to run.
private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) {
        self.run = run
    }
}
