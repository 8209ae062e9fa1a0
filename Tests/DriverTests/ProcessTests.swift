import Foundation
import Testing

@Suite("Drivers as processes", .timeLimit(.minutes(1)))
struct ProcessTests {
    @Test("help and version go to standard output", arguments: ["condriver", "clidriver"])
    func help(driver: String) async throws {
        let folder = try Folder()
        let version = try await folder.run(driver, "--version")
        #expect(version.status == 0)
        #expect(version.output == "Synod 0.1.0\n")
        #expect(version.complaints == "")
        let help = try await folder.run(driver, "--help")
        #expect(help.status == 0)
        #expect(help.output.hasPrefix("usage: \(driver) ID"))
        for option in ["--hosts FILE", "--drop P", "--delay MIN[..MAX]", "--trace FILE"] {
            #expect(help.output.contains(option))
        }
    }

    @Test("a run of one of each prints exactly what the manual says, and all end by themselves")
    func wholeRun() async throws {
        let folder = try Folder()
        try folder.writeHosts(proposers: 1, acceptors: 1, learners: 1, clients: 1)
        let nodes = try (0..<3).map {
            try DriverProcess("condriver", ["\($0)", "--trace", "t.trace"], in: folder)
        }
        let client = try DriverProcess(
            "clidriver", ["3", "two words", "7", "--trace", "t.trace"], in: folder)
        let answer = await client.result
        #expect(answer.status == 0)
        #expect(answer.output == "Final message received by client from learner: two words\n")
        #expect(answer.complaints == "")
        let roles = ["PROPOSER", "ACCEPTOR", "LEARNER"]
        for (index, node) in nodes.enumerated() {
            let result = await node.result
            #expect(result.status == 0)
            #expect(result.complaints == "")
            let role = "Node ID \(index) is running as a \(roles[index])\n"
            let leader = "\n=================================\nNode ID 2 IS THE LEADER\n"
            #expect(result.output == (index == 2 ? leader : "") + role)
        }

        let trace = try Data(contentsOf: folder.url.appendingPathComponent("t.trace"))
        let events = try trace.split(separator: 0x0a).map {
            try #require(try JSONSerialization.jsonObject(with: Data($0)) as? [String: Any])
        }
        // What --crash-on knows are names the protocol uses; without duels there is no nack.
        let kinds = Set(events.compactMap { $0["kind"] as? String })
        let known = [
            "token", "elected", "assign", "request", "prepare", "promise", "accept", "accepted",
        ]
        #expect(kinds.isSuperset(of: known))
        #expect(events.filter { $0["event"] as? String == "stop" }.count == 4)
    }

    @Test("what is wrong with the file is said with its line, and gives 65")
    func wrongHosts() async throws {
        let folder = try Folder()
        let missing = try await folder.run("condriver", "0")
        #expect(missing.status == 65)
        #expect(missing.complaints.contains("hosts.txt"))
        #expect(missing.output == "")
        try folder.write("PROPOSERS 1\nnonsense\n", to: "mine")
        let wrong = try await folder.run("clidriver", "0", "v", "0", "--hosts", "mine")
        #expect(wrong.status == 65)
        #expect(wrong.complaints.hasPrefix("clidriver: mine:2: "))
    }

    @Test("an ID of the wrong kind is wrong usage; other engines are for later")
    func refusals() async throws {
        let folder = try Folder()
        try folder.writeHosts(proposers: 1, acceptors: 1, learners: 1, clients: 1)
        let client = try await folder.run("condriver", "3")
        #expect(client.status == 64)
        #expect(client.complaints.contains("from 0 to 2"))
        let node = try await folder.run("clidriver", "2", "v", "0")
        #expect(node.status == 64)
        #expect(node.complaints.contains("only 3"))
        try folder.write("ENGINE raft\nSERVICE list\n127.0.0.1 1 con\n", to: "raft.txt")
        let raft = try await folder.run("condriver", "0", "--hosts", "raft.txt")
        #expect(raft.status == 65)
        #expect(raft.complaints.contains("does not have ENGINE raft yet"))
        try folder.write("SERVICE chat\n127.0.0.1 1 con\n", to: "chat.txt")
        let service = try await folder.run("condriver", "0", "--hosts", "chat.txt")
        #expect(service.status == 65)
    }

    @Test("an argument that is not UTF-8 is refused, not repaired")
    func rawArguments() async throws {
        let folder = try Folder()
        try folder.writeHosts(proposers: 1, acceptors: 1, learners: 1, clients: 1)
        let driver = Bundle.main.bundleURL.appendingPathComponent("clidriver").path
        try folder.write("exec '\(driver)' 3 \"$(printf '\\377')\" 0\n", to: "raw.sh")
        let result = try await folder.run("/bin/sh", "raw.sh")
        #expect(result.status == 64)
        #expect(result.complaints.contains("Argument 2 is not UTF-8"))
    }

    @Test("a port in use gives 71 and names it; a signal ends a node with 0", arguments: [2, 15])
    func portInUse(signal: Int) async throws {
        let folder = try Folder()
        let ports = try folder.writeHosts(proposers: 1, acceptors: 1, learners: 1, clients: 1)
        let first = try DriverProcess("condriver", ["0", "--debug"], in: folder)
        #expect(await first.complaints.contains("starts"))
        let second = try await folder.run("condriver", "0")
        #expect(second.status == 71)
        #expect(second.complaints.contains("127.0.0.1 port \(ports[0]) (hosts.txt:4) is in use"))
        #expect(second.complaints.contains("another run may still hold it"))
        if signal == 2 { first.interrupt() } else { first.terminate() }
        let result = await first.result
        #expect(result.status == 0)
        #expect(result.complaints.contains("stops"))
    }

    @Test("a signal does not wait for what faults hold back")
    func signalHurries() async throws {
        let folder = try Folder()
        try folder.writeHosts(proposers: 1, acceptors: 1, learners: 1, clients: 0)
        let node = try DriverProcess(
            "condriver", ["0", "--delay", "600000", "--debug"], in: folder)
        #expect(await node.complaints.contains("sends"))
        node.terminate()
        #expect(await node.result.status == 0)
    }

    @Test("a crash point ends the node with 86 and a sentence")
    func crash() async throws {
        let folder = try Folder()
        try folder.writeHosts(proposers: 1, acceptors: 3, learners: 1, clients: 1)
        let nodes = try (0..<5).map {
            try DriverProcess(
                "condriver", ["\($0)"] + ($0 == 2 ? ["--crash-on", "proposal"] : []), in: folder)
        }
        let client = try DriverProcess("clidriver", ["5", "210", "0"], in: folder)
        #expect(
            await client.result.output == "Final message received by client from learner: 210\n")
        for (index, node) in nodes.enumerated() {
            let result = await node.result
            #expect(result.status == (index == 2 ? 86 : 0))
            if index == 2 { #expect(result.complaints.contains("prepare number 1")) }
        }
    }

    @Test("no answer in time gives 69, and says who is silent")
    func noAnswer() async throws {
        let folder = try Folder()
        try folder.writeHosts(proposers: 1, acceptors: 3, learners: 1, clients: 1)
        let result = try await folder.run("clidriver", "5", "v", "0", "--timeout", "0.3")
        #expect(result.status == 69)
        #expect(result.output == "")
        #expect(result.complaints.contains("0 of 3 acceptors answered"))
        #expect(result.complaints.contains("majority needs 2"))
    }
}
