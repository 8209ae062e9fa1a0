package import ConsensusCore

/// A UDP socket that never blocks, bound to one address of this machine.
public struct UDPSocket: ~Copyable, Sendable {
    let descriptor: Int32
    /// The address it is bound to, with the port the system chose if port 0 was asked for.
    public let address: SocketAddress

    /// How large the system is asked to make both buffers, in bytes; it may give less.
    static let wantedBufferSize: Int32 = 4 << 20

    /// Binds a socket to an address and to nothing else.
    ///
    /// - Parameter label: what to add to the address in a sentence, as in `(hosts.txt:4)`.
    /// - Throws: ``ExitError`` of status 71 that says which address, and why not.
    public init(bindingTo address: SocketAddress, label: String = "") throws(ExitError) {
        let descriptor: Int32
        do throws(SystemError) {
            descriptor = try System.socket(address.family)
        } catch {
            throw .system("The system gave no socket for \(address)\(label): \(error).")
        }
        let bound: SocketAddress
        do throws(SystemError) {
            if address.family == .ipv6 { try System.setIPv6Only(descriptor) }
            try System.setLargeBuffers(descriptor, bytes: UDPSocket.wantedBufferSize)
            try UDPSocket.bind(descriptor, to: address)
            bound = try System.getsockname(descriptor)
        } catch {
            System.close(descriptor)
            throw .system(UDPSocket.sentence(for: error, address: address, label: label))
        }
        self.descriptor = descriptor
        self.address = bound
    }

    /// Binds a port of the system's choosing, from which all of these addresses can be reached.
    ///
    /// What they answer comes from the addresses given here, for each of them is bound to its own. To
    /// reach this machine alone the socket is bound to this machine alone.
    ///
    /// - Precondition: there are addresses, all of one family.
    /// - Throws: ``ExitError`` of status 71 that says why not.
    public init(toReach addresses: [SocketAddress]) throws(ExitError) {
        let family = addresses[0].family
        precondition(addresses.allSatisfy { $0.family == family })
        let isLocal = addresses.allSatisfy(\.isLoopback)
        let local =
            switch family {
            case .ipv4: isLocal ? .loopbackIPv4(port: 0) : SocketAddress(ipv4: 0, port: 0)
            case .ipv6:
                isLocal ? .loopbackIPv6(port: 0) : SocketAddress(ipv6High: 0, low: 0, port: 0)
            }
        try self.init(bindingTo: local)
    }

    deinit {
        System.close(descriptor)
    }

    /// Binds, and waits a moment for one who has the port.
    ///
    /// A process that was forked a moment ago, and has yet to start its program, holds the ports of the
    /// one it came from, though that one has given them back. It lets go of them by itself.
    private static func bind(_ descriptor: Int32, to address: SocketAddress) throws(SystemError) {
        try System.retryingBriefly { error in
            error.isAddressInUse && address.port != 0
        } _: { () throws(SystemError) in
            try System.bind(descriptor, to: address)
        }
    }

    private static func sentence(
        for error: SystemError, address: SocketAddress, label: String
    ) -> String {
        if error.isAddressInUse && address.port == 0 {
            return "\(address.hostText)\(label) has no free port left (\(error))."
        }
        if error.isAddressInUse {
            return "\(address)\(label) is in use: another run may still hold it. "
                + "Wait until it has ended, or choose other ports in the hosts file."
        }
        if error.isAddressNotHere {
            return "\(address)\(label) is not an address of this machine. "
                + "Start this ID on the host its line names, or correct the line."
        }
        if error.isNotPermitted {
            return "This user may not bind \(address)\(label) (\(error)). "
                + "Choose a port of 1024 or above."
        }
        return "\(address)\(label) could not be bound (\(error))."
    }

    /// Sends one datagram at once, as a test or a tool does; the event loop sends in batches.
    ///
    /// - Throws: ``SystemError`` if the system does not take it.
    public func send(_ bytes: [UInt8], to destination: SocketAddress) throws(SystemError) {
        let slot = [DatagramSlot(address: destination, offset: 0, length: bytes.count)]
        // An empty array has no address to point to.
        let arena = bytes.isEmpty ? [0] : bytes
        _ = try unsafe UDPSocket.withPointers(arena, slot) { arena, slots throws(SystemError) in
            unsafe try System.sendmmsg(descriptor, from: arena, slots: slots)
        }
    }

    /// Waits for datagrams and returns those that have come, at most a batch; for tests and tools, too.
    ///
    /// - Returns: none if the time is over.
    /// - Throws: ``SystemError`` if the system gives an error in their place.
    package func receive(within time: Interval) throws(SystemError) -> [[UInt8]] {
        _ = try System.ppoll(descriptor, -1, nanoseconds: max(time.nanoseconds, 0))
        var batch = ReceiveBatch()
        do throws(SystemError) {
            let count = try batch.receive(from: descriptor)
            return (0..<count).map { index in unsafe Array(batch.bytes(at: index)) }
        } catch {
            if error.wouldBlock { return [] }
            throw error
        }
    }

    /// Lends the memory of an arena and its slots.
    static func withPointers<Result>(
        _ arena: [UInt8], _ slots: [DatagramSlot],
        _ body: (UnsafePointer<UInt8>, UnsafeBufferPointer<DatagramSlot>) throws(SystemError)
            -> Result
    ) throws(SystemError) -> Result {
        try unsafe arena.withUnsafeBufferPointer { arena throws(SystemError) in
            try unsafe slots.withUnsafeBufferPointer { slots throws(SystemError) in
                try unsafe body(arena.baseAddress!, slots)
            }
        }
    }
}
