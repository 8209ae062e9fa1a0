#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The two ends of what wakes a thread that waits for descriptors; perhaps one descriptor for both.
struct WakeupDescriptors {
    /// What is waited for.
    let reader: Int32
    let writer: Int32

    func close() {
        System.close(reader)
        if writer != reader { System.close(writer) }
    }
}

extension System {
    /// Makes the other end ready.
    ///
    /// It can fail only where the other end is ready already, and so much that nothing more fits.
    static func signalWakeup(_ descriptor: Int32) {
        // Eight bytes are what Linux's eventfd asks for.
        var number: UInt64 = 1
        _ = try? retrying("write") {
            #if canImport(Glibc)
                unsafe Glibc.write(descriptor, &number, 8)
            #elseif canImport(Musl)
                unsafe Musl.write(descriptor, &number, 8)
            #else
                unsafe Darwin.write(descriptor, &number, 8)
            #endif
        }
    }

    /// Makes this end no longer ready, or, where it was made ready several times, ready once less.
    static func clearWakeup(_ descriptor: Int32) {
        var number: UInt64 = 0
        _ = try? retrying("read") {
            #if canImport(Glibc)
                unsafe Glibc.read(descriptor, &number, 8)
            #elseif canImport(Musl)
                unsafe Musl.read(descriptor, &number, 8)
            #else
                unsafe Darwin.read(descriptor, &number, 8)
            #endif
        }
    }
}
