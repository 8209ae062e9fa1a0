public import ConsensusCore

/// What an object does when one operation follows another: the specification that a history of
/// concurrent operations is held against.
public protocol SequentialModel {
    associatedtype Input: Hashable
    associatedtype Output: Hashable
    /// What the object is between two operations; equal states behave alike for ever.
    associatedtype State: Hashable
    /// Which of many independent objects an operation is about.
    associatedtype Key: Hashable

    /// What each object begins as.
    var initialState: State { get }

    /// The one object that the operation reads or changes.
    func key(of input: Input) -> Key

    /// What the object is after an operation.
    ///
    /// - Parameter output: what was answered; nil if nobody knows, which any answer explains.
    /// - Returns: nil if the object would have answered something else.
    func step(_ state: State, _ input: Input, _ output: Output?) -> State?

    /// The name of an object in an explanation.
    func describe(_ key: Key) -> String
    /// An operation in an explanation, such as `get -> "a"`; without an output, it is not known.
    func describe(_ input: Input, _ output: Output?) -> String
}

extension SequentialModel {
    public func describe(_ key: Key) -> String { "\(key)" }

    public func describe(_ input: Input, _ output: Output?) -> String {
        "\(input) -> \(output.map { "\($0)" } ?? "?")"
    }
}

/// One operation of a history: who asked for what, when, and what came of it.
///
/// All times are of one clock. A process has one operation under way at a time.
public struct HistoryOperation<Input, Output> {
    public var process: Int
    public var input: Input
    public var invoked: Instant
    /// When the answer was there; nil if none came: it may have taken effect at any time since, or may
    /// yet, or never.
    public var answered: Instant?
    /// What was answered; nil if it is not known.
    public var output: Output?

    /// An operation under way.
    public init(process: Int, input: Input, invoked: Instant) {
        self.process = process
        self.input = input
        self.invoked = invoked
    }

    /// An operation that was answered.
    public init(process: Int, input: Input, invoked: Instant, answered: Instant, output: Output?) {
        self.init(process: process, input: input, invoked: invoked)
        self.answered = answered
        self.output = output
    }
}

extension HistoryOperation: Sendable where Input: Sendable, Output: Sendable {}
extension HistoryOperation: Equatable where Input: Equatable, Output: Equatable {}
extension HistoryOperation: Hashable where Input: Hashable, Output: Hashable {}

/// Whether there is an order of a history's operations that explains all answers.
public enum LinearizabilityVerdict: Hashable, Sendable {
    case linearizable
    /// There is none; the explanation names the object, the answer that no order explains, and the
    /// operations before it, in several lines.
    case notLinearizable(explanation: String)
    /// The search came to its bound before it could say: not a clean bill of health.
    case unknown(explanation: String)
}
