/// A store of values by key, whose keys are objects of their own.
public struct KeyValueModel: SequentialModel {
    /// What is done with a key.
    public enum Action: Hashable, Sendable {
        case put([UInt8])
        case get
        case delete
        /// Sets a new value if the key has the old one; nil is no value.
        case compareAndSet(old: [UInt8]?, new: [UInt8])
    }

    /// An operation on a key.
    public struct Input: Hashable, Sendable {
        public var key: [UInt8]
        public var action: Action

        @inlinable
        public init(_ key: [UInt8], _ action: Action) {
            self.key = key
            self.action = action
        }
    }

    /// What was answered.
    public enum Output: Hashable, Sendable {
        /// A put, a delete of a key that was there, or a compare-and-set that set.
        case done
        /// A get's value.
        case value([UInt8])
        /// A get or a delete of a key that was not there, or a compare-and-set that expected one.
        case missing
        /// A compare-and-set that found this value instead.
        case mismatch([UInt8])
        /// Refused for a reason of the store's own, such as want of room; nothing was changed.
        case refused
    }

    @inlinable
    public init() {}

    @inlinable
    public var initialState: [UInt8]? { nil }

    @inlinable
    public func key(of input: Input) -> [UInt8] { input.key }

    @inlinable
    public func step(_ state: [UInt8]?, _ input: Input, _ output: Output?) -> [UInt8]?? {
        if output == .refused { return .some(state) }
        let answer: Output
        var new = state
        switch input.action {
        case .put(let value):
            answer = .done
            new = value
        case .get:
            answer = state.map { .value($0) } ?? .missing
        case .delete:
            answer = state == nil ? .missing : .done
            new = nil
        case .compareAndSet(let old, let value):
            if old == state {
                answer = .done
                new = value
            } else {
                answer = state.map { .mismatch($0) } ?? .missing
            }
        }
        return output == nil || output == answer ? .some(new) : nil
    }

    public func describe(_ key: [UInt8]) -> String { "key \(key.inWords)" }

    public func describe(_ input: Input, _ output: Output?) -> String {
        let what =
            switch input.action {
            case .put(let value): "put \(value.inWords)"
            case .get: "get"
            case .delete: "delete"
            case .compareAndSet(let old, let new):
                "compare-and-set \(old?.inWords ?? "nothing") to \(new.inWords)"
            }
        guard let output else { return what }
        let answer =
            switch output {
            case .done: "done"
            case .value(let value): value.inWords
            case .missing: "missing"
            case .mismatch(let value): "it has \(value.inWords)"
            case .refused: "refused"
            }
        return "\(what) -> \(answer)"
    }
}

extension [UInt8] {
    /// The first 40 bytes: as text in quotes if all are printable ASCII, else in hexadecimal.
    var inWords: String {
        let shown = prefix(40)
        let rest = count > shown.count ? "… (\(count) bytes)" : ""
        if shown.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) {
            return "\"\(String(decoding: shown, as: UTF8.self))\"\(rest)"
        }
        var digits = "0x"
        for byte in shown {
            digits += byte < 16 ? "0" : ""
            digits += String(byte, radix: 16)
        }
        return digits + rest
    }
}
