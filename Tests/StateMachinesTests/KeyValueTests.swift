import ConsensusCore
import StateMachines
import Testing

@Suite("Key-value store")
struct KeyValueTests {
    private let largestKey = [UInt8](repeating: 1, count: KeyValueStore.keySizes.upperBound)
    private let largestValue = [UInt8](repeating: 2, count: KeyValueStore.maximumValueSize)

    @Test("what is put can be got, in place of what was there")
    func put() throws {
        var store = KeyValueStore()
        #expect(try store.ask(.get(key: bytes("a"))) == .missing)
        #expect(try store.perform(.put(key: bytes("a"), value: bytes("1"))) == .done)
        #expect(try store.perform(.put(key: bytes("a"), value: [])) == .done)
        #expect(try store.ask(.get(key: bytes("a"))) == .value([]))
        #expect(store.count == 1 && store.value(of: bytes("b")) == nil)
    }

    @Test("deleting says whether the key was there")
    func delete() throws {
        var store = KeyValueStore()
        _ = try store.perform(.put(key: bytes("a"), value: bytes("1")))
        #expect(try store.perform(.delete(key: bytes("b"))) == .missing)
        #expect(try store.perform(.delete(key: bytes("a"))) == .done)
        #expect(try store.perform(.delete(key: bytes("a"))) == .missing)
        #expect(store.count == 0 && store.size == 0)
    }

    @Test("compare-and-set changes a key only from the value it is said to have")
    func compareAndSet() throws {
        var store = KeyValueStore()
        func change(_ old: String?, _ new: String) throws -> KeyValueReply {
            try store.perform(
                .compareAndSet(key: bytes("a"), old: old.map(bytes), new: bytes(new)))
        }
        #expect(try change("1", "2") == .missing)
        #expect(try change(nil, "1") == .done)
        #expect(try change(nil, "2") == .mismatch(bytes("1")))
        #expect(try change("2", "3") == .mismatch(bytes("1")))
        #expect(store.value(of: bytes("a")) == bytes("1"))
        #expect(try change("1", "2") == .done)
        #expect(store.value(of: bytes("a")) == bytes("2"))
    }

    @Test("the largest keys and values are taken and answered, and larger ones refused by size")
    func sizes() throws {
        var store = KeyValueStore()
        #expect(try store.perform(.put(key: largestKey, value: largestValue)) == .done)
        #expect(try store.ask(.get(key: largestKey)) == .value(largestValue))
        #expect(try store.perform(.put(key: [], value: [])) == .refused(.size))
        #expect(try store.perform(.put(key: largestKey + [0], value: [])) == .refused(.size))
        #expect(try store.perform(.put(key: [1], value: largestValue + [0])) == .refused(.size))
        #expect(try store.perform(.delete(key: [])) == .refused(.size))
        #expect(try store.ask(.get(key: largestKey + [0])) == .refused(.size))
        #expect(store.count == 1)
    }

    @Test("a store that is full takes what makes it no larger, and says full to the rest")
    func full() throws {
        let entry = 1 + 10 + KeyValueStore.entryOverhead
        var store = KeyValueStore(limit: 2 * entry)
        let ten = [UInt8](repeating: 0, count: 10)
        #expect(try store.perform(.put(key: [1], value: ten)) == .done)
        #expect(try store.perform(.put(key: [2], value: ten + [0])) == .full)
        #expect(try store.perform(.put(key: [2], value: ten)) == .done)
        #expect(store.size == 2 * entry)
        #expect(try store.perform(.put(key: [2], value: ten + [0])) == .full)
        #expect(try store.perform(.put(key: [3], value: [])) == .full)
        #expect(try store.perform(.compareAndSet(key: [3], old: nil, new: [])) == .full)
        #expect(try store.perform(.compareAndSet(key: [2], old: ten, new: ten + [0])) == .full)
        #expect(store.value(of: [2]) == ten && store.count == 2 && store.size == 2 * entry)
        #expect(try store.perform(.put(key: [2], value: [9])) == .done)
        #expect(try store.perform(.put(key: [1], value: ten + [0])) == .done)
        #expect(try store.perform(.delete(key: [1])) == .done)
        #expect(try store.perform(.put(key: [3], value: ten)) == .done)
        store.checkInvariants()
    }

