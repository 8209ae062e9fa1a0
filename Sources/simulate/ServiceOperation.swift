import ConsensusCore
import Simulation
import StateMachines

/// What a simulated client asks of its service, in the words of the checker.
enum ServiceOperation: Hashable {
    case keyValue(KeyValueModel.Input)
    case list(ListModel.Input)

    /// As it is sent.
    var call: ClientCall.Operation {
        switch self {
        case .keyValue(let input): input.call
        case .list(.append(let item)): .command(ListCommand.append(item).encoded())
        case .list(.read(let start)):
            .query(ListQuery.page(from: UInt64(start), limit: 0).encoded())
        }
    }
}

extension KeyValueModel.Input {
    fileprivate var call: ClientCall.Operation {
        switch action {
        case .get: .query(KeyValueQuery.get(key: key).encoded())
        case .put(let value): .command(KeyValueCommand.put(key: key, value: value).encoded())
        case .delete: .command(KeyValueCommand.delete(key: key).encoded())
        case .compareAndSet(let old, let new):
            .command(KeyValueCommand.compareAndSet(key: key, old: old, new: new).encoded())
        }
    }
}

extension KeyValueModel.Output {
    /// - Returns: nil if it is no answer that a client of this program can get.
    init?(reading bytes: [UInt8]) {
        switch try? KeyValueReply(reading: bytes.span) {
        case .done: self = .done
        case .value(let value): self = .value(value)
        case .missing: self = .missing
        case .mismatch(let value): self = .mismatch(value)
        case .full: self = .refused
        case .page, .refused, nil: return nil
        }
    }
}

extension ListModel.Output {
    /// - Returns: nil if it is no answer that a client of this program can get.
    init?(reading bytes: [UInt8]) {
        switch try? ListReply(reading: bytes.span) {
        case .appended(let position): self = .appended(at: Int(position))
        case .page(let items, let total): self = .items(items, total: Int(total))
        case .full: self = .refused
        case .refused, nil: return nil
        }
    }
}

/// Draws the operations of one life of a client: few keys, so that they conflict, and values that nobody
/// else writes.
struct OperationDraw {
    private let service: Service
    private let name: String
    /// How many operations of ten are reads.
    private let reads: UInt64
    private var count = 0
    /// By key: a value that it may have.
    private var known: [[UInt8]?] = [nil, nil]

    /// - Parameter name: what no other life of a client has.
    init(_ service: Service, name: String, _ random: inout RandomSource) {
        self.service = service
        reads = [2, 5, 8][random.number(in: 0...2)]
        self.name = name
    }

    private mutating func newValue() -> [UInt8] {
        count += 1
        return Array("\(name).\(count)".utf8)
    }

    mutating func next(_ random: inout RandomSource) -> ServiceOperation {
        random.below(10) < reads ? read(&random) : write(&random)
    }

    /// Reads whatever there is to read at once.
    mutating func lastRead(_ random: inout RandomSource) -> ServiceOperation {
        service == .kv ? read(&random) : .list(.read(from: 0))
    }

    mutating func read(_ random: inout RandomSource) -> ServiceOperation {
        guard service == .kv else {
            return .list(.read(from: random.below(2) == 0 ? 0 : random.number(in: 0...12)))
        }
        return .keyValue(KeyValueModel.Input(key(random.number(in: 0...1)), .get))
    }

    mutating func write(_ random: inout RandomSource) -> ServiceOperation {
        let value = newValue()
        guard service == .kv else { return .list(.append(value)) }
        let index = random.number(in: 0...1)
        let old = known[index]
        let action: KeyValueModel.Action
        switch random.below(6) {
        case 0: action = .delete
        case 1, 2: action = .compareAndSet(old: old, new: value)
        default: action = .put(value)
        }
        known[index] = action == .delete ? nil : value
        return .keyValue(KeyValueModel.Input(key(index), action))
    }

    private func key(_ index: Int) -> [UInt8] { [0x61 + UInt8(index)] }
}
