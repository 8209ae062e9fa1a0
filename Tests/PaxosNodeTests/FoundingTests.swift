import ConsensusCore
import Testing

@testable import PaxosNode

@Suite("How a cluster with a log is born, and that it is born once")
struct FoundingTests {
    private func births(_ network: LogNetwork) -> [UInt64] {
        network.nodes.compactMap { $0 }.map(\.birth)
    }

    @Test("all acceptors that are there are founders, and all nodes belong to the birth")
    func together() throws {
        for cluster in [
            LogCluster(replicas: 1), LogCluster(replicas: 2), LogCluster(replicas: 5),
            LogCluster(proposers: 2, acceptors: 3, learners: 2),
        ] {
            var network = LogNetwork(cluster)
            #expect(network.run(.seconds(2)) { births($0).allSatisfy { $0 != 0 } })
            #expect(Set(births(network)).count == 1)
            let birth = try #require(network.nodes[0]?.founding.birth)
            #expect(birth.founders == cluster.acceptors)
            let call = network.call(.command([1]))
            #expect(network.run { $0.answers[call] != nil })
        }
    }

    @Test("a majority founds a cluster without the rest, which joins it and is given votes")
    func latecomers() throws {
        var network = LogNetwork(LogCluster(replicas: 5))
        network.stop(3)
        network.stop(4)
        network.disks[3] = []
        network.disks[4] = []
        #expect(network.run { $0.nodes[0]?.birth != 0 })
        network.start(3)
        network.start(4)
        #expect(network.run { $0.nodes.allSatisfy { $0?.isVoting == true } })
        #expect(Set(births(network)).count == 1)
        #expect(network.nodes[0]?.founding.birth?.founders == [0, 1, 2])
    }

    @Test("a minority founds nothing")
    func minority() {
        var network = LogNetwork(LogCluster(replicas: 4))
        network.stop(2)
        network.stop(3)
        _ = network.run(.seconds(30))
        #expect(births(network) == [0, 0])
        network.start(3)
        #expect(network.run { births($0).allSatisfy { $0 != 0 } })
    }

    @Test("halves of a cluster that cannot hear each other have one birth in the end, not two")
    func partition() {
        var network = LogNetwork(LogCluster(replicas: 3))
        network.isolate(2)
        #expect(network.run { $0.nodes[0]?.birth != 0 && $0.nodes[1]?.birth != 0 })
        #expect(network.nodes[2]?.birth == 0)
        network.cut = []
        #expect(network.run { $0.nodes[2]?.birth == $0.nodes[0]?.birth })
    }

