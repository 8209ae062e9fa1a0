#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

#if canImport(Glibc)
    private typealias SocketKind = __socket_type
#else
    private typealias SocketKind = Int32
#endif

/// The portable system calls, each under the name of its C function.
///
/// A call that a signal interrupted is made again here and nowhere else.
enum System {
    /// Makes a call again as long as a signal interrupts it.
    static func retrying<Result: SignedInteger>(
        _ call: String, _ body: () -> Result
    ) throws(SystemError) -> Result {
        while true {
            let result = body()
            if result >= 0 { return result }
            let code = errno
            if code != EINTR { throw SystemError(call: call, code: code) }
        }
    }

    /// Makes a socket for datagrams that never blocks and that no program started from here gets.
    static func socket(_ family: SocketAddress.Family) throws(SystemError) -> Int32 {
        #if os(Linux) && !SYNOD_PORTABLE
            // From birth: a process forked before a second call would hand it on to its program.
            return try retrying("socket") { makeSocket(family, [SOCK_CLOEXEC, SOCK_NONBLOCK]) }
        #else
            let descriptor = try retrying("socket") { makeSocket(family, []) }
            do throws(SystemError) {
                try setUnblockedAndUnshared(descriptor)
            } catch {
                close(descriptor)
                throw error
            }
            return descriptor
        #endif
    }

    private static func makeSocket(
        _ family: SocketAddress.Family, _ flags: [SocketKind]
    ) -> Int32 {
        #if canImport(Glibc)
            let kind = flags.reduce(SOCK_DGRAM.rawValue) { $0 | $1.rawValue }
            return Glibc.socket(family.number, Int32(kind), 0)
        #elseif canImport(Musl)
            return Musl.socket(family.number, flags.reduce(SOCK_DGRAM, |), 0)
        #else
            return Darwin.socket(family.number, flags.reduce(SOCK_DGRAM, |), 0)
        #endif
    }

    /// Keeps calls on a descriptor from blocking, and programs started from here from getting it.
    static func setUnblockedAndUnshared(_ descriptor: Int32) throws(SystemError) {
        _ = try retrying("fcntl") { fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        _ = try retrying("fcntl") { fcntl(descriptor, F_SETFL, O_NONBLOCK) }
    }

    static func bind(_ descriptor: Int32, to address: SocketAddress) throws(SystemError) {
        _ = try unsafe address.withSystemAddress { pointer, length throws(SystemError) in
            try retrying("bind") {
                #if canImport(Glibc)
                    unsafe Glibc.bind(descriptor, pointer, length)
                #elseif canImport(Musl)
                    unsafe Musl.bind(descriptor, pointer, length)
                #else
                    unsafe Darwin.bind(descriptor, pointer, length)
                #endif
            }
        }
    }

    /// The address a socket is bound to.
    static func getsockname(_ descriptor: Int32) throws(SystemError) -> SocketAddress {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        _ = try retrying("getsockname") {
            unsafe withUnsafeMutableBytes(of: &storage) { bytes in
                let pointer = unsafe bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
                #if canImport(Glibc)
                    return unsafe Glibc.getsockname(descriptor, pointer, &length)
                #elseif canImport(Musl)
                    return unsafe Musl.getsockname(descriptor, pointer, &length)
                #else
                    return unsafe Darwin.getsockname(descriptor, pointer, &length)
                #endif
            }
        }
        guard let address = SocketAddress(storage) else {
            throw SystemError(call: "getsockname", code: EAFNOSUPPORT)
        }
        return address
    }

    /// Sets a socket option that is one number.
    static func setsockopt(
        _ descriptor: Int32, level: Int32, option: Int32, to value: Int32
    ) throws(SystemError) {
        var value = value
        _ = try retrying("setsockopt") {
            let size = socklen_t(MemoryLayout<Int32>.size)
            #if canImport(Glibc)
                return unsafe Glibc.setsockopt(descriptor, level, option, &value, size)
            #elseif canImport(Musl)
                return unsafe Musl.setsockopt(descriptor, level, option, &value, size)
            #else
                return unsafe Darwin.setsockopt(descriptor, level, option, &value, size)
            #endif
        }
    }

    /// Keeps an IPv6 socket from taking IPv4 datagrams as well.
    static func setIPv6Only(_ descriptor: Int32) throws(SystemError) {
        try setsockopt(
            descriptor, level: Int32(IPPROTO_IPV6), option: Int32(IPV6_V6ONLY), to: 1)
    }

    /// Asks for buffers of so many bytes; the system may give less without saying so.
    static func setBufferSizes(_ descriptor: Int32, to bytes: Int32) throws(SystemError) {
        try setsockopt(descriptor, level: SOL_SOCKET, option: SO_RCVBUF, to: bytes)
        try setsockopt(descriptor, level: SOL_SOCKET, option: SO_SNDBUF, to: bytes)
    }

    /// Opens a file to read.
    static func openToRead(_ path: String) throws(SystemError) -> Int32 {
        try retrying("open") { unsafe open(path, O_RDONLY | O_CLOEXEC) }
    }

    /// Opens a file to append to; makes it, readable by all, if it is not there.
    static func openToAppend(_ path: String) throws(SystemError) -> Int32 {
        try retrying("open") {
            unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, mode_t(0o644))
        }
    }

