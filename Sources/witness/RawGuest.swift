import ConsensusCore
import PaxosNode
import UDPRuntime

/// A guest of one node, with a socket of its own, that keeps to none of a client's habits.
final class RawGuest {
    private let socket: UDPSocket
    private let cluster: UInt64
    private let node: NodeID
    private let address: SocketAddress
    private let incarnation: UInt64
    private var sequence: UInt64 = 0
    private var cookie: UInt64 = 0
    private var writer = ByteWriter(reserving: 65_536)

    /// How long an answer is waited for before the question is sent again, and how often it is.
    private static let patience = (time: Interval.milliseconds(200), tries: 50)

    init(
        of node: NodeID, at address: SocketAddress, cluster: UInt64, incarnation: UInt64
    ) throws(ExitError) {
        socket = try UDPSocket(toReach: [address])
        self.node = node
        self.address = address
        self.cluster = cluster
        self.incarnation = incarnation
    }

    /// A datagram with this message and the cookie, if there is one by now.
    func datagram(_ message: LogMessage) -> [UInt8] {
        Datagram(header: header(), message: message).encode(into: &writer)
        return writer.bytes
    }

    /// A datagram with a right header, cookie and all, and a body of anything.
    ///
    /// - Parameter isSealed: whether its checksum is right.
    func datagram(body: [UInt8], isSealed: Bool) -> [UInt8] {
        header().encodeBare(into: &writer)
        var bytes = writer.bytes + body
        if isSealed { DatagramFormat.write(cookie: cookie, into: &bytes) }
        return bytes
    }

    private func header() -> DatagramHeader {
        sequence += 1
        let stamp = Stamp(epoch: 0, incarnation: incarnation)
        return DatagramHeader(
            cluster: cluster, origin: Origin(node: .anonymous, stamp: stamp), sequence: sequence,
            lamportTime: sequence, cookie: cookie)
    }

    /// Sends a message until it is answered, and shows the cookie once it is asked for.
    ///
    /// - Parameter answer: what a message that comes answers; nil if it does not.
    /// - Throws: ``ExitError`` of status 69 if no answer comes within ten seconds.
    func ask<Answer>(
        _ message: LogMessage, _ answer: (LogMessage) -> Answer?
    ) throws(ExitError) -> Answer {
        for _ in 0..<RawGuest.patience.tries {
            _ = send(datagram(message), to: address)
            // What the network reports of a datagram is not waited for.
            for bytes in (try? socket.receive(within: RawGuest.patience.time)) ?? [] {
                if takeChallenge(bytes) { break }
                let heard = try? Datagram<LogMessage>(decoding: bytes.span, cluster: cluster)
                if let found = heard.flatMap({ answer($0.message) }) { return found }
            }
        }
        throw ExitError(status: ExitStatus.noAnswer, "Node \(node) does not answer the attacker.")
    }

    /// Whether a datagram is a challenge; its cookie is then shown from now on.
    private func takeChallenge(_ bytes: [UInt8]) -> Bool {
        guard let header = try? DatagramHeader(reading: bytes.span, cluster: cluster),
            header.kind == .challenge, header.origin.node == node
        else { return false }
        cookie = header.cookie
        return true
    }

    /// Sends a datagram; false if the system does not take it.
    func send(_ bytes: [UInt8], to destination: SocketAddress) -> Bool {
        do throws(SystemError) {
            try socket.send(bytes, to: destination)
            return true
        } catch {
            return false
        }
    }
}
