/// The exit statuses of the drivers, after BSD's sysexits where it has one.
public enum ExitStatus {
    /// The run is over, or what was asked for has been printed.
    public static let done: Int32 = 0
    /// The command line is wrong.
    public static let usage: Int32 = 64
    /// The hosts file is wrong.
    public static let hostsFile: Int32 = 65
    /// No answer came in time.
    public static let noAnswer: Int32 = 69
    /// The system refused, as when a port is in use.
    public static let system: Int32 = 71
    /// The service has no room.
    public static let noRoom: Int32 = 73
    /// Storage failed.
    public static let storage: Int32 = 74
    /// `--crash-on` fired.
    public static let crashPoint: Int32 = 86
}

/// Why a program ends early: a sentence for the person who started it, and the exit status.
public struct ExitError: Error, Hashable, Sendable, CustomStringConvertible {
    public let status: Int32
    /// What was found, what was expected and what to do, without a newline.
    public let sentence: String

    public init(status: Int32, _ sentence: String) {
        self.status = status
        self.sentence = sentence
    }

    /// A wrong command line.
    public static func usage(_ sentence: String) -> ExitError {
        ExitError(status: ExitStatus.usage, sentence)
    }

    /// A request that the system refused.
    public static func system(_ sentence: String) -> ExitError {
        ExitError(status: ExitStatus.system, sentence)
    }

    public var description: String { sentence }
}
