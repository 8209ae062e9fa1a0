#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A system call that failed: which, and with what error number.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The C function's name.
    public let call: String
    /// The value of `errno`.
    public let code: Int32

    public init(call: String, code: Int32) {
        self.call = call
        self.code = code
    }

    /// The system's words for the error, as in `Address already in use`.
    public var reason: String { unsafe String(cString: strerror(code)) }

    /// As in `bind: Address already in use`.
    public var description: String { "\(call): \(reason)" }

    /// Whether it says only that nothing can be done without waiting.
    var wouldBlock: Bool { code == EAGAIN || code == EWOULDBLOCK }
    var isInterruption: Bool { code == EINTR }
    var isAddressInUse: Bool { code == EADDRINUSE }
    var isAddressNotHere: Bool { code == EADDRNOTAVAIL }
    var isNoSuchFile: Bool { code == ENOENT }
    var isNotPermitted: Bool { code == EACCES || code == EPERM }
}
