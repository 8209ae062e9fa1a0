import ConsensusCore
import StateMachines
import Testing

/// Whatever bytes a client sends, or a damaged snapshot has, no machine may trap.
@Suite("Machines and bytes that nobody would send")
struct HostileMachineTests {
    private func store() throws -> KeyValueStore {
        var store = KeyValueStore(limit: 4_096)
        for key in [[1], [1, 2], [3]] as [[UInt8]] {
            _ = try store.perform(.put(key: key, value: key + key))
        }
        return store
    }

    private func list() throws -> ReplicatedList {
        var list = ReplicatedList(limit: 4_096)
        for item in [[], [1], [2, 3]] as [[UInt8]] { _ = try list.perform(.append(item)) }
        return list
    }

    /// Either throws and changes nothing, or gives exactly the state that the bytes say.
    private func tryRestoring<Machine: StateMachine>(
        _ bytes: [UInt8], into machine: inout Machine
    ) -> Bool {
        let before = machine.snapshot()
        do {
            try machine.restore(bytes.span)
            #expect(machine.snapshot() == bytes)
            return true
        } catch {
            #expect(machine.snapshot() == before)
            return false
        }
    }

    private func damage<Machine: StateMachine>(_ original: Machine) {
        let snapshot = original.snapshot()
        var machine = original
        for count in snapshot.indices {
            let isTaken = tryRestoring(Array(snapshot.prefix(count)), into: &machine)
            #expect(!isTaken)
        }
        let isLongerTaken = tryRestoring(snapshot + [0], into: &machine)
        #expect(!isLongerTaken)
        var taken = 0
        for bit in 0..<(snapshot.count * 8) {
            taken += tryRestoring(snapshot.flipping(bit: bit), into: &machine) ? 1 : 0
        }
        // The tag, the version and the count admit no flip; the items' own bytes do.
        #expect(taken > 8 && taken <= (snapshot.count - 6) * 8)
    }

    @Test("snapshots cut short or with a bit flipped change nothing, or are another state's")
    func damagedSnapshots() throws {
        damage(try store())
        damage(try list())
    }

    @Test("a count of items that the bytes cannot hold is refused before room is made for it")
    func counts() throws {
        for count in [.max, .max / 2, 1] as [UInt32] {
            var writer = ByteWriter()
            writer.write(1 as UInt8)
            writer.write(count)
            var store = try store()
            var list = try list()
            let storeBytes = [ServiceTag.keyValue] + writer.bytes
            let listBytes = [ServiceTag.list] + writer.bytes
            #expect(throws: WireError.truncated) { try store.restore(storeBytes.span) }
            #expect(throws: WireError.truncated) { try list.restore(listBytes.span) }
        }
    }

    @Test("a snapshot with keys twice, out of order, empty, or beyond the limit is refused")
    func contradictions() throws {
        func snapshot(_ keys: [[UInt8]], valueSize: Int = 0) -> [UInt8] {
            var writer = ByteWriter()
            writer.write(ServiceTag.keyValue)
            writer.write(1 as UInt8)
            writer.write(count: keys.count)
            for key in keys {
                writer.write(key)
                writer.write([UInt8](repeating: 0, count: valueSize))
            }
            return writer.bytes
        }
        var store = try store()
        for keys in [[[1], [1]], [[2], [1]], [[1, 0], [1]]] as [[[UInt8]]] {
            let bytes = snapshot(keys)
            #expect(throws: WireError.invalidField) { try store.restore(bytes.span) }
        }
        let noKey = snapshot([[]], valueSize: 1)
        #expect(throws: WireError.invalidField) { try store.restore(noKey.span) }
        let tooLarge = snapshot([[1], [2]], valueSize: 2_000)
        #expect(throws: WireError.invalidField) { try store.restore(tooLarge.span) }
        let other = try list().snapshot()
        #expect(throws: WireError.notOurs) { try store.restore(other.span) }
        #expect(store.count == 3)
        try store.restore(snapshot([[1], [1, 0], [2]]).span)
        #expect(store.count == 3 && store.value(of: [1, 0]) == [])
    }

    @Test("a list's snapshot beyond the limit is refused")
    func listLimit() throws {
        var large = ReplicatedList()
        for _ in 0..<80 { _ = try large.perform(.append([1, 2, 3, 4])) }
        var small = try list()
        let bytes = large.snapshot()
        #expect(throws: WireError.invalidField) { try small.restore(bytes.span) }
        for _ in 0..<40 { _ = try large.perform(.append([])) }
        let more = large.snapshot()
        #expect(throws: WireError.invalidField) { try small.restore(more.span) }
        #expect(small.items.count == 3)
    }

    /// Random bytes, or a sample with some of its bytes replaced, left out or added.
    private func nearly(_ samples: [[UInt8]], _ random: inout RandomSource) -> [UInt8] {
        guard random.below(5) != 0 else {
            return [UInt8](drawing: random.number(in: 0...20), &random)
        }
        var bytes = samples[Int(random.below(UInt64(samples.count)))]
        for _ in 0..<random.below(3) {
            let place = random.number(in: 0...bytes.count)
            let bound: UInt64 = random.below(2) == 0 ? 5 : 256
            let end = min(bytes.count, place + random.number(in: 0...2))
            let drawn = [UInt8](drawing: random.number(in: 0...2), below: bound, &random)
            bytes.replaceSubrange(place..<end, with: drawn)
        }
        return bytes
    }

    @Test(
        "random commands and queries are answered, and refused ones change nothing",
        arguments: 0..<4 as Range<UInt64>)
    func noise(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        var store = try store()
        var list = try list()
        let storeSamples = [
            KeyValueCommand.put(key: [1, 2], value: [3]).encoded(),
            KeyValueCommand.compareAndSet(key: [1], old: [1, 1], new: [4]).encoded(),
            KeyValueCommand.delete(key: [3]).encoded(), KeyValueQuery.get(key: [1]).encoded(),
            KeyValueQuery.keys(prefix: [1], after: [1], limit: 3).encoded(),
        ]
        let listSamples = [
            ListCommand.append([1, 2]).encoded(), ListQuery.page(from: 1, limit: 2).encoded(),
        ]
        var refused = 0
        for _ in 0..<2_000 {
            let storeBytes = nearly(storeSamples, &random)
            let listBytes = nearly(listSamples, &random)
            let before = (store.snapshot(), list.snapshot())
            let replies = (
                try KeyValueReply(reading: store.apply(storeBytes.span).span),
                try ListReply(reading: list.apply(listBytes.span).span)
            )
            if case .refused = replies.0 {
                #expect(store.snapshot() == before.0)
                refused += 1
            }
            if case .refused = replies.1 { #expect(list.snapshot() == before.1) }
            _ = try KeyValueReply(reading: store.read(storeBytes.span).span)
            _ = try ListReply(reading: list.read(listBytes.span).span)
        }
        store.checkInvariants()
        #expect(refused > 400 && refused < 1_900)
    }
}
