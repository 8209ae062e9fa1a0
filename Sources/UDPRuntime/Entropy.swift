/// Random numbers of the system, for the seeds that everything else draws from.
public enum Entropy {
    /// A seed that no other process has, and never 0.
    public static func seed() -> UInt64 {
        UInt64.random(in: 1...UInt64.max)
    }
}
