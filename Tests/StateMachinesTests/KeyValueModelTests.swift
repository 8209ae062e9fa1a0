import ConsensusCore
import StateMachines
import Testing

@Suite("Key-value store, drawn at random")
struct KeyValueModelTests {
    private typealias Model = [[UInt8]: [UInt8]]

    private func command(_ random: inout RandomSource) -> KeyValueCommand {
        let key = [UInt8](drawing: random.number(in: 1...4), below: 3, &random)
        let value = [UInt8](drawing: random.number(in: 0...1), below: 2, &random)
        switch random.below(8) {
        case 0..<3: return .put(key: key, value: value)
        case 3..<5: return .delete(key: key)
        case 5: return .compareAndSet(key: key, old: nil, new: value)
        default:
            let old = [UInt8](drawing: random.number(in: 0...1), below: 2, &random)
            return .compareAndSet(key: key, old: old, new: value)
        }
    }

    private func perform(_ command: KeyValueCommand, on model: inout Model) -> KeyValueReply {
        switch command {
        case .put(let key, let value): model[key] = value
        case .delete(let key):
            guard model.removeValue(forKey: key) != nil else { return .missing }
        case .compareAndSet(let key, let old, let new):
            guard model[key] == old else {
                guard let actual = model[key] else { return .missing }
                return .mismatch(actual)
            }
            model[key] = new
        }
        return .done
    }

    private func page(
        of model: Model, prefix: [UInt8], after: [UInt8], limit: Int
    ) -> KeyValueReply {
        let keys = model.keys.filter {
            $0.starts(with: prefix) && after.lexicographicallyPrecedes($0)
        }
        .sorted { $0.lexicographicallyPrecedes($1) }
        return .page(keys: Array(keys.prefix(limit)), hasMore: keys.count > limit)
    }

    @Test(
        "replies, pages and size are those of a plain dictionary",
        arguments: 0..<4 as Range<UInt64>)
    func model(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        var store = KeyValueStore()
        var model: Model = [:]
        var seen: [KeyValueReply: Int] = [:]
        for _ in 0..<1_200 {
            let command = command(&random)
            let reply = try store.perform(command)
            #expect(reply == perform(command, on: &model), "\(command)")
            seen[reply, default: 0] += 1
            let prefix = [UInt8](drawing: random.number(in: 0...2), below: 3, &random)
            let after = [UInt8](drawing: random.number(in: 0...4), below: 3, &random)
            let limit = random.number(in: 1...6)
            #expect(
                try store.ask(.keys(prefix: prefix, after: after, limit: UInt32(limit)))
                    == page(of: model, prefix: prefix, after: after, limit: limit))
            #expect(store.value(of: after) == model[after])
        }
        store.checkInvariants()
        let sizes = model.map { $0.key.count + $0.value.count + KeyValueStore.entryOverhead }
        #expect(store.count == model.count && store.size == sizes.reduce(0, +))
        #expect(seen.count == 5, "not every kind of reply was given")
    }

    /// Enough keys for many chunks, added and removed until their chunks are split and joined.
    @Test("thousands of keys stay in order as they come and go", arguments: 0..<2 as Range<UInt64>)
    func manyKeys(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        var store = KeyValueStore()
        var model: Model = [:]
        for phase in 0..<4 {
            for _ in 0..<2_000 {
                let key = [UInt8](drawing: 3, below: 16, &random)
                let isRemoval = random.below(10) < (phase % 2 == 0 ? 1 : 9)
                let command =
                    isRemoval ? KeyValueCommand.delete(key: key) : .put(key: key, value: key)
                #expect(try store.perform(command) == perform(command, on: &model))
            }
            // What is left between two bounds goes, so that whole chunks empty.
            for key in model.keys.sorted(by: { $0.lexicographicallyPrecedes($1) })
            where key[0] == UInt8(phase) || phase == 3 && key[0] > 3 {
                let command = KeyValueCommand.delete(key: key)
                #expect(try store.perform(command) == perform(command, on: &model))
            }
            store.checkInvariants()
            #expect(store.count == model.count)
            #expect(
                try store.ask(.keys(prefix: [], after: [], limit: 5_000))
                    == page(of: model, prefix: [], after: [], limit: 5_000))
        }
    }

    @Test(
        "its snapshot is the same bytes whatever the order its keys came in, and in every process")
    func golden() throws {
        var random = RandomSource(seed: 5)
        var keys = (0..<2_000).map { _ in [UInt8](drawing: 5, &random) }
        var store = KeyValueStore()
        for key in keys { _ = try store.perform(.put(key: key, value: [key[0]])) }
        keys.sort { $0.lexicographicallyPrecedes($1) }
        var sorted = KeyValueStore()
        for key in keys { _ = try sorted.perform(.put(key: key, value: [key[0]])) }
        #expect(store.snapshot() == sorted.snapshot())
        #expect(Checksum.crc32c(store.snapshot().span) == 1_039_452_826)
    }

    @Test("goes on from a snapshot as if nothing had been", arguments: 0..<4 as Range<UInt64>)
    func restore(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        var store = KeyValueStore()
        for _ in 0..<600 {
            let key = [UInt8](drawing: random.number(in: 1...3), &random)
            _ = try store.perform(.put(key: key, value: key))
        }
        var other = KeyValueStore()
        _ = try other.perform(.put(key: [1], value: [2]))
        try other.restore(store.snapshot().span)
        other.checkInvariants()
        #expect(other.snapshot() == store.snapshot() && other.size == store.size)
        for _ in 0..<600 {
            let command = command(&random)
            #expect(try other.perform(command) == store.perform(command))
        }
        #expect(other.snapshot() == store.snapshot())
    }
}
