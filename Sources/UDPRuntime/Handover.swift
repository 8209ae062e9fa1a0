internal import Synchronization

/// A value on its way into another thread, which it reaches without being copied.
@usableFromInline
final class Handover<Value: ~Copyable & Sendable>: Sendable {
    private let value: Mutex<Value?>

    @usableFromInline
    init(_ value: consuming Value) {
        self.value = Mutex(consume value)
    }

    /// Takes the value out.
    ///
    /// - Precondition: it has not been taken before.
    @usableFromInline
    func take() -> Value {
        value.withLock { $0.take()! }
    }
}
