import ConsensusCore
import Testing

@Suite("Node sets")
struct NodeSetTests {
    @Test(
        "iterate in ascending order, whatever the order of insertion",
        arguments: 0..<20 as Range<UInt64>)
    func order(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var set = NodeSet()
        var expected: [NodeID] = []
        for _ in 0..<30 {
            let node = NodeID(UInt32(random.below(64)))
            let isNew = !expected.contains(node)
            #expect(set.insert(node) == isNew)
            if isNew { expected.append(node) }
        }
        #expect(Array(set) == expected.sorted())
        #expect(set.count == expected.count)
        #expect(set.first == expected.min())
    }

    @Test("hold the nodes 0 and 63 and, of those beyond, none")
    func bounds() {
        let set: NodeSet = [63, 0]
        #expect(Array(set) == [0, 63])
        #expect(set.contains(63) && !set.contains(62))
        for beyond: NodeID in [64, 65, 127, 128, 4_294_967_295] {
            #expect(!NodeSet(bits: .max).contains(beyond))
            #expect(set.removing(beyond) == set)
        }
    }

    @Test("refuse to insert a node that only a bug could name")
    func insertingBeyond() async {
        await #expect(processExitsWith: .failure) {
            var set = NodeSet()
            set.insert(64)
        }
    }

    @Test("lose the removed node and no other")
    func removal() {
        var set = NodeSet(0..<64)
        set.remove(17)
        #expect(set.count == 63 && !set.contains(17))
        set.remove(17)
        #expect(set.count == 63)
        #expect(set == NodeSet(0..<64).subtracting([17]))
    }

    @Test("are made of ranges up to the whole 64 nodes")
    func ranges() {
        #expect(NodeSet(0..<0).isEmpty && NodeSet(64..<64).isEmpty)
        #expect(NodeSet(0..<64).bits == .max)
        #expect(Array(NodeSet(2..<5)) == [2, 3, 4])
    }

    @Test("obey the laws of sets", arguments: 0..<20 as Range<UInt64>)
    func algebra(seed: UInt64) {
        var random = RandomSource(seed: seed)
        let left = NodeSet(bits: random.next())
        let right = NodeSet(bits: random.next())
        for node in (0..<64).map(NodeID.init(index:)) {
            let isLeft = left.contains(node)
            let isRight = right.contains(node)
            #expect(left.union(right).contains(node) == (isLeft || isRight))
            #expect(left.intersection(right).contains(node) == (isLeft && isRight))
            #expect(left.subtracting(right).contains(node) == (isLeft && !isRight))
        }
        #expect(left.intersection(right).isSubset(of: left))
        #expect(left.isSubset(of: left.union(right)))
        #expect(left.isSubset(of: right) == left.subtracting(right).isEmpty)
    }

    @Test("read as their members in ascending order")
    func description() {
        #expect("\([5, 1, 2] as NodeSet)" == "1, 2, 5")
        #expect("\(NodeSet())" == "")
    }
}

@Suite("Majority (Paxos Made Simple, 2.1)")
struct MajorityTests {
    @Test(
        "is more than half",
        arguments: [(0, 1), (1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (6, 4), (63, 32), (64, 33)])
    func size(voters: Int, size: Int) {
        #expect(Majority(of: NodeSet(0..<voters)).size == size)
    }

    @Test("any two have a voter in common", arguments: 1...7)
    func intersection(voters: Int) {
        let majority = Majority(of: NodeSet(0..<voters))
        let quorums = (0..<(1 << UInt64(voters))).map { NodeSet(bits: $0) }
            .filter(majority.isReached(by:))
        #expect(!quorums.isEmpty)
        for left in quorums {
            #expect(quorums.allSatisfy { !$0.intersection(left).isEmpty })
        }
    }

    @Test("counts no strangers")
    func strangers() {
        let majority = Majority(of: [1, 2, 3])
        #expect(!majority.isReached(by: [1, 4, 5, 6]))
        #expect(majority.isReached(by: [1, 3]))
        #expect(!Majority(of: []).isReached(by: NodeSet(0..<64)))
    }
}
