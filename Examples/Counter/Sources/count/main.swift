// Three nodes of a replicated counter in one process, and a client that counts. In earnest each node
// would be in a process, and on a host, of its own; then one may fail and counting goes on.
import Counter
import Synod

let hosts = try HostsFile(
    replicas: ["localhost:21900", "localhost:21901", "localhost:21902"])
let replicas = try (0..<3).map { try Replica($0, of: hosts, storage: nil, service: Counter()) }
let client = try Client(of: hosts)

for _ in 1...5 {
    let sum = try await client.perform([2])
    print("The sum is", String(decoding: sum, as: UTF8.self))
}

replicas[0].stop()
print("Node 0 is gone.")
let sum = try await client.perform([2])
print("The sum is", String(decoding: sum, as: UTF8.self))
