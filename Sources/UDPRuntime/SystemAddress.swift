#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension SocketAddress.Family {
    /// The system's number for the family.
    var number: Int32 {
        switch self {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        }
    }
}

extension SocketAddress {
    /// Reads the system's form of an address; nil if it is neither IPv4 nor IPv6.
    init?(_ storage: sockaddr_storage) {
        var storage = storage
        let bytes = unsafe withUnsafeBytes(of: &storage) { unsafe [UInt8]($0) }
        func number(_ range: Range<Int>) -> UInt64 {
            bytes[range].reduce(0) { $0 << 8 | UInt64($1) }
        }
        switch Int32(storage.ss_family) {
        case AF_INET:
            self.init(ipv4: UInt32(number(4..<8)), port: UInt16(number(2..<4)))
        case AF_INET6:
            let scope = unsafe withUnsafeBytes(of: &storage) {
                unsafe $0.load(fromByteOffset: 24, as: UInt32.self)
            }
            self.init(
                ipv6High: number(8..<16), low: number(16..<24), scope: scope,
                port: UInt16(number(2..<4)))
        default: return nil
        }
    }

    /// Calls `body` with the system's form of the address.
    func withSystemAddress<Result, Failure: Error>(
        _ body: (UnsafePointer<sockaddr>, socklen_t) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var storage = sockaddr_storage()
        let length: Int
        switch family {
        case .ipv4: length = MemoryLayout<sockaddr_in>.size
        case .ipv6: length = MemoryLayout<sockaddr_in6>.size
        }
        storage.ss_family = sa_family_t(family.number)
        #if canImport(Darwin)
            storage.ss_len = UInt8(length)
        #endif
        unsafe withUnsafeMutableBytes(of: &storage) { bytes in
            func put(_ value: UInt64, count: Int, at offset: Int) {
                for index in 0..<count {
                    unsafe bytes[offset + index] = UInt8(
                        truncatingIfNeeded: value >> UInt64(8 * (count - 1 - index)))
                }
            }
            put(UInt64(port), count: 2, at: 2)
            switch family {
            case .ipv4: put(low, count: 4, at: 4)
            case .ipv6:
                put(high, count: 8, at: 8)
                put(low, count: 8, at: 16)
                unsafe bytes.storeBytes(of: scope, toByteOffset: 24, as: UInt32.self)
            }
        }
        return try unsafe withUnsafeBytes(of: &storage) { bytes throws(Failure) in
            let pointer = unsafe bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
            return try unsafe body(pointer, socklen_t(length))
        }
    }
}

/// What the system's resolver said about a host name.
enum Resolution {
    /// The addresses it gave, each once.
    case addresses([SocketAddress])
    /// Its words for why it gave none.
    case failed(String)
}

extension System {
    /// Asks for the addresses of a host, by name or by number, with the given port.
    static func getaddrinfo(_ host: String, port: UInt16) -> Resolution {
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_UNSPEC
        #if canImport(Glibc)
            unsafe hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        #else
            unsafe hints.ai_socktype = SOCK_DGRAM
        #endif
        var list = unsafe UnsafeMutablePointer<addrinfo>?.none
        #if canImport(Glibc)
            let status = unsafe Glibc.getaddrinfo(host, nil, &hints, &list)
        #elseif canImport(Musl)
            let status = unsafe Musl.getaddrinfo(host, nil, &hints, &list)
        #else
            let status = unsafe Darwin.getaddrinfo(host, nil, &hints, &list)
        #endif
        guard status == 0 else { return .failed(unsafe String(cString: gai_strerror(status))) }
        defer { unsafe freeaddrinfo(list) }
        var result: [SocketAddress] = []
        var entry = unsafe list
        while let current = unsafe entry {
            var storage = sockaddr_storage()
            let length = unsafe min(
                Int(current.pointee.ai_addrlen), MemoryLayout<sockaddr_storage>.size)
            unsafe withUnsafeMutableBytes(of: &storage) { bytes in
                unsafe bytes.copyMemory(
                    from: UnsafeRawBufferPointer(start: current.pointee.ai_addr, count: length))
            }
            if let address = SocketAddress(storage)?.at(port: port), !result.contains(address) {
                result.append(address)
            }
            unsafe entry = current.pointee.ai_next
        }
        return .addresses(result)
    }
}
