import ConsensusCore
import Foundation
import Testing

@testable import UDPRuntime

/// What a process that is being forked does: it holds a second descriptor of all that is open, and lets
/// go of it a moment later, when it starts its program.
@Suite("Descriptors that somebody else holds for a moment")
struct HeldDescriptorTests {
    /// Another descriptor of what this one is of.
    private func duplicate(_ descriptor: Int32) throws -> Int32 {
        let copy = dup(descriptor)
        try #require(copy >= 0)
        return copy
    }

    private func close(_ descriptor: Int32, after milliseconds: Int) {
        Thread.detachNewThread {
            usleep(UInt32(milliseconds) * 1_000)
            System.close(descriptor)
        }
    }

    @Test("a log that was closed can be opened, however long another has a descriptor of its lock")
    func lockGivenUp() throws {
        let scratch = try ScratchDirectory()
        var held: Int32 = -1
        defer { System.close(held) }
        do {
            var opened = try OpenedLog(scratch.log)
            held = try duplicate(opened.log.frames.lock.file.descriptor)
            try opened.log.makeDurable([Note(1)])
        }
        #expect(try LogContents(scratch.log).records == [Note(1)])
    }

    @Test("one that could not lock a directory leaves the lock to the one that has it")
    func lockKept() throws {
        let scratch = try ScratchDirectory()
        let first = try OpenedLog(scratch.log)
        for _ in 0..<2 {
            let error = #expect(throws: ExitError.self) { try LogContents(scratch.log) }
            #expect(error?.status == 71)
        }
        #expect(first.records == [])
    }

    @Test("the lock of a process that was killed is waited for while it is let go of")
    func lockWaitedFor() throws {
        let scratch = try ScratchDirectory()
        _ = try scratch.writeLog([[Note(1)]])
        let held = try System.openOrMake(scratch.log + "/lock")
        try System.lockExclusively(held)
        close(held, after: 50)
        #expect(try LogContents(scratch.log, files: SystemFiles()).records == [Note(1)])
    }

    @Test("a port that was given back is bound though another holds it for a moment longer")
    func port() throws {
        let address: SocketAddress
        do {
            let socket = try UDPSocket(bindingTo: .loopbackIPv4(port: 0))
            address = socket.address
            close(try duplicate(socket.descriptor), after: 50)
        }
        let again = try UDPSocket(bindingTo: address)
        #expect(again.address == address)
    }

    @Test("a call is tried again for 200 ms, then what it threw is said; others are made once")
    func patience() throws {
        var calls = 0
        let began = MonotonicClock.now()
        let busy = #expect(throws: SystemError.self) {
            try System.retryingBriefly(if: \.isAddressInUse) { () throws(SystemError) in
                calls += 1
                throw SystemError(call: "bind", code: EADDRINUSE)
            }
        }
        #expect(busy?.code == EADDRINUSE)
        #expect(MonotonicClock.now() - began >= .milliseconds(200))
        // It waits between two tries.
        #expect(calls > 1 && calls <= 42)
        calls = 0
        _ = #expect(throws: SystemError.self) {
            try System.retryingBriefly(if: \.isAddressInUse) { () throws(SystemError) in
                calls += 1
                throw SystemError(call: "bind", code: EADDRNOTAVAIL)
            }
        }
        #expect(calls == 1)
    }

    @Test("no descriptor goes to a program started from here, and none of a socket blocks")
    func flags() throws {
        let scratch = try ScratchDirectory()
        let opened = try OpenedLog(scratch.log)
        let socket = try UDPSocket(bindingTo: .loopbackIPv6(port: 0))
        let wakeup = try System.makeWakeup()
        defer { wakeup.close() }
        let directory = try System.openToRead(scratch.log)
        let trace = try System.openToAppend(scratch.log + "/trace")
        let report = try System.openToReplace(scratch.log + "/report")
        defer { for descriptor in [directory, trace, report] { System.close(descriptor) } }
        let files = [
            opened.log.frames.lock.file.descriptor, opened.log.frames.file.descriptor, directory,
            trace, report,
        ]
        for descriptor in files + [socket.descriptor, wakeup.reader, wakeup.writer] {
            #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
        }
        for descriptor in [socket.descriptor, wakeup.reader, wakeup.writer] {
            #expect(fcntl(descriptor, F_GETFL) & O_NONBLOCK != 0)
        }
        withExtendedLifetime(opened.records) {}
    }
}
