import ConsensusCore

@testable import StateMachines

/// Snapshots and commands: no bytes trap a service, what restores gives the same snapshot, and one that
/// has taken commands can be handed on.
func fuzz(_ bytes: [UInt8]) {
    var input = Input(bytes)
    switch input.below(5) {
    case 0: restore(input.rest(), into: Sessions(KeyValueStore(limit: 1 << 20), limit: 16))
    case 1: restore(input.rest(), into: Sessions(ReplicatedList(limit: 1 << 20), limit: 16))
    case 2: restore(input.rest(), into: KeyValueStore(limit: 1 << 20))
    case 3: serve(&input, Sessions(KeyValueStore(limit: 2_048), limit: 4, lately: 3))
    default: serve(&input, Sessions(ReplicatedList(limit: 2_048), limit: 4, lately: 3))
    }
}

private func restore<Machine: StateMachine>(_ bytes: [UInt8], into fresh: Sessions<Machine>) {
    var state = fresh
    do {
        try state.restore(bytes.span)
    } catch {
        expect(state.snapshot() == fresh.snapshot(), "it has changed what it was to leave")
        return
    }
    state.checkInvariants()
    expect(state.snapshot() == bytes, "the snapshot is another than the restored one")
    // It goes on to serve.
    var input = Input(bytes)
    serve(&input, state)
}

private func restore(_ bytes: [UInt8], into fresh: KeyValueStore) {
    var store = fresh
    do {
        try store.restore(bytes.span)
    } catch {
        expect(store.snapshot() == fresh.snapshot(), "it has changed what it was to leave")
        return
    }
    expect(store.snapshot() == bytes, "the snapshot is another than the restored one")
}

/// Takes the input for commands and queries.
private func serve<Machine: StateMachine>(_ input: inout Input, _ fresh: Sessions<Machine>) {
    var state = fresh
    var opened: [CommandID] = []
    var events = 0
    while !input.isEmpty, events < 200 {
        events += 1
        guard var header = header(&input, opened) else { return }
        let size = input.below(96)
        let command = input.take(size)
        if input.below(8) == 0 {
            let reply = state.read(command.span)
            expect(reply.count <= ServiceLimits.maximumReplySize, "a reply over the limit")
            continue
        }
        let reply = state.apply(header, command.span)
        state.checkInvariants()
        if case .opened(let session) = reply {
            opened.append(header.id)
            opened[opened.count - 1].session = session
        }
        if case .done(let result) = reply {
            expect(result.count <= ServiceLimits.maximumReplySize, "a reply over the limit")
            // What was applied is not applied again.
            header.answeredBelow = 0
            let machine = state.machine.snapshot()
            expect(state.apply(header, command.span) == reply, "a retry gets another answer")
            expect(state.machine.snapshot() == machine, "a retry is applied again")
        }
    }
    let snapshot = state.snapshot()
    var other = fresh
    guard (try? other.restore(snapshot.span)) != nil else {
        fatalError("its own snapshot is refused")
    }
    other.checkInvariants()
    expect(other.snapshot() == snapshot, "another snapshot after it was handed on")
}

/// A command's header: of any bytes, or with the session of one that was opened.
private func header(_ input: inout Input, _ opened: [CommandID]) -> CommandHeader? {
    let choice = input.byte()
    guard var header = input.value(CommandHeader.self) else { return nil }
    guard choice >= 0x20, !opened.isEmpty else { return header }
    let sequence = header.id.sequence
    header.id = opened[Int(choice) % opened.count]
    header.id.sequence = sequence
    if choice >= 0x40 {
        // Numbers of a client that keeps the rules are close together.
        header.id.sequence %= 8
        header.answeredBelow %= 8
    }
    return header
}
