import ConsensusCore

/// Answers that leave together, one datagram a recipient as far as they fit.
///
/// It is bounded for each guest and in all: what is over is not taken, and its client asks again.
struct AnswerBook: Sendable {
    private struct Page: Sendable {
        var recipient: NodeID
        var answers: [LogAnswer] = []
        var size = 0
        /// The bytes on this page and the recipient's pages before it.
        var sum = 0
    }

    private let sizes: LogSizes
    private let nodes: NodeSet
    private var pages: [Page] = []
    /// The last page of each recipient.
    private var lastPage: [NodeID: Int] = [:]
    /// About how many bytes there are.
    private(set) var size = 0

    /// About how many bytes an answer takes besides those of its reply.
    private static let overhead = 32

    /// - Parameter nodes: the recipients that answers are relayed by, which are bounded together only.
    init(_ sizes: LogSizes, nodes: NodeSet) {
        self.sizes = sizes
        self.nodes = nodes
    }

    /// About how many bytes an answer takes.
    static func size(of answer: LogAnswer) -> Int {
        guard case .done(let bytes) = answer.reply else { return overhead }
        return overhead + bytes.count
    }

    /// Adds an answer unless there is too much already; returns whether it did.
    ///
    /// The first of all always goes in.
    @discardableResult
    mutating func add(_ answer: LogAnswer, to recipient: NodeID) -> Bool {
        let size = AnswerBook.size(of: answer)
        var index = lastPage[recipient]
        let before = index.map { pages[$0].sum } ?? 0
        guard
            fits(
                size, after: before, for: recipient, within: sizes.answerBytes,
                each: sizes.guestAnswerBytes)
        else { return false }
        if let page = index,
            pages[page].size + size > sizes.page || pages[page].answers.count == sizes.entries
        {
            index = nil
        }
        let page = index ?? pages.count
        if index == nil {
            pages.append(Page(recipient: recipient, sum: before))
            lastPage[recipient] = page
        }
        pages[page].answers.append(answer)
        pages[page].size += size
        pages[page].sum += size
        self.size += size
        return true
    }

    /// Whether the answer to a query, which may be as large as any, would still go in.
    ///
    /// Queries get a smaller part of the book than commands, for they can wait and commands cannot.
    func hasRoomForQuery(of recipient: NodeID) -> Bool {
        let before = lastPage[recipient].map { pages[$0].sum } ?? 0
        return fits(
            AnswerBook.overhead + ServiceLimits.maximumReplySize, after: before, for: recipient,
            within: sizes.queryAnswerBytes, each: sizes.guestQueryAnswerBytes)
    }

    private func fits(
        _ size: Int, after before: Int, for recipient: NodeID, within limit: Int,
        each guestLimit: Int
    ) -> Bool {
        if self.size == 0 { return true }
        guard self.size + size <= limit else { return false }
        return before == 0 || nodes.contains(recipient) || before + size <= guestLimit
    }

    mutating func send(leader: NodeID?, into lanes: inout LogNode.Lanes) {
        guard !pages.isEmpty else { return }
        for page in pages {
            lanes.send(.reply(LogReply(leader: leader, answers: page.answers)), to: page.recipient)
        }
        let isBurst = pages.count > AnswerBook.keptPages
        pages.removeAll(keepingCapacity: !isBurst)
        lastPage.removeAll(keepingCapacity: !isBurst)
        size = 0
    }

    /// For how many pages memory is kept from one time to the next.
    private static let keptPages = 1_024
}