    @Test("keys come in the order of their bytes, what begins another before it")
    func order() throws {
        var store = KeyValueStore()
        for key in [[2], [1, 255], [255], [1], [1, 0], [128], [1, 0, 0]] as [[UInt8]] {
            _ = try store.perform(.put(key: key, value: []))
        }
        #expect(
            try store.ask(.keys(prefix: [], after: [], limit: 0))
                == .page(
                    keys: [[1], [1, 0], [1, 0, 0], [1, 255], [2], [128], [255]], hasMore: false))
        #expect(
            try store.ask(.keys(prefix: [1], after: [1, 0], limit: 1))
                == .page(keys: [[1, 0, 0]], hasMore: true))
        #expect(
            try store.ask(.keys(prefix: [2], after: [1, 9], limit: 0))
                == .page(keys: [[2]], hasMore: false))
        #expect(
            try store.ask(.keys(prefix: [1], after: [2], limit: 0))
                == .page(keys: [], hasMore: false))
    }

    @Test("a page of the largest keys fits a reply, and the pages together are all keys")
    func largePages() throws {
        var store = KeyValueStore()
        for number in 0..<100 as Range<UInt8> {
            var key = largestKey
            key[key.count - 1] = number
            _ = try store.perform(.put(key: key, value: []))
        }
        var found: [[UInt8]] = []
        var pages = 0
        var hasMore = true
        while hasMore {
            let query = KeyValueQuery.keys(prefix: [1, 1], after: found.last ?? [], limit: 0)
            let answer = store.read(query.encoded().span)
            #expect(answer.count <= ServiceLimits.maximumReplySize)
            guard case .page(let keys, let more) = try KeyValueReply(reading: answer.span) else {
                Issue.record("no page")
                return
            }
            #expect(more == (keys.count == 31))
            (found, hasMore, pages) = (found + keys, more, pages + 1)
        }
        #expect(found.map { $0[$0.count - 1] } == Array(0..<100) && pages == 4)
    }

    @Test("a page of thousands of short keys fits a reply, and has no room for another")
    func shortKeys() throws {
        var store = KeyValueStore()
        for number in 0..<6_000 {
            _ = try store.perform(.put(key: [UInt8(number / 256), UInt8(number % 256)], value: []))
        }
        let answer = store.read(KeyValueQuery.keys(prefix: [], after: [], limit: 0).encoded().span)
        #expect(answer.count <= ServiceLimits.maximumReplySize)
        #expect(answer.count + 4 + 2 > ServiceLimits.maximumReplySize)
    }

    @Test("what is meant for another service, or cannot be read, is refused by name")
    func refusals() throws {
        var store = KeyValueStore()
        func reply(to bytes: [UInt8]) throws -> KeyValueReply {
            try KeyValueReply(reading: store.apply(bytes.span).span)
        }
        func answer(to bytes: [UInt8]) throws -> KeyValueReply {
            try KeyValueReply(reading: store.read(bytes.span).span)
        }
        let put = KeyValueCommand.put(key: [1], value: [2]).encoded()
        let get = KeyValueQuery.get(key: [1]).encoded()
        #expect(try reply(to: ListCommand.append([1]).encoded()) == .refused(.otherService))
        #expect(
            try answer(to: ListQuery.page(from: 0, limit: 0).encoded()) == .refused(.otherService))
        #expect(try reply(to: []) == .refused(.malformed))
        #expect(try answer(to: []) == .refused(.malformed))
        #expect(try reply(to: put + [0]) == .refused(.malformed))
        #expect(try answer(to: get + [0]) == .refused(.malformed))
        #expect(try reply(to: [ServiceTag.keyValue, 9]) == .refused(.malformed))
        #expect(try answer(to: [ServiceTag.keyValue, 9]) == .refused(.malformed))
        for count in 0..<put.count {
            #expect(try reply(to: Array(put.prefix(count))) == .refused(.malformed))
        }
        #expect(store.count == 0)
    }
}
