import Synod

/// A number that all nodes agree on: the smallest state machine that is of any use.
public struct Counter: StateMachine {
    public private(set) var value: UInt64 = 0

    public init() {}

    /// A command is the amount to add, in one byte; the reply is the sum.
    public mutating func apply(_ command: Span<UInt8>) -> [UInt8] {
        if command.count == 1 { value &+= UInt64(command[0]) }
        return snapshot()
    }

    /// Whatever the query, the reply is the sum.
    public func read(_ query: Span<UInt8>) -> [UInt8] { snapshot() }

    public func snapshot() -> [UInt8] { Array("\(value)".utf8) }

    public mutating func restore(_ snapshot: Span<UInt8>) throws(WireError) {
        var digits: [UInt8] = []
        for index in snapshot.indices { digits.append(snapshot[index]) }
        guard let value = UInt64(String(decoding: digits, as: UTF8.self)) else {
            throw .invalidField
        }
        self.value = value
    }
}
