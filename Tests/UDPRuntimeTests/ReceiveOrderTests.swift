import ConsensusCore
import Testing

@testable import UDPRuntime

@Suite("Which datagrams of a batch are looked at")
struct ReceiveOrderTests {
    private let header = DatagramHeader(
        cluster: 7, origin: Origin(node: 0, stamp: Stamp(epoch: 0, incarnation: 1)), sequence: 0,
        lamportTime: 0)

    private func guest(_ number: UInt16, size: Int = 100) -> ReceiveOrder.Arrival {
        ReceiveOrder.Arrival(
            screening: .guest(header), source: .loopbackIPv4(port: number), size: size)
    }

    private func challenged(_ number: UInt16) -> ReceiveOrder.Arrival {
        ReceiveOrder.Arrival(
            screening: .challenged(header, cookie: 5), source: .loopbackIPv4(port: number),
            size: 100)
    }

    private var peer: ReceiveOrder.Arrival {
        ReceiveOrder.Arrival(
            screening: .peer(header), source: .loopbackIPv4(port: 1), size: 60_000)
    }

    private var garbage: ReceiveOrder.Arrival {
        ReceiveOrder.Arrival(screening: .refused(.notOurs), source: nil, size: 100)
    }

    /// The indices in the order they are looked at, without those that are shed.
    private func order(_ batch: [ReceiveOrder.Arrival]) -> (taken: [Int], shed: [Int]) {
        var order = ReceiveOrder()
        order.arrange(batch.count, size: batch.reduce(0) { $0 + $1.size }) { batch[$0] }
        let all = batch.indices.map { order.index(ofTurn: $0) }
        #expect(all.sorted() == Array(batch.indices))
        func isShed(_ index: Int) -> Bool {
            guard case .refused(.shed)? = order.screening(at: index) else { return false }
            return true
        }
        return (all.filter { !isShed($0) }, all.filter(isShed))
    }

    @Test("a batch that is not full is taken as it came")
    func calm() {
        let guests = Array(repeating: guest(5), count: 40)
        let batch = [guest(5), challenged(6), peer, garbage] + guests
        let (taken, shed) = order(batch)
        #expect(taken == Array(batch.indices) && shed.isEmpty)
    }

    @Test("in a full one the nodes' come first, then guests', then those without a cookie")
    func full() {
        var batch = [garbage, challenged(6), guest(5), peer, guest(7), peer]
        while batch.count < System.batchLimit { batch.append(peer) }
        let (taken, shed) = order(batch)
        #expect(shed.isEmpty)
        #expect(taken.prefix(2) == [3, 5])
        #expect(taken.suffix(4) == [2, 4, 1, 0])
    }

    @Test("a few of each guest and of all of them, and the nodes' all the same")
    func quotas() {
        var batch = Array(repeating: guest(5), count: System.batchLimit - 2) + [guest(6), peer]
        var (taken, shed) = order(batch)
        #expect(taken == [System.batchLimit - 1] + Array(0..<8) + [System.batchLimit - 2])
        #expect(shed == Array(8..<System.batchLimit - 2))

        batch = (0..<System.batchLimit).map { guest(UInt16(100 + $0)) }
        (taken, shed) = order(batch)
        #expect(taken == Array(0..<ReceiveOrder.allGuests.count))
        #expect(shed.count == System.batchLimit - taken.count)

        batch = (0..<System.batchLimit - 1).map { challenged(UInt16(100 + $0)) } + [guest(5)]
        (taken, shed) = order(batch)
        #expect(taken == [System.batchLimit - 1] + Array(0..<ReceiveOrder.challenges))
    }

    @Test("large ones count by their bytes, also where there are few")
    func bytes() {
        // More than a megabyte from one guest; another's small one comes last.
        let batch = Array(repeating: guest(5, size: 60_000), count: 20) + [guest(6), peer]
        let (taken, shed) = order(batch)
        #expect(taken == [21, 0, 1, 20])
        #expect(shed == Array(2..<20))
        let many = (0..<30).map { guest(UInt16(100 + $0), size: 60_000) }
        let (first, rest) = order(many)
        #expect(first == Array(0..<9))
        #expect(rest.count == 21)
    }
}
