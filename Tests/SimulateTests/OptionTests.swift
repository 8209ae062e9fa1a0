import Simulation
import Testing
import UDPRuntime

@testable import simulate

@Suite("simulate's command line")
struct SimulateOptionTests {
    private func read(_ words: String) throws -> SimulateOptions {
        try SimulateOptions(
            ParsedArguments(
                words.split(separator: " ").map(String.init),
                options: SimulateOptions.specifications, program: "simulate"))
    }

    @Test("reads each task")
    func tasks() throws {
        #expect(try read("--seeds 3..9").task == .campaign(3...9))
        #expect(try read("--seed 7 --trace t").task == .replay(7, trace: "t"))
        #expect(try read("--bugs").task == .findBugs)
        #expect(try read("--bug amnesia").task == .campaign(SimulateOptions.bugSeeds))
        #expect(
            try read("--exhaustive --nodes 1/3/1 --ballots 2").task
                == .exhaust(nodes: [1, 3, 1], ballots: 2))
        #expect(try read("--exhaustive").task == .exhaust(nodes: [2, 3, 1], ballots: 1))
        #expect(
            try read("--exhaustive --bug mixed-ballots").task
                == .exhaust(nodes: [2, 3, 1], ballots: 2))
    }

    @Test("a scenario's options make the same scenario again")
    func roundTrip() throws {
        let words = "--nodes 2/4/1 --clients 3 --faults loss,crashes --bug ballot-reuse"
        let settings = try read("--seed 1 " + words).settings
        #expect(settings.service == .variable)
        #expect(settings.nodes == [2, 4, 1] && settings.clients == 3)
        #expect(settings.faults == [.loss, .crashes] && settings.bug == .ballotReuse)
        #expect(SimulateOptions.options(of: settings) == " " + words)
        let logWords = "--service list --nodes 4 --bug stale-read"
        let log = try read("--seed 1 " + logWords).settings
        #expect(log.service == .list && log.nodes == [4] && log.bug == .staleRead)
        #expect(SimulateOptions.options(of: log) == " " + logWords)
    }

    @Test(
        "says what is wrong",
        arguments: [
            ("", "--seeds A..B"), ("--seeds 9..3", "lower seed first"), ("--seeds 5", "A..B"),
            ("--nodes 2/3", "PROPOSERS/ACCEPTORS/LEARNERS"), ("--nodes 0/3/1", "1 to 15"),
            ("--nodes 3", "PROPOSERS/ACCEPTORS/LEARNERS"), ("--service kv --nodes 2/3", "replicas"),
            ("--service none", "variable, list, kv"), ("--bug stale-read", "expected one of"),
            ("--service kv --exhaustive", "leave --service out"),
            ("--bug no-such", "count-datagrams"), ("--faults rain", "no fault named 'rain'"),
            ("--seed 1 --bugs", "expected one of them"), ("now", "options only"),
        ])
    func wrong(words: String, part: String) {
        let error = #expect(throws: ExitError.self) { try read(words) }
        #expect(error?.status == 64)
        #expect(error?.sentence.contains(part) == true, "\(error?.sentence ?? "")")
    }
}
