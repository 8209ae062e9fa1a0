#if os(Linux) && !SYNOD_PORTABLE
    import CLinux

    // The system calls that are Linux's own. SystemCalls+Portable.swift has the same functions made
    // of portable calls; building with -DSYNOD_PORTABLE takes those instead.

    extension System {
        /// The most datagrams one call receives or sends.
        static let batchLimit = Int(clinux_batch_limit)

        /// Turns a C wrapper's answer into a result; a signal makes the call be made again.
        private static func retrying(
            _ call: String, negated body: () -> Int32
        ) throws(SystemError) -> Int {
            while true {
                let result = body()
                if result >= 0 { return Int(result) }
                let error = SystemError(call: call, code: -result)
                if !error.isInterruption { throw error }
            }
        }

        /// Receives datagrams into the arena, one a slot; returns how many.
        static func recvmmsg(
            _ descriptor: Int32, into arena: UnsafeMutablePointer<UInt8>,
            slots: UnsafeMutableBufferPointer<DatagramSlot>
        ) throws(SystemError) -> Int {
            try retrying("recvmmsg") {
                unsafe clinux_recvmmsg(
                    descriptor, arena, slots.baseAddress, Int32(slots.count))
            }
        }

        /// Sends datagrams from the arena; returns how many before the first that failed.
        static func sendmmsg(
            _ descriptor: Int32, from arena: UnsafePointer<UInt8>,
            slots: UnsafeBufferPointer<DatagramSlot>
        ) throws(SystemError) -> Int {
            try retrying("sendmmsg") {
                unsafe clinux_sendmmsg(
                    descriptor, arena, slots.baseAddress, Int32(slots.count))
            }
        }

        /// Waits until one of three descriptors can be read or so many nanoseconds are over.
        ///
        /// Negative descriptors are not waited for; a negative time never ends. An interruption
        /// ends the wait with nothing ready, for the caller to reckon anew how long to wait.
        static func ppoll(
            _ first: Int32, _ second: Int32, _ third: Int32 = -1, nanoseconds: Int64
        ) throws(SystemError) -> Readiness {
            let result = clinux_ppoll(first, second, third, nanoseconds)
            guard result < 0 else { return Readiness(rawValue: UInt8(result)) }
            let error = SystemError(call: "ppoll", code: -result)
            if error.isInterruption { return [] }
            throw error
        }

        /// Makes a descriptor that ``signalWakeup(_:)`` makes ready; both ends are the same.
        static func makeWakeup() throws(SystemError) -> WakeupDescriptors {
            let descriptor = Int32(try retrying("eventfd") { clinux_eventfd() })
            return WakeupDescriptors(reader: descriptor, writer: descriptor)
        }

        /// Blocks SIGINT and SIGTERM in this thread; returns a descriptor that tells of them.
        static func signalfd() throws(SystemError) -> Int32 {
            Int32(try retrying("signalfd") { clinux_signalfd() })
        }

        /// Reads which signal came; nil if none has.
        static func readSignal(_ descriptor: Int32) -> Int32? {
            // A signalfd_siginfo has 128 bytes and begins with the signal's number.
            guard let bytes = try? read(descriptor, limit: 128), bytes.count >= 4 else {
                return nil
            }
            return Int32(bytes[0])
        }

        /// Asks for large buffers, past the system's limits where the process may.
        static func setLargeBuffers(_ descriptor: Int32, bytes: Int32) throws(SystemError) {
            if clinux_force_buffers(descriptor, bytes) < 0 {
                try setBufferSizes(descriptor, to: bytes)
            }
        }
    }

    /// One datagram in an arena of bytes that many share.
    typealias DatagramSlot = clinux_slot

    extension clinux_slot {
        init(address: SocketAddress, offset: Int, length: Int) {
            self.init(
                address: clinux_address(
                    high: address.high, low: address.low, scope: address.scope,
                    port: address.port, family: address.family.rawValue),
                offset: UInt32(offset), length: UInt32(length))
        }

        /// Which bytes of the arena it has.
        var byteRange: Range<Int> { Int(offset)..<Int(offset) + Int(length) }

        /// Where the datagram came from; nil if the system did not say.
        var source: SocketAddress? {
            switch address.family {
            case 4: SocketAddress(ipv4: UInt32(truncatingIfNeeded: address.low), port: address.port)
            case 6:
                SocketAddress(
                    ipv6High: address.high, low: address.low, scope: address.scope,
                    port: address.port)
            default: nil
            }
        }
    }
#endif
