import Glibc
import Synchronization
import UDPRuntime

/// Calls back when standard input has come to its end.
final class EndOfInput: Sendable {
    private let body: Mutex<(@Sendable () -> Void)?>

    init(_ body: @escaping @Sendable () -> Void) {
        self.body = Mutex(body)
        Task.detached { [self] in
            while readLine() != nil {}
            take()?()
        }
    }

    /// Calls back no more.
    func forget() { _ = take() }

    private func take() -> (@Sendable () -> Void)? {
        body.withLock { body in
            defer { body = nil }
            return body
        }
    }
}
