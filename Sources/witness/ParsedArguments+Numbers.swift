import UDPRuntime

extension ParsedArguments {
    /// An option's number; the standard one if it was not given.
    ///
    /// - Throws: ``ExitError`` of status 64 if it is none, or out of range.
    func number(
        _ name: String, _ standard: Int, _ range: ClosedRange<Int>
    ) throws(ExitError) -> Int {
        guard let text = value(name) else { return standard }
        return try OptionValue.count(text, of: name, in: range)
    }

    /// The number of `--seed`, or any.
    func seed() throws(ExitError) -> UInt64 {
        try value("--seed").map { text throws(ExitError) in
            try OptionValue.seed(text, of: "--seed")
        } ?? Entropy.seed()
    }
}
