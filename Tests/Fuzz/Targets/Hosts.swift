import ConsensusCore

@testable import Synod
@testable import UDPRuntime

/// Hosts files: no bytes trap, a refusal names file and line, and what is read makes sense.
func fuzz(_ bytes: [UInt8]) {
    do throws(ExitError) {
        let file = try HostsFile(parsing: bytes, path: "hosts")
        expect((1...64).contains(file.conCount), "\(file.conCount) con nodes")
        expect(file.conCount <= file.hosts.count, "more con nodes than hosts")
        for node in file.conNodes { expect(!file.place(of: node).isEmpty, "no place") }
        let again = try? HostsFile(parsing: bytes, path: "hosts")
        expect(again?.cluster == file.cluster, "the cluster's ID is another one the second time")
        let comment = Array("# comment\r\n\r\n".utf8)
        let commented = try? HostsFile(parsing: comment + bytes, path: "hosts")
        expect(commented?.cluster == file.cluster, "a comment makes another cluster of it")
        for text in ["", "0", "1", "-1", "63", "64", "99999999999999999999"] {
            _ = try? file.host(text, kind: .con)
            _ = try? file.host(text, kind: .cli)
        }
        _ = try? file.separateRoles()
    } catch {
        expect(error.status == ExitStatus.hostsFile, "a refusal with status \(error.status)")
        expect(error.sentence.hasPrefix("hosts"), "a refusal that does not name the file")
    }
}