    /// Opens a file to write it anew; makes it, readable by all, if it is not there.
    static func openToReplace(_ path: String) throws(SystemError) -> Int32 {
        try retrying("open") {
            unsafe open(path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, mode_t(0o644))
        }
    }

    /// Reads up to `limit` bytes; fewer than asked for only at the end.
    static func read(_ descriptor: Int32, limit: Int) throws(SystemError) -> [UInt8] {
        var result: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: min(limit, 1 << 16))
        while result.count < limit {
            let room = min(chunk.count, limit - result.count)
            let count = try retrying("read") {
                #if canImport(Glibc)
                    unsafe Glibc.read(descriptor, &chunk, room)
                #elseif canImport(Musl)
                    unsafe Musl.read(descriptor, &chunk, room)
                #else
                    unsafe Darwin.read(descriptor, &chunk, room)
                #endif
            }
            if count == 0 { break }
            result += chunk[..<count]
        }
        return result
    }

    /// Writes all the bytes, in one call unless the system takes only a part.
    static func write(_ descriptor: Int32, _ bytes: [UInt8]) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            written += try retrying("write") {
                unsafe bytes.withUnsafeBytes { buffer in
                    let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[written...])
                    #if canImport(Glibc)
                        return unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
                    #elseif canImport(Musl)
                        return unsafe Musl.write(descriptor, rest.baseAddress, rest.count)
                    #else
                        return unsafe Darwin.write(descriptor, rest.baseAddress, rest.count)
                    #endif
                }
            }
        }
    }

    /// Closes a descriptor; what it says is of no use to anyone.
    static func close(_ descriptor: Int32) {
        #if canImport(Glibc)
            _ = Glibc.close(descriptor)
        #elseif canImport(Musl)
            _ = Musl.close(descriptor)
        #else
            _ = Darwin.close(descriptor)
        #endif
    }

    /// Nanoseconds of a clock that never goes back, from a start of the system's choosing.
    static func monotonicNanoseconds() -> Int64 { clock_gettime(CLOCK_MONOTONIC) }

    /// Nanoseconds since 1970 by the machine's calendar, which may be set back.
    static func calendarNanoseconds() -> Int64 { clock_gettime(CLOCK_REALTIME) }

    private static func clock_gettime(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        #if canImport(Glibc)
            unsafe Glibc.clock_gettime(clock, &time)
        #elseif canImport(Musl)
            unsafe Musl.clock_gettime(clock, &time)
        #else
            unsafe Darwin.clock_gettime(clock, &time)
        #endif
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
