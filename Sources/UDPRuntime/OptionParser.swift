/// One option a program has.
public struct OptionSpecification: Hashable, Sendable {
    /// With its dashes, as in `--hosts`.
    public let name: String
    /// What its value is called in the help text; nil if it takes none.
    public let valueName: String?

    public init(_ name: String, value: String? = nil) {
        self.name = name
        self.valueName = value
    }
}

/// A command line taken apart: options with their values, and the words between them.
///
/// Options and words may come in any order; `--option value` and `--option=value` are the same, and
/// `--` makes words of all that follows, however it begins. A negative number is a word.
public struct ParsedArguments: Hashable, Sendable {
    /// The words that are not options, in order.
    public private(set) var words: [String] = []
    private var values: [String: String] = [:]

    /// Takes arguments apart.
    ///
    /// - Parameters:
    ///   - arguments: without the program's name.
    ///   - options: those there are. `--help` and `--version` belong to them if they are to be known;
    ///     when one of the two is met, nothing after it is looked at.
    ///   - program: for the hint to its `--help`.
    /// - Throws: ``ExitError`` of status 64.
    public init(
        _ arguments: [String], options: [OptionSpecification], program: String
    ) throws(ExitError) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" {
                words += rest
                return
            }
            guard ParsedArguments.isOption(argument) else {
                words.append(argument)
                continue
            }
            let parts = argument.split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            guard let option = options.first(where: { $0.name == name }) else {
                throw .usage(
                    "There is no option \(name). '\(program) --help' lists those there are; "
                        + "'--' before a word that begins with a dash keeps it a word.")
            }
            guard values[name] == nil else {
                throw .usage("The option \(name) is given twice; expected it once.")
            }
            if let valueName = option.valueName {
                guard let value = parts.count == 2 ? String(parts[1]) : rest.popFirst() else {
                    throw .usage(
                        "The option \(name) lacks its value; expected \(name) \(valueName).")
                }
                values[name] = value
            } else {
                guard parts.count == 1 else {
                    throw .usage("The option \(name) takes no value, but '\(parts[1])' was found.")
                }
                values[name] = ""
                if name == "--help" || name == "--version" { return }
            }
        }
    }

    private static func isOption(_ argument: String) -> Bool {
        let bytes = argument.utf8
        guard bytes.count >= 2, bytes.first == UInt8(ascii: "-") else { return false }
        return !OptionValue.isDigit(bytes.dropFirst().first!)
    }

    /// Whether an option was given.
    public func has(_ name: String) -> Bool { values[name] != nil }

    /// An option's value; nil if it was not given.
    public func value(_ name: String) -> String? { values[name] }
}

extension CommandLine {
    /// The arguments without the program's name, exactly as they were given.
    ///
    /// - Throws: ``ExitError`` of status 64 if one is not UTF-8; Swift's own `arguments` would repair it
    ///   silently, and agree on another value than the one asked for.
    public static func checkedArguments() throws(ExitError) -> [String] {
        var result: [String] = []
        for index in 1..<max(1, Int(argc)) {
            guard let pointer = unsafe unsafeArgv[index] else { break }
            guard let text = unsafe String(validatingCString: pointer) else {
                throw .usage("Argument \(index) is not UTF-8 text; expected text.")
            }
            result.append(text)
        }
        return result
    }
}