    @Test("a founder that dies before it tells the others leaves one birth all the same")
    func deadFounder() {
        var network = LogNetwork(LogCluster(replicas: 3))
        let isAccepted: (LogNetwork) -> Bool = { network in
            network.disks[1].contains { record in
                if case .foundingAccepted = record { true } else { false }
            }
        }
        #expect(network.run { isAccepted($0) })
        let founder = network.nodes[0]?.birth == 0 ? nil : network.nodes[0]?.birth
        network.stop(0)
        #expect(network.run { $0.nodes[1]?.birth != 0 && $0.nodes[2]?.birth != 0 })
        #expect(network.nodes[1]?.birth == network.nodes[2]?.birth)
        if let founder { #expect(network.nodes[1]?.birth == founder) }
        network.start(0)
        #expect(network.run { $0.nodes[0]?.birth == $0.nodes[1]?.birth })
    }

    @Test("an empty node joins the cluster that lives, without a vote if it had one before")
    func wiped() {
        var network = LogNetwork(LogCluster(replicas: 3))
        #expect(network.run { $0.nodes.allSatisfy { $0?.isVoting == true } })
        let birth = network.nodes[0]?.birth
        network.stop(2)
        network.disks[2] = []
        network.start(2)
        #expect(network.run { $0.nodes[2]?.birth == birth })
        _ = network.run(.seconds(3))
        #expect(network.nodes[2]?.isVoting == false)
        #expect(network.outputs.contains { $0.node == 2 && $0.output == .refused(.forgotten) })
    }

    @Test("a leftover of an earlier cluster takes no part, and both sides say so")
    func leftover() throws {
        var network = LogNetwork(LogCluster(replicas: 3))
        let old = network.call(.command([1]))
        #expect(network.run { $0.answers[old] != nil && $0.nodes[2]?.applied.count == 1 })
        for node in [0, 1, 2] as [NodeID] { network.stop(node) }
        network.disks[0] = []
        network.disks[1] = []
        network.start(0)
        network.start(1)
        network.restartClient()
        let new = network.call(.command([2]))
        #expect(network.run { $0.answers[new] != nil })
        network.start(2)
        _ = network.run(.seconds(5))
        #expect(network.nodes[2]?.applied.contains([2]) == false)
        #expect(network.nodes[0]?.applied == [[2]] && network.nodes[1]?.applied == [[2]])
        let strangers = network.outputs.compactMap { entry -> [NodeID]? in
            if case .stranger(let other, _, _) = entry.output { [entry.node, other] } else { nil }
        }
        #expect(Set(strangers) == [[0, 2], [1, 2], [2, 0], [2, 1]])
        let last = network.call(.command([3]))
        #expect(network.run { $0.answers[last] != nil })
        #expect(network.nodes[0]?.applied == [[2], [3]])
    }

    /// A node that has accepted a birth of nodes 1 and 2 as acceptor 1, and does not know whether it holds.
    private func accepting() -> (driver: LogDriver, birth: Birth) {
        var driver = LogDriver(1, of: LogCluster(replicas: 3), isBorn: false)
        for other in [0, 2] as [NodeID] {
            driver.receive(
                .hello(Hello(proof: driver.node.incarnation)), from: origin(other, life: 50))
        }
        let birth = Birth(
            identifier: 9, founders: [0, 1], lives: [50, driver.node.incarnation])
        let proposal = Proposal(ballot: ballot(3), value: birth.value)
        let effects = driver.receive(
            .founding(.accept(Accept(proposal: proposal))), from: origin(0, life: 50))
        #expect(effects.records.contains(.foundingAccepted(proposal)))
        return (driver, birth)
    }

    @Test("a birth of a life that is not the one remembered is not agreed to")
    func anotherLife() {
        var driver = LogDriver(1, of: LogCluster(replicas: 3), isBorn: false)
        driver.receive(
            .hello(Hello(proof: driver.node.incarnation)), from: origin(0, life: 50))
        for (life, isAgreed) in [(51, false), (50, true)] as [(UInt64, Bool)] {
            let birth = Birth(
                identifier: 9, founders: [0, 1], lives: [life, driver.node.incarnation])
            let proposal = Proposal(ballot: ballot(3), value: birth.value)
            let effects = driver.receive(
                .founding(.accept(Accept(proposal: proposal))), from: origin(0, life: 50))
            #expect(effects.records.contains(.foundingAccepted(proposal)) == isAgreed)
        }
    }

    @Test("a leftover's birth does not take away a vote for one that may hold")
    func leftoverMeanwhile() {
        var (driver, birth) = accepting()
        let old = Birth(identifier: 8, founders: [0, 1, 2], lives: [5, 6, 7])
        let leftover = origin(2, epoch: 8, life: 7)
        driver.receive(.hello(Hello(proof: driver.node.incarnation)), from: leftover)
        let effects = driver.receive(.born(old), from: leftover)
        #expect(driver.node.birth == 0)
        #expect(effects.outputs == [.stranger(2, birth: 8, own: 9)])
        #expect(driver.receive(.born(old), from: leftover).outputs.isEmpty)
        driver.receive(.born(birth), from: origin(0, epoch: 9, life: 50))
        #expect(driver.node.birth == 9)

        // If a majority belongs to the other one, what was accepted cannot hold.
        driver = accepting().driver
        for (node, life) in [(2, 7), (0, 5)] as [(NodeID, UInt64)] {
            #expect(driver.node.birth == 0)
            let one = origin(node, epoch: 8, life: life)
            driver.receive(.hello(Hello(proof: driver.node.incarnation)), from: one)
            driver.receive(.born(old), from: one)
        }
        #expect(driver.node.birth == 8)
    }

    @Test("a birth of the same lives is joined whatever was accepted before")
    func laterBallot() {
        var driver = accepting().driver
        let later = Birth(identifier: 10, founders: [0, 2], lives: [50, 50])
        let founder = origin(2, epoch: 10, life: 50)
        driver.receive(.hello(Hello(proof: driver.node.incarnation)), from: founder)
        driver.receive(.born(later), from: founder)
        #expect(driver.node.birth == 10)
    }

    @Test("one of the last ballots there are is not taken from anybody")
    func farBallot() {
        var driver = accepting().driver
        let last = ballot(Ballot.ceiling)
        let prepare = LogMessage.founding(.prepare(Prepare(ballot: last)))
        #expect(driver.receive(prepare, from: origin(0, life: 50)).records.isEmpty)
        let near = LogMessage.founding(.prepare(Prepare(ballot: ballot(1 << 32))))
        #expect(
            driver.receive(near, from: origin(0, life: 50)).records
                == [.foundingPromised(ballot(1 << 32))])
    }

    @Test("records that belong to another node or service are not taken back")
    func ownership() throws {
        let cluster = LogCluster(replicas: 3)
        let birth = Birth(identifier: 1, founders: [0, 1], lives: [5, 6])
        for record in [
            LogRecord.born(birth, 1, service: []), .born(birth, 0, service: [0x6b, 0x76]),
        ] {
            let driver = LogDriver(0, of: cluster, records: [.incarnation(5), record])
            let fault = try #require(driver.node.recoveryFault)
            #expect(fault.hasSuffix("."))
        }
    }
}
