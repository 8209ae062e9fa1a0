#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#elseif canImport(Darwin)
    private import Darwin
#endif

/// The frame of every driver: arguments in, an exit status out.
public enum Program {
    /// The version of all programs, as `--version` prints it.
    public static let version = "Synod 0.1.0"

    /// Runs a program's body with its arguments and ends the process with the status it returns.
    ///
    /// A thrown ``ExitError`` is said on standard error, after the program's name, and gives the status.
    public static func main(
        _ name: String, _ body: ([String]) throws(ExitError) -> Int32
    ) -> Never {
        do throws(ExitError) {
            exit(try body(try CommandLine.checkedArguments()))
        } catch {
            Console.complain("\(name): \(error.sentence)")
            exit(error.status)
        }
    }
    /// The same for a body that awaits something; whatever else it throws is said with status 2.
    public static func main(
        _ name: String, _ body: ([String]) async throws -> Int32
    ) async -> Never {
        do {
            exit(try await body(try CommandLine.checkedArguments()))
        } catch let error as ExitError {
            Console.complain("\(name): \(error.sentence)")
            exit(error.status)
        } catch {
            Console.complain("\(name): \(error)")
            exit(2)
        }
    }

    /// Answers `--help` and `--version`; returns whether one of them was asked for.
    public static func answersQuestion(
        in arguments: ParsedArguments, help: String
    ) throws(ExitError) -> Bool {
        if arguments.has("--help") {
            try Console.print(help)
            return true
        }
        guard arguments.has("--version") else { return false }
        try Console.print(version + "\n")
        return true
    }
}
