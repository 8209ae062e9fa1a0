import ConsensusCore
import Simulation
import StateMachines
import Synchronization
import Synod

/// Processes that use the key-value store and have every operation and answer written down.
///
/// They use few keys at a time, so that operations meet, and other keys after a while, so that no key has
/// a history too long to be checked. Every value is written once only.
struct Load: Sendable {
    let clients: [Client]
    let ledger: Ledger
    let options: WitnessOptions
    private let stop = Stop()

    /// How many keys are in use at a time, and for how many operations each.
    static let keysAtATime = 6
    static let operationsPerKey = 150
    /// How long an operation may take.
    static let timeout = Duration.seconds(5)

    private final class Stop: Sendable {
        let isSet = Atomic(false)
    }

    init(clients: [Client], ledger: Ledger, options: WitnessOptions) {
        self.clients = clients
        self.ledger = ledger
        self.options = options
    }

    /// Lets the processes end after the operation they have under way.
    func end() {
        stop.isSet.store(true, ordering: .relaxed)
    }

    /// Runs all processes until the end.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            for process in 0..<options.processes {
                group.addTask { await runProcess(process) }
            }
        }
    }

    private func runProcess(_ process: Int) async {
        var random = RandomSource(seed: options.seed &+ UInt64(process))
        var count = 0
        while !stop.isSet.load(ordering: .relaxed) {
            count += 1
            let input = KeyValueModel.Input(
                key(&random), action(&random, value: "\(process).\(count)"))
            await perform(input, process: process)
            guard options.pause > 0 else { continue }
            try? await Task.sleep(for: .milliseconds(options.pause))
        }
    }

    private func key(_ random: inout RandomSource) -> [UInt8] {
        let generation = ledger.count / (Load.keysAtATime * Load.operationsPerKey)
        return Array("k\(generation)-\(random.below(UInt64(Load.keysAtATime)))".utf8)
    }

    private func action(
        _ random: inout RandomSource, value: String
    ) -> KeyValueModel.Action {
        let value = Array(value.utf8)
        switch random.below(10) {
        case 0..<4: return .get
        case 4..<8: return .put(value)
        case 8: return .delete
        // A guess that is right now and then: nothing there, as after a delete.
        default: return .compareAndSet(old: nil, new: value)
        }
    }

    /// Carries out an operation and writes it down.
    ///
    /// One that fails stays open: it may have been carried out, or may yet be.
    func perform(
        _ input: KeyValueModel.Input, process: Int, timeout: Duration = Load.timeout
    ) async {
        let client = clients[process % clients.count]
        let place = ledger.open(input, process: process)
        do throws(ClientError) {
            let bytes: [UInt8]
            switch input.action {
            case .get:
                let query = KeyValueQuery.get(key: input.key)
                bytes = try await client.query(query.encoded(), timeout: timeout)
            case .put(let value):
                let command = KeyValueCommand.put(key: input.key, value: value)
                bytes = try await client.perform(command.encoded(), timeout: timeout)
            case .delete:
                let command = KeyValueCommand.delete(key: input.key)
                bytes = try await client.perform(command.encoded(), timeout: timeout)
            case .compareAndSet(let old, let new):
                let command = KeyValueCommand.compareAndSet(key: input.key, old: old, new: new)
                bytes = try await client.perform(command.encoded(), timeout: timeout)
            }
            if let output = KeyValueModel.Output(bytes) { ledger.close(place, output) }
        } catch {
            return
        }
    }
}

extension Load {
    /// How long writes took, in order; those without an answer as long as any was waited for.
    static func writeLatencies(of operations: ArraySlice<Ledger.Operation>) -> [Interval] {
        operations.filter { $0.input.action != .get }.map { operation in
            operation.answered.map { $0 - operation.invoked }
                ?? .seconds(Load.timeout.components.seconds)
        }.sorted()
    }
}

extension [Interval] {
    /// The one that so many in a thousand of these, in order, do not exceed; nil if there are none.
    func quantile(perThousand: Int) -> Interval? {
        isEmpty ? nil : self[Swift.min(count - 1, count * perThousand / 1_000)]
    }
}

extension KeyValueModel.Output {
    /// What a reply of the store means; nil if it is none.
    fileprivate init?(_ bytes: [UInt8]) {
        switch try? KeyValueReply(reading: bytes.span) {
        case .done: self = .done
        case .value(let value): self = .value(value)
        case .missing: self = .missing
        case .mismatch(let value): self = .mismatch(value)
        case .full, .refused: self = .refused
        case .page, nil: return nil
        }
    }
}
