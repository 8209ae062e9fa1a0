import ConsensusCore
import Testing
import UDPRuntime

@Suite("Command line")
struct OptionTests {
    private let options = [
        OptionSpecification("--hosts", value: "FILE"), OptionSpecification("--stay"),
        OptionSpecification("--help"),
    ]

    private func parse(_ arguments: String...) throws -> ParsedArguments {
        try ParsedArguments(arguments, options: options, program: "condriver")
    }

    @Test("options and words come in any order, values after a space or an equals sign")
    func forms() throws {
        let spaced = try parse("--hosts", "a=b", "3", "--stay")
        #expect(spaced.value("--hosts") == "a=b")
        #expect(spaced.has("--stay"))
        #expect(spaced.words == ["3"])
        let joined = try parse("3", "--hosts=a=b")
        #expect(joined.value("--hosts") == "a=b")
        #expect(!joined.has("--stay"))
        #expect(try parse("--hosts=").value("--hosts") == "")
    }

    @Test("after two dashes all are words; a lone dash and a negative number are words anyway")
    func words() throws {
        #expect(try parse("--", "--stay", "--").words == ["--stay", "--"])
        #expect(try parse("-", "-5", "", "x").words == ["-", "-5", "", "x"])
    }

    @Test("help ends the reading")
    func help() throws {
        #expect(try parse("--help", "--nonsense").has("--help"))
    }

    @Test(
        "says what is wrong",
        arguments: [
            (["--nonsense"], "no option --nonsense", "condriver --help"),
            (["-x"], "no option -x", "--help"),
            (["--Hosts=a"], "no option --Hosts", "--help"),
            (["--hosts"], "lacks its value", "--hosts FILE"),
            (["--stay", "--stay"], "--stay is given twice", "once"),
            (["--hosts", "a", "--hosts=b"], "--hosts is given twice", "once"),
            (["--stay=yes"], "takes no value", "'yes'"),
        ])
    func errors(arguments: [String], found: String, expected: String) throws {
        let error = try #require(throws: ExitError.self) {
            try ParsedArguments(arguments, options: options, program: "condriver")
        }
        #expect(error.status == 64)
        #expect(error.sentence.contains(found))
        #expect(error.sentence.contains(expected))
    }

    // MARK: Values

    @Test(
        "a probability is read exactly, as millionths",
        arguments: [
            ("0", 0), ("1", 1_000_000), ("0.3", 300_000), (".5", 500_000), ("1.000", 1_000_000),
            ("0.000001", 1), ("0.1234560000", 123_456), ("00.7", 700_000), ("1.", 1_000_000),
        ])
    func probabilities(text: String, millionths: Int) throws {
        #expect(try OptionValue.probability(text, of: "--drop") == millionths)
    }

    @Test(
        "what is no probability is refused",
        arguments: [
            "", ".", "1.1", "2", "-0.1", "+0.1", "1e-3", "0,5", "0.0000001", "half", " 0.5",
            "0.5 ", "0..5", "99999999999999999999999", "٠",
        ])
    func wrongProbabilities(text: String) throws {
        let error = try #require(throws: ExitError.self) {
            try OptionValue.probability(text, of: "--drop")
        }
        #expect(error.status == 64)
        #expect(error.sentence.hasPrefix("--drop: found '\(text)', expected"))
    }

    @Test(
        "a delay is one number of milliseconds or a range",
        arguments: [
            ("20", 20_000_000, 20_000_000), ("0..20", 0, 20_000_000),
            ("0.5..1.25", 500_000, 1_250_000),
            ("7..7", 7_000_000, 7_000_000), ("600000", 600_000_000_000, 600_000_000_000),
        ])
    func delays(text: String, shortest: Int64, longest: Int64) throws {
        let delay = try OptionValue.delay(text, of: "--delay")
        #expect(delay.lowerBound.nanoseconds == shortest)
        #expect(delay.upperBound.nanoseconds == longest)
    }

    @Test(
        "what is no delay is refused",
        arguments: ["", "..", "1..", "..1", "20..10", "1...2", "-1", "1..2..3", "600001", "x"])
    func wrongDelays(text: String) throws {
        let error = try #require(throws: ExitError.self) {
            try OptionValue.delay(text, of: "--delay")
        }
        #expect(error.status == 64)
        #expect(error.sentence.contains("milliseconds"))
    }

    @Test("seconds may have decimals", arguments: [("10", 10_000_000_000), ("0.5", 500_000_000)])
    func seconds(text: String, nanoseconds: Int64) throws {
        #expect(try OptionValue.seconds(text, of: "--timeout").nanoseconds == nanoseconds)
    }

    @Test(
        "no time, and too long a time, are refused",
        arguments: ["0", "0.0", "-1", "1000001", "soon"])
    func wrongSeconds(text: String) throws {
        let error = try #require(throws: ExitError.self) {
            try OptionValue.seconds(text, of: "--timeout")
        }
        #expect(error.sentence.contains("'\(text)'"))
    }

    @Test("a seed has 64 bits")
    func seeds() throws {
        #expect(try OptionValue.seed("18446744073709551615", of: "--fault-seed") == .max)
        for text in ["18446744073709551616", "-1", "", "x"] {
            #expect(throws: ExitError.self) { try OptionValue.seed(text, of: "--fault-seed") }
        }
    }

    // MARK: Crash points

    private let kinds = ["prepare", "promise", "accepted"]
    private let aliases = [(alias: "ack", kind: "promise"), (alias: "learn", kind: "accepted")]

    @Test(
        "a crash point is a message and a count from 1",
        arguments: [
            ("prepare", "prepare", 1), ("prepare:3", "prepare", 3), ("ack", "promise", 1),
            ("learn:2", "accepted", 2),
        ])
    func crashPoints(text: String, kind: String, count: Int) throws {
        let point = try CrashPoint(parsing: text, kinds: kinds, aliases: aliases)
        #expect(point == CrashPoint(kind: kind, count: count))
    }

    @Test(
        "a wrong crash point is wrong usage",
        arguments: [
            ("propose", "prepare, promise, accepted"), ("", "prepare, promise, accepted"),
            ("Prepare", "ack for promise"), ("prepare:0", "from 1"), ("prepare:", "from 1"),
            ("prepare:x", "'x'"), ("prepare:1:2", "'1:2'"),
        ])
    func wrongCrashPoints(text: String, named: String) throws {
        let error = try #require(throws: ExitError.self) {
            try CrashPoint(parsing: text, kinds: kinds, aliases: aliases)
        }
        #expect(error.status == 64)
        #expect(error.sentence.contains(named), "\(error.sentence)")
    }
}
