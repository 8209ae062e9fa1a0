extension System {
    /// For how long a call is tried again, in nanoseconds.
    static let patience: Int64 = 200_000_000
    /// The time between two tries, in nanoseconds.
    private static let pause: Int64 = 5_000_000

    /// Makes a call again, for 200 ms at most, as long as it fails for a reason that may pass by itself.
    ///
    /// The thread waits between two tries; no event loop calls this.
    ///
    /// - Throws: what the call threw last.
    static func retryingBriefly(
        if mayPass: (SystemError) -> Bool, _ body: () throws(SystemError) -> Void
    ) throws(SystemError) {
        let deadline = monotonicNanoseconds() + patience
        while true {
            do throws(SystemError) {
                return try body()
            } catch {
                guard mayPass(error), monotonicNanoseconds() < deadline else { throw error }
            }
            _ = try ppoll(-1, -1, nanoseconds: pause)
        }
    }
}
