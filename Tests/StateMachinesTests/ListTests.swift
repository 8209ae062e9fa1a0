import ConsensusCore
import StateMachines
import Testing

@Suite("Replicated list")
struct ListTests {
    private let largest = [UInt8](repeating: 3, count: ReplicatedList.maximumItemSize)

    @Test("items keep the order and the positions they were appended at")
    func append() throws {
        var list = ReplicatedList()
        #expect(try list.ask(.page(from: 0, limit: 0)) == .page(items: [], total: 0))
        #expect(try list.perform(.append(bytes("a"))) == .appended(position: 0))
        #expect(try list.perform(.append([])) == .appended(position: 1))
        #expect(try list.perform(.append(bytes("a"))) == .appended(position: 2))
        #expect(
            try list.ask(.page(from: 0, limit: 0))
                == .page(items: [bytes("a"), [], bytes("a")], total: 3))
        #expect(try list.ask(.page(from: 1, limit: 1)) == .page(items: [[]], total: 3))
        #expect(try list.ask(.page(from: 3, limit: 0)) == .page(items: [], total: 3))
        #expect(try list.ask(.page(from: .max, limit: .max)) == .page(items: [], total: 3))
    }

    @Test("the pages together are the list, each fits a reply, and none is empty before the end")
    func pages() throws {
        var random = RandomSource(seed: 3)
        var list = ReplicatedList()
        var model: [[UInt8]] = []
        for _ in 0..<300 {
            let sizes = [0, 1, 40, 3_000, ReplicatedList.maximumItemSize]
            let size = sizes[Int(random.below(5))]
            let item = [UInt8](repeating: UInt8(random.below(256)), count: size)
            #expect(try list.perform(.append(item)) == .appended(position: UInt64(model.count)))
            model.append(item)
        }
        var found: [[UInt8]] = []
        while found.count < model.count {
            let query = ListQuery.page(from: UInt64(found.count), limit: 0)
            let answer = list.read(query.encoded().span)
            #expect(answer.count <= ServiceLimits.maximumReplySize)
            guard case .page(let items, 300) = try ListReply(reading: answer.span), !items.isEmpty
            else {
                Issue.record("no page at \(found.count)")
                return
            }
            found += items
            guard found.count < model.count else { break }
            let next = answer.count + 4 + model[found.count].count
            #expect(next > ServiceLimits.maximumReplySize, "the page has room for one more")
        }
        #expect(found == model && list.items == model)
    }

    @Test("a page of thousands of empty items fits a reply, and has no room for another")
    func emptyItems() throws {
        var list = ReplicatedList()
        for _ in 0..<9_000 { _ = try list.perform(.append([])) }
        let answer = list.read(ListQuery.page(from: 0, limit: 0).encoded().span)
        #expect(answer.count <= ServiceLimits.maximumReplySize)
        #expect(answer.count + 4 > ServiceLimits.maximumReplySize)
    }

    @Test("a list that is full says so and stays as it is")
    func full() throws {
        var list = ReplicatedList(limit: 2 * ReplicatedList.itemOverhead + 5)
        #expect(try list.perform(.append([1, 2, 3])) == .appended(position: 0))
        #expect(try list.perform(.append([4, 5, 6])) == .full)
        #expect(list.items.count == 1)
        #expect(try list.perform(.append([4, 5])) == .appended(position: 1))
        #expect(try list.perform(.append([])) == .full)
        #expect(list.size == 2 * ReplicatedList.itemOverhead + 5)
    }

    @Test("an item over the limit, and bytes that are no command, are refused by name")
    func refusals() throws {
        var list = ReplicatedList()
        #expect(try list.perform(.append(largest + [0])) == .refused(.size))
        #expect(try list.perform(.append(largest)) == .appended(position: 0))
        func reply(to bytes: [UInt8]) throws -> ListReply {
            try ListReply(reading: list.apply(bytes.span).span)
        }
        let append = ListCommand.append([1]).encoded()
        let put = KeyValueCommand.put(key: [1], value: [2]).encoded()
        #expect(try reply(to: put) == .refused(.otherService))
        #expect(try reply(to: append + [0]) == .refused(.malformed))
        #expect(try reply(to: [ServiceTag.list, 1]) == .refused(.malformed))
        for count in 0..<append.count {
            #expect(try reply(to: Array(append.prefix(count))) == .refused(.malformed))
        }
        let get = KeyValueQuery.get(key: [1]).encoded()
        let none: [UInt8] = []
        #expect(try ListReply(reading: list.read(get.span).span) == .refused(.otherService))
        #expect(try ListReply(reading: list.read(none.span).span) == .refused(.malformed))
        #expect(list.items.count == 1)
    }

    @Test("a snapshot brings back all of it")
    func restore() throws {
        var list = ReplicatedList()
        for item in [[], [1], largest, [1]] as [[UInt8]] { _ = try list.perform(.append(item)) }
        var other = ReplicatedList()
        _ = try other.perform(.append([9]))
        try other.restore(list.snapshot().span)
        #expect(other.items == list.items && other.size == list.size)
        #expect(try other.perform(.append([2])) == .appended(position: 4))
    }
}
