import ConsensusCore

/// Queries that may be answered, one line an asker: each asker has its turn, however many others ask.
struct QueryLines: Sendable {
    private struct Line: Sendable {
        var asker: NodeID
        var queries: [LogOperation]
        var next = 0
    }

    private var lines: [Line] = []
    /// The line of each asker that has one.
    private var lineOf: [NodeID: Int] = [:]
    /// The line whose turn is next.
    private var turn = 0

    var isEmpty: Bool { lines.isEmpty }

    mutating func append(_ query: LogOperation, of asker: NodeID) {
        if let line = lineOf[asker] {
            lines[line].queries.append(query)
        } else {
            lineOf[asker] = lines.count
            lines.append(Line(asker: asker, queries: [query]))
        }
    }

    mutating func removeAll() {
        self = QueryLines()
    }

    /// Takes queries in turns, of those askers that there is room for.
    ///
    /// - Parameters:
    ///   - hasRoom: whether an asker's next query may be answered now; once it says no of one, that one
    ///     is not asked for again.
    ///   - answer: takes each.
    mutating func take(
        while hasRoom: (NodeID) -> Bool, _ answer: (NodeID, LogOperation) -> Void
    ) {
        var waiting = lines.indices.map { (turn + $0) % lines.count }
        while !waiting.isEmpty {
            var still: [Int] = []
            for line in waiting {
                let asker = lines[line].asker
                guard hasRoom(asker) else { continue }
                let next = lines[line].next
                answer(asker, lines[line].queries[next])
                lines[line].next = next + 1
                turn = line + 1
                if next + 1 < lines[line].queries.count { still.append(line) }
            }
            waiting = still
        }
        removeServed()
    }

    /// Drops the queries that were taken, and the lines of those that have no others.
    private mutating func removeServed() {
        var kept: [Line] = []
        var first = 0
        for (index, line) in lines.enumerated() where line.next < line.queries.count {
            var line = line
            if line.next > line.queries.count / 2 {
                line.queries.removeFirst(line.next)
                line.next = 0
            }
            if index < turn { first += 1 }
            kept.append(line)
        }
        lineOf.removeAll()
        for (index, line) in kept.enumerated() { lineOf[line.asker] = index }
        lines = kept
        turn = kept.isEmpty ? 0 : first % kept.count
    }
}
