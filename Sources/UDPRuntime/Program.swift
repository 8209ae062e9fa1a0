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
}
