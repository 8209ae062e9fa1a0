#if !os(Linux) || SYNOD_PORTABLE
    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Musl)
        import Musl
    #elseif canImport(Darwin)
        import Darwin
    #endif

    // What SystemCalls+Linux.swift does in one call, made of portable ones.

    extension System {
        /// The most datagrams one call receives or sends.
        static let batchLimit = 64

        /// Receives datagrams into the arena, one a slot; returns how many.
        static func recvmmsg(
            _ descriptor: Int32, into arena: UnsafeMutablePointer<UInt8>,
            slots: UnsafeMutableBufferPointer<DatagramSlot>
        ) throws(SystemError) -> Int {
            for index in 0..<slots.count {
                var storage = sockaddr_storage()
                var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
                let slot = unsafe slots[index]
                do throws(SystemError) {
                    let count = try retrying("recvfrom") {
                        unsafe withUnsafeMutableBytes(of: &storage) { bytes in
                            unsafe recvfrom(
                                descriptor, arena + slot.offset, slot.length, 0,
                                bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), &length)
                        }
                    }
                    unsafe slots[index].length = count
                    unsafe slots[index].source = length == 0 ? nil : SocketAddress(storage)
                } catch {
                    if index > 0 { return index }
                    throw error
                }
            }
            return slots.count
        }

        /// Sends datagrams from the arena; returns how many before the first that failed.
        static func sendmmsg(
            _ descriptor: Int32, from arena: UnsafePointer<UInt8>,
            slots: UnsafeBufferPointer<DatagramSlot>
        ) throws(SystemError) -> Int {
            for index in 0..<slots.count {
                let slot = unsafe slots[index]
                guard let address = slot.source else { continue }
                do throws(SystemError) {
                    _ = try unsafe address.withSystemAddress { pointer, size throws(SystemError) in
                        try retrying("sendto") {
                            unsafe sendto(
                                descriptor, arena + slot.offset, slot.length, 0, pointer, size)
                        }
                    }
                } catch {
                    if index > 0 { return index }
                    throw error
                }
            }
            return slots.count
        }

        /// Waits until one of three descriptors can be read or so many nanoseconds are over.
        ///
        /// Negative descriptors are not waited for; a negative time never ends. `poll` counts in
        /// milliseconds: a wait is rounded up, so that it does not end before its time.
        static func ppoll(
            _ first: Int32, _ second: Int32, _ third: Int32 = -1, nanoseconds: Int64
        ) throws(SystemError) -> Readiness {
            // Signals are asked for after each wait, so no wait may be long.
            let longest: Int64 = second == signalMarker ? 50 : 60_000
            let wanted = nanoseconds / 1_000_000 + (nanoseconds % 1_000_000 > 0 ? 1 : 0)
            let milliseconds = nanoseconds < 0 ? longest : min(wanted, longest)
            var descriptors = [first, third].map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            let result = unsafe poll(&descriptors, 2, Int32(milliseconds))
            if result < 0 && errno != EINTR { throw SystemError(call: "poll", code: errno) }
            var ready: Readiness = descriptors[0].revents != 0 ? .first : []
            if descriptors[1].revents != 0 { ready.insert(.third) }
            if second == signalMarker && pendingSignal() != nil { ready.insert(.second) }
            return ready
        }

        /// Makes a pipe whose reading end ``signalWakeup(_:)`` makes ready.
        static func makeWakeup() throws(SystemError) -> WakeupDescriptors {
            var ends: [Int32] = [-1, -1]
            _ = try retrying("pipe") { unsafe pipe(&ends) }
            let result = WakeupDescriptors(reader: ends[0], writer: ends[1])
            do throws(SystemError) {
                for end in ends { try setUnblockedAndUnshared(end) }
            } catch {
                result.close()
                throw error
            }
            return result
        }

        /// Stands for the descriptor that Linux has for signals.
        private static var signalMarker: Int32 { .max }

        /// Blocks SIGINT and SIGTERM in this thread; returns a marker for ``ppoll(_:_:nanoseconds:)``.
        static func signalfd() throws(SystemError) -> Int32 {
            var signals = sigset_t()
            unsafe sigemptyset(&signals)
            unsafe sigaddset(&signals, SIGINT)
            unsafe sigaddset(&signals, SIGTERM)
            let code = unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
            if code != 0 { throw SystemError(call: "pthread_sigmask", code: code) }
            return signalMarker
        }

        /// Reads which signal came; nil if none has.
        static func readSignal(_: Int32) -> Int32? { pendingSignal() }

        private static func pendingSignal() -> Int32? {
            var signals = sigset_t()
            unsafe sigpending(&signals)
            if unsafe sigismember(&signals, SIGINT) == 1 { return SIGINT }
            if unsafe sigismember(&signals, SIGTERM) == 1 { return SIGTERM }
            return nil
        }

        /// Asks for large buffers.
        static func setLargeBuffers(_ descriptor: Int32, bytes: Int32) throws(SystemError) {
            try setBufferSizes(descriptor, to: bytes)
        }
    }

    /// One datagram in an arena of bytes that many share.
    struct DatagramSlot {
        /// Where the datagram came from, nil if the system did not say; or where it is to go.
        var source: SocketAddress?
        /// Where in the arena it begins.
        var offset: Int
        /// How many bytes it has; before receiving, how many there is room for.
        var length: Int

        init(address: SocketAddress, offset: Int, length: Int) {
            self.source = address
            self.offset = offset
            self.length = length
        }

        /// Which bytes of the arena it has.
        var byteRange: Range<Int> { offset..<offset + length }
    }
#endif
