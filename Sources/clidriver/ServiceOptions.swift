import ConsensusCore
import UDPRuntime

/// The options of a command of a log service.
struct ServiceOptions: Hashable {
    let timeout: Interval
    let runtime: RuntimeOptions

    /// - Throws: ``ExitError`` of status 64.
    init(_ arguments: ParsedArguments) throws(ExitError) {
        if arguments.has("--storage") { throw ClientOptions.noStorage }
        runtime = try RuntimeOptions(arguments)
        timeout = try OptionValue.seconds(arguments.value("--timeout") ?? "10", of: "--timeout")
    }
}
