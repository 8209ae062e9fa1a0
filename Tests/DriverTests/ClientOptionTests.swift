import ConsensusCore
import PaxosNode
import Testing
import UDPRuntime

@testable import clidriver

@Suite("clidriver's command line")
struct ClientOptionTests {
    private func read(_ arguments: [String]) throws -> ClientOptions {
        try ClientOptions(ClientOptions.parse(arguments))
    }

    @Test("has the defaults of the manual")
    func defaults() throws {
        let options = try read(["5", "210", "0"])
        #expect(options.identifier == "5")
        #expect(options.value == Array("210".utf8))
        #expect(options.timeout == .seconds(10))
        #expect(options.runtime.hostsPath == "hosts.txt")
    }

    @Test("the value is any text, kept byte for byte", arguments: ["", "-5", "a b\n", "ü🙂", "#"])
    func values(text: String) throws {
        #expect(try read(["5", text, "0"]).value == Array(text.utf8))
        #expect(
            try read(["--timeout", "0.5", "--", "5", "--" + text, "0"]).value
                == Array("--\(text)".utf8))
    }

    @Test("1,024 bytes are the most")
    func longest() throws {
        let longest = String(repeating: "ü", count: 512)
        #expect(try read(["5", longest, "0"]).value.count == 1_024)
        let error = try #require(throws: ExitError.self) { try read(["5", longest + "x", "0"]) }
        #expect(error.status == 64)
        #expect(error.sentence.contains("1025 bytes; expected at most 1024"))
    }

    @Test(
        "the desired proposer counts modulo their number, however large it is",
        arguments: [
            ("0", 3, 0), ("41", 3, 2), ("45", 3, 0), ("10", 3, 1), ("7", 1, 0),
            ("100000000000000000000000000000000000001", 3, 2),
        ])
    func proposer(text: String, count: Int, position: Int) throws {
        #expect(try read(["5", "v", text]).preferredProposer(of: count) == position)
    }

    @Test(
        "says what is wrong",
        arguments: [
            ([], "Found 0 words"), (["5", "v"], "Found 2 words"),
            (["5", "v", "0", "x"], "Found 4 words"), (["5", "v", "-1"], "DESIREDPROPOSER"),
            (["5", "v", "one"], "DESIREDPROPOSER"), (["5", "v", ""], "DESIREDPROPOSER"),
            (["5", "v", "0", "--timeout", "0"], "--timeout"),
            (["5", "v", "0", "--timeout", "1h"], "--timeout"),
            (["5", "v", "0", "--storage", "d"], "clidriver has no --storage"),
            (["5", "v", "0", "--crash-on", "prepare"], "no option --crash-on"),
        ])
    func errors(arguments: [String], words: String) throws {
        let error = try #require(throws: ExitError.self) { try read(arguments) }
        #expect(error.status == 64)
        #expect(error.sentence.contains(words), "\(error.sentence)")
    }

    @Test("commands of later are refused for now", arguments: ClientOptions.laterCommands)
    func commands(command: String) throws {
        for arguments in [[command], [command, "k", "v"], ["--debug", command, "--", "--rounds"]] {
            let error = try #require(throws: ExitError.self) { try read(arguments) }
            #expect(error.status == 64)
            #expect(error.sentence.contains("does not have the command '\(command)' yet"))
        }
    }

    @Test("prints the value to the letter")
    func text() {
        #expect(
            ClientReport.line(for: Array("2 1 0".utf8))
                == "Final message received by client from learner: 2 1 0\n")
    }

    @Test("a signal before the answer gives the status a shell would")
    func signals() {
        let report = ClientReport()
        #expect(report.status(at: .signal(15)) == 143)
        #expect(report.status(at: .stopped) == 0)
    }
}
