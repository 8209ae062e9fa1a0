import ConsensusCore
import Testing

@testable import UDPRuntime

@Suite("Guest table")
struct GuestTableTests {
    private func address(_ number: Int) -> SocketAddress {
        SocketAddress(ipv4: 0x7f00_0001 + UInt32(number >> 16), port: UInt16(number & 0xffff))
    }

    @Test("a place is given to the newest, and taken from the one not heard for longest")
    func replacement() {
        var table = GuestTable(limit: 3)
        let first = table.identify(address(1))
        let second = table.identify(address(2))
        let third = table.identify(address(3))
        #expect(table.identify(address(1)) == first)
        let fourth = table.identify(address(4))
        #expect(table.address(of: second) == nil)
        #expect(table.address(of: first) == address(1))
        #expect(table.address(of: third) == address(3))
        #expect(table.address(of: fourth) == address(4))
        #expect(fourth != second)
        #expect(table.identify(address(2)) != second)
        #expect(table.address(of: third) == nil)
    }

    @Test("two addresses never share an ID", arguments: 1...20 as ClosedRange<UInt64>)
    func model(seed: UInt64) {
        var random = RandomSource(seed: seed)
        let limit = random.number(in: 1...8)
        var table = GuestTable(limit: limit)
        // What the table should hold, the least recently heard first.
        var expected: [(address: SocketAddress, node: NodeID)] = []
        var given: Set<NodeID> = []
        for _ in 0..<2_000 {
            let heard = address(random.number(in: 0...12))
            let node = table.identify(heard)
            if let index = expected.firstIndex(where: { $0.address == heard }) {
                #expect(expected[index].node == node)
                expected.remove(at: index)
            } else {
                #expect(!given.contains(node))
                if expected.count == limit {
                    let forgotten = expected.removeFirst()
                    #expect(table.address(of: forgotten.node) == nil)
                }
            }
            given.insert(node)
            expected.append((heard, node))
            #expect(expected.allSatisfy { table.address(of: $0.node) == $0.address })
        }
    }

    @Test("IDs stay in their range however often places change hands")
    func generations() {
        var table = GuestTable(limit: 1)
        var least = NodeID.anonymous
        var greatest = NodeID(0)
        for number in 0..<70_000 {
            let node = table.identify(address(number))
            least = min(least, node)
            greatest = max(greatest, node)
        }
        #expect(least == .firstGuest)
        #expect(greatest == NodeID(0xfffe_0000))
    }

    @Test("the largest table holds what it says")
    func largest() {
        var table = GuestTable(limit: GuestTable.maximumLimit)
        let nodes = (0..<GuestTable.maximumLimit).map { table.identify(address($0)) }
        #expect(nodes.indices.allSatisfy { table.address(of: nodes[$0]) == address($0) })
        #expect(nodes.allSatisfy { $0.isGuest })
        #expect(Set(nodes).count == nodes.count)
    }

    @Test(
        "IDs that were never given lead nowhere",
        arguments: [0, 63, 0x7fff_ffff, 0x8000_0001, 0x8001_0000, 0xffff_fffe, .max] as [NodeID])
    func unknown(node: NodeID) {
        var table = GuestTable(limit: 4)
        _ = table.identify(address(1))
        #expect(table.address(of: node) == nil)
    }
}

extension NodeID {
    fileprivate static var max: NodeID { .anonymous }
}
