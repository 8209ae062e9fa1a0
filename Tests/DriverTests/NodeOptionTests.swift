import ConsensusCore
import PaxosNode
import Testing
import UDPRuntime

@testable import condriver

@Suite("condriver's command line")
struct NodeOptionTests {
    private func read(_ arguments: [String]) throws -> NodeOptionReader {
        try NodeOptionReader(NodeOptionReader.parse(arguments))
    }

    @Test("has the defaults of the manual")
    func defaults() throws {
        let options = try read(["4"])
        #expect(options.identifier == "4")
        #expect(options.runtime.hostsPath == "hosts.txt")
        #expect(options.runtime.tracePath == nil)
        #expect(!options.runtime.debug)
        #expect(options.crashPoint == nil)
        #expect(options.storagePath == nil)
        #expect(options.protocolOptions == NodeOptions(backoff: .on, whenClientsAreDone: .end))
    }

    @Test("reads every option")
    func all() throws {
        let options = try read([
            "--hosts", "h", "--crash-on", "fwd:2", "--drop=0.25", "--duplicate", "0.5", "--delay",
            "1..2", "--fault-seed", "9", "--backoff", "off", "--stay", "--trace=t", "--debug", "0",
            "--storage", "d",
        ])
        #expect(options.identifier == "0")
        #expect(options.runtime.hostsPath == "h")
        #expect(options.runtime.tracePath == "t")
        #expect(options.runtime.debug)
        #expect(options.storagePath == "d")
        #expect(options.crashPoint == CrashPoint(kind: "request", count: 2))
        #expect(
            options.runtime.faults
                == Faults(
                    dropPerMillion: 250_000, duplicatePerMillion: 500_000,
                    delay: .milliseconds(1) ... .milliseconds(2), seed: 9))
        #expect(options.protocolOptions == NodeOptions(backoff: .off, whenClientsAreDone: .stay))
    }

    @Test(
        "says what is wrong",
        arguments: [
            ([], "Found 0 words"), (["1", "2"], "Found 2 words"),
            (["1", "--storage", ""], "expected a directory"),
            (["1", "--backoff", "maybe"], "expected on or off"),
            (["1", "--drop", "2"], "--drop"), (["1", "--duplicate", "-1"], "--duplicate"),
            (["1", "--delay", "2..1"], "--delay"), (["1", "--fault-seed", "x"], "--fault-seed"),
            (["1", "--crash-on", "set"], "nack"), (["1", "--timeout", "3"], "no option --timeout"),
        ])
    func errors(arguments: [String], words: String) throws {
        let error = try #require(throws: ExitError.self) { try read(arguments) }
        #expect(error.status == 64)
        #expect(error.sentence.contains(words), "\(error.sentence)")
    }

    @Test("every classroom name stands for a message there is")
    func aliases() {
        for (_, kind) in NodeOptionReader.messageAliases {
            #expect(NodeOptionReader.messageKinds.contains(kind))
        }
    }

    @Test("prints the leader and the roles to the letter")
    func text() {
        #expect(
            NodeReport.text(for: .elected, of: 4)
                == "\n=================================\nNode ID 4 IS THE LEADER\n")
        #expect(
            NodeReport.text(for: .assigned(.proposer), of: 0)
                == "Node ID 0 is running as a PROPOSER\n")
        #expect(
            NodeReport.text(for: .assigned(.acceptor), of: 1)
                == "Node ID 1 is running as a ACCEPTOR\n")
        #expect(
            NodeReport.text(for: .assigned(.learner), of: 4)
                == "Node ID 4 is running as a LEARNER\n")
        #expect(NodeReport.text(for: .finished, of: 4) == nil)
    }
}
