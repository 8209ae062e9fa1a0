import ConsensusCore

/// An automaton that a host runs as one of several it might.
///
/// It is boxed, so that a step moves no more than it changes.
final class Boxed<Role: Automaton> {
    var automaton: Role
    private(set) var stamp: Stamp
    private(set) var wakeTime: Instant
    private(set) var wantsCheckpoint: Bool
    private(set) var recoveryFault: String?

    init(_ automaton: Role) {
        self.automaton = automaton
        stamp = automaton.stamp
        wakeTime = automaton.wakeTime
        wantsCheckpoint = automaton.wantsCheckpoint
        recoveryFault = automaton.recoveryFault
    }

    /// Takes a step with the host's own lanes: records and envelopes are the same, outputs are wrapped.
    func step<Output>(
        _ lanes: inout Effects<Role.Message, Role.Record, Output>,
        wrapping wrap: (Role.Output) -> Output,
        _ body: (inout Role, inout Role.Lanes) -> Void
    ) {
        var own = Role.Lanes()
        swap(&own.records, &lanes.records)
        swap(&own.envelopes, &lanes.envelopes)
        body(&automaton, &own)
        note(&automaton)
        swap(&own.records, &lanes.records)
        swap(&own.envelopes, &lanes.envelopes)
        for output in own.outputs { lanes.report(wrap(output)) }
    }

    func recover(_ record: Role.Record) {
        automaton.recover(record)
        note(&automaton)
        recoveryFault = Boxed.recoveryFault(of: &automaton)
    }

    func checkpoint() -> [Role.Record] {
        defer { note(&automaton) }
        return automaton.checkpoint()
    }

    func checkInvariants() { Boxed.check(&automaton) }

    // Through `inout`, since reading a property of a boxed value copies the value.

    private func note(_ automaton: inout Role) {
        stamp = automaton.stamp
        wakeTime = automaton.wakeTime
        wantsCheckpoint = automaton.wantsCheckpoint
    }

    private static func recoveryFault(of automaton: inout Role) -> String? {
        automaton.recoveryFault
    }

    private static func check(_ automaton: inout Role) { automaton.checkInvariants() }
}
