public import ConsensusCore

/// Readers for the values of options: each takes what a person typed and gives a typed value, or a
/// sentence that says what was found and what was expected.
public enum OptionValue {
    /// Reads a whole number.
    public static func count(
        _ text: String, of option: String, in range: ClosedRange<Int>
    ) throws(ExitError) -> Int {
        guard let value = digits(text), range.contains(value) else {
            throw .usage(
                "\(option): found '\(text)', expected a whole number from \(range.lowerBound) "
                    + "to \(range.upperBound).")
        }
        return value
    }

    /// Reads a seed: any number of 64 bits.
    public static func seed(_ text: String, of option: String) throws(ExitError) -> UInt64 {
        guard text.utf8.allSatisfy(isDigit), let value = UInt64(text) else {
            throw .usage(
                "\(option): found '\(text)', expected a whole number from 0 to \(UInt64.max).")
        }
        return value
    }

    /// Reads a probability, from 0 to 1 with up to six decimal places, as millionths.
    public static func probability(_ text: String, of option: String) throws(ExitError) -> Int {
        guard let value = decimal(text, places: 6), value <= 1_000_000 else {
            throw .usage(
                "\(option): found '\(text)', expected a probability from 0 to 1 with at most six "
                    + "decimal places, as in 0.25.")
        }
        return Int(value)
    }

    /// The longest delay that can be injected: ten minutes.
    public static let delayLimit = Interval.seconds(600)

    /// Reads `MIN[..MAX]` in milliseconds; a single number is both.
    public static func delay(
        _ text: String, of option: String
    ) throws(ExitError) -> ClosedRange<Interval> {
        var ends = [text[...]]
        if let dots = firstDots(in: text) {
            ends = [text[..<dots], text[text.index(dots, offsetBy: 2)...]]
        }
        let values = ends.compactMap { decimal(String($0), places: 6) }
        guard values.count == ends.count, values[0] <= values[values.count - 1],
            values[values.count - 1] <= delayLimit.nanoseconds
        else {
            throw .usage(
                "\(option): found '\(text)', expected MIN or MIN..MAX in milliseconds, MIN not "
                    + "above MAX and neither above \(delayLimit.nanoseconds / 1_000_000), "
                    + "as in 5..20.")
        }
        let shortest = Interval(nanoseconds: values[0])
        return shortest...Interval(nanoseconds: values[values.count - 1])
    }

    /// The longest time an option can ask for: eleven days and a half.
    public static let timeLimit = Interval.seconds(1_000_000)

    /// Reads a time in seconds, above 0, with up to nine decimal places.
    public static func seconds(_ text: String, of option: String) throws(ExitError) -> Interval {
        guard let value = decimal(text, places: 9), value > 0, value <= timeLimit.nanoseconds else {
            throw .usage(
                "\(option): found '\(text)', expected a number of seconds above 0 and at most "
                    + "\(timeLimit.nanoseconds / 1_000_000_000), as in 10 or 0.5.")
        }
        return Interval(nanoseconds: value)
    }

    // MARK: Numbers

    static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    /// Reads a run of digits and nothing else; nil also if the number is too large.
    static func digits(_ text: String) -> Int? {
        text.utf8.allSatisfy(isDigit) ? Int(text) : nil
    }

    /// Reads a decimal number without sign or exponent, as a multiple of ten to the minus `places`.
    ///
    /// Nil if it is none, too large, or finer than that.
    static func decimal(_ text: String, places: Int) -> Int64? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let whole = parts[0]
        var fraction = parts.count == 2 ? parts[1] : ""
        guard whole.utf8.allSatisfy(isDigit), fraction.utf8.allSatisfy(isDigit),
            !whole.isEmpty || !fraction.isEmpty
        else { return nil }
        while fraction.last == "0" { fraction.removeLast() }
        guard fraction.count <= places else { return nil }
        let padding = String(repeating: "0", count: places - fraction.count)
        return Int64("0" + whole + fraction + padding)
    }

    private static func firstDots(in text: String) -> String.Index? {
        var index = text.startIndex
        while index < text.endIndex {
            if text[index...].hasPrefix("..") { return index }
            index = text.index(after: index)
        }
        return nil
    }
}
