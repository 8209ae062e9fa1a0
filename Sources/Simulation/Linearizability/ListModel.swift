/// A list that only grows: an append answers with its position, a read with items from a position on.
public struct ListModel: SequentialModel {
    /// An operation on the list.
    public enum Input: Hashable, Sendable {
        case append([UInt8])
        /// The items from a position on, counted from 0.
        case read(from: Int)
    }

    /// What was answered.
    public enum Output: Hashable, Sendable {
        case appended(at: Int)
        /// Items from the position asked for, and how many the list has in all, if that was told.
        ///
        /// They may be fewer than there are, but none only if there are none.
        case items([[UInt8]], total: Int?)
        /// Refused for a reason of the list's own, such as want of room; nothing was changed.
        case refused
    }

    /// The items so far, sharing all but the last with the list before it.
    public struct State: Hashable {
        @usableFromInline let last: Item?

        @inlinable
        init(last: Item?) { self.last = last }

        @inlinable
        var count: Int { last?.count ?? 0 }

        public static func == (left: State, right: State) -> Bool {
            var (left, right) = (left.last, right.last)
            guard left?.digest == right?.digest else { return false }
            while let one = left, let other = right, one !== other {
                guard one.bytes == other.bytes else { return false }
                (left, right) = (one.previous, other.previous)
            }
            return left === right
        }

        public func hash(into hasher: inout Hasher) { hasher.combine(last?.digest ?? 0) }
    }

    /// The end of a list.
    @usableFromInline
    final class Item {
        @usableFromInline let bytes: [UInt8]
        @usableFromInline private(set) var previous: Item?
        @usableFromInline let count: Int
        /// Of all items up to this one.
        @usableFromInline let digest: UInt64

        @usableFromInline
        init(_ bytes: [UInt8], after previous: Item?) {
            self.bytes = bytes
            self.previous = previous
            count = (previous?.count ?? 0) + 1
            var digest = Digest()
            digest.fold(previous?.digest ?? 0)
            digest.fold(UInt64(bytes.count))
            for byte in bytes { digest.fold(UInt64(byte)) }
            self.digest = digest.value
        }

        /// Lets a long list go one by one, not each within the deinit of the next.
        deinit {
            var item = previous.take()
            while isKnownUniquelyReferenced(&item) { item = item?.previous.take() }
        }
    }

    @inlinable
    public init() {}

    @inlinable
    public var initialState: State { State(last: nil) }

    @inlinable
    public func key(of input: Input) -> Bool { true }

    @inlinable
    public func step(_ state: State, _ input: Input, _ output: Output?) -> State? {
        switch (input, output) {
        case (_, .refused), (.read, nil): return state
        case (.append(let bytes), nil):
            return State(last: Item(bytes, after: state.last))
        case (.append(let bytes), .appended(let position)):
            return position == state.count ? State(last: Item(bytes, after: state.last)) : nil
        case (.read(let start), .items(let items, let total)):
            return isPage(items, from: start, total: total, of: state) ? state : nil
        case (.append, .items), (.read, .appended): return nil
        }
    }

    @usableFromInline
    func isPage(_ items: [[UInt8]], from start: Int, total: Int?, of state: State) -> Bool {
        if let total, total != state.count { return false }
        guard start >= 0 else { return false }
        if items.isEmpty { return start >= state.count }
        guard start <= state.count, items.count <= state.count - start else { return false }
        var item = state.last
        while let current = item, current.count > start {
            let position = current.count - 1 - start
            if position < items.count && items[position] != current.bytes { return false }
            item = current.previous
        }
        return true
    }

    public func describe(_ key: Bool) -> String { "the list" }

    public func describe(_ input: Input, _ output: Output?) -> String {
        let what =
            switch input {
            case .append(let bytes): "append \(bytes.inWords)"
            case .read(let start): "read from \(start)"
            }
        switch output {
        case nil: return what
        case .appended(let position): return "\(what) -> at \(position)"
        case .items(let items, let total):
            let shown = items.prefix(8).map(\.inWords).joined(separator: ", ")
            let rest = items.count > 8 ? ", … (\(items.count) items)" : ""
            return "\(what) -> [\(shown)\(rest)]" + (total.map { " of \($0)" } ?? "")
        case .refused: return "\(what) -> refused"
        }
    }
}
