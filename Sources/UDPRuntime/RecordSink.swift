/// Where the records of an automaton are made durable before anything it wants sent is sent.
public protocol RecordSink<Record>: ~Copyable {
    associatedtype Record

    /// Returns once all of the records will be found again after a crash.
    ///
    /// - Parameter records: what is new, oldest first; never empty.
    /// - Throws: ``ExitError`` of status 74 if they cannot be kept; the loop then ends unsent.
    mutating func makeDurable(_ records: [Record]) throws(ExitError)

    /// Puts these records in the place of all there are; returns once that is durable.
    ///
    /// A crash leaves all of the old or all of the new.
    ///
    /// - Throws: ``ExitError`` of status 74 if they cannot be kept; the loop then ends.
    mutating func replaceAll(with records: [Record]) throws(ExitError)
}

/// Keeps nothing: the node's memory is all there is, and a crash loses it.
public struct MemoryOnly<Record>: RecordSink {
    @inlinable
    public init() {}

    @inlinable
    public mutating func makeDurable(_ records: [Record]) {}

    @inlinable
    public mutating func replaceAll(with records: [Record]) {}
}
