internal import ConsensusCore

/// An IPv4 or IPv6 address with a port.
///
/// Equality is that of the numbers, so the source of a datagram can be compared with the address a
/// hosts line resolved to.
@frozen
public struct SocketAddress: Hashable, Sendable {
    /// The two families of the Internet protocol.
    @frozen
    public enum Family: UInt16, Hashable, Sendable {
        case ipv4 = 4
        case ipv6 = 6
    }

    public var family: Family
    public var port: UInt16
    /// The interface a link-local IPv6 address belongs to; else 0.
    public var scope: UInt32
    /// The upper half of an IPv6 address, its first byte the most significant; 0 for IPv4.
    public var high: UInt64
    /// The lower half of an IPv6 address, or the 32 bits of an IPv4 one.
    public var low: UInt64

    @inlinable
    public init(ipv6High high: UInt64, low: UInt64, scope: UInt32 = 0, port: UInt16) {
        self.family = .ipv6
        self.port = port
        self.scope = scope
        self.high = high
        self.low = low
    }

    @inlinable
    public init(ipv4 address: UInt32, port: UInt16) {
        self.family = .ipv4
        self.port = port
        self.scope = 0
        self.high = 0
        self.low = UInt64(address)
    }

    /// This machine, seen from itself, over IPv4.
    public static func loopbackIPv4(port: UInt16) -> SocketAddress {
        SocketAddress(ipv4: 0x7f00_0001, port: port)
    }

    /// This machine, seen from itself, over IPv6.
    public static func loopbackIPv6(port: UInt16) -> SocketAddress {
        SocketAddress(ipv6High: 0, low: 1, port: port)
    }

    /// The same host at another port.
    public func at(port: UInt16) -> SocketAddress {
        var result = self
        result.port = port
        return result
    }

    /// Whether it is an address of this machine that no other can reach.
    public var isLoopback: Bool {
        switch family {
        case .ipv4: low >> 24 == 127
        case .ipv6: high == 0 && low == 1
        }
    }

    /// Whether it names one host, rather than any (`0.0.0.0`, `::`) or many (multicast, broadcast).
    public var isOneHost: Bool {
        switch family {
        case .ipv4: low != 0 && low >> 28 != 0xe && low != 0xffff_ffff
        case .ipv6: (high != 0 || low != 0) && high >> 56 != 0xff
        }
    }
}

extension SocketAddress {
    /// The address as a guest's, all of it: two that differ give two.
    var guestAddress: GuestAddress {
        GuestAddress(
            high: high, low: low,
            place: UInt64(scope) << 32 | UInt64(family.rawValue) << 16 | UInt64(port))
    }
}

extension SocketAddress: CustomStringConvertible {
    /// As in `127.0.0.1 port 10000`, or `::1 port 10000`.
    public var description: String { "\(hostText) port \(port)" }

    /// The address without its port, as people write it.
    public var hostText: String {
        switch family {
        case .ipv4:
            "\(low >> 24 & 0xff).\(low >> 16 & 0xff).\(low >> 8 & 0xff).\(low & 0xff)"
        case .ipv6: ipv6Text + (scope == 0 ? "" : "%\(scope)")
        }
    }

    /// Eight groups in hexadecimal, the longest run of two or more zeros left out (RFC 5952).
    private var ipv6Text: String {
        let groups = (0..<8).map { (index: Int) -> UInt64 in
            let half = index < 4 ? high : low
            return half >> UInt64(48 - 16 * (index % 4)) & 0xffff
        }
        var longest = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8 && groups[end] == 0 { end += 1 }
            if end - start > max(longest.count, 1) { longest = start..<end }
            start = end + 1
        }
        func text(_ range: Range<Int>) -> String {
            range.map { String(groups[$0], radix: 16) }.joined(separator: ":")
        }
        guard !longest.isEmpty else { return text(0..<8) }
        return text(0..<longest.lowerBound) + "::" + text(longest.upperBound..<8)
    }
}
