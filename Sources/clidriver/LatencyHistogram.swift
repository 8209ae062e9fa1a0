import ConsensusCore

/// Latencies in buckets that are some 3 % wide, so that any number of them takes the same memory.
struct LatencyHistogram {
    /// Thirty-two buckets for each doubling of the nanoseconds.
    private var counts = [UInt64](repeating: 0, count: 64 * 32)
    private(set) var count: UInt64 = 0
    private(set) var longest = Interval.zero

    mutating func add(_ latency: Interval) {
        counts[LatencyHistogram.bucket(of: UInt64(max(0, latency.nanoseconds)))] += 1
        count += 1
        longest = max(longest, latency)
    }

    mutating func merge(_ other: LatencyHistogram) {
        for index in counts.indices { counts[index] += other.counts[index] }
        count += other.count
        longest = max(longest, other.longest)
    }

    /// The latency that so many in a thousand do not exceed, to within a bucket.
    func quantile(perThousand: UInt64) -> Interval {
        let rank = (count * perThousand + 999) / 1_000
        var sum: UInt64 = 0
        for index in counts.indices {
            sum += counts[index]
            if sum >= rank, sum > 0 {
                return min(longest, Interval(nanoseconds: LatencyHistogram.top(of: index)))
            }
        }
        return longest
    }

    private static func bucket(of nanoseconds: UInt64) -> Int {
        guard nanoseconds >= 32 else { return Int(nanoseconds) }
        let exponent = 63 - nanoseconds.leadingZeroBitCount
        return (exponent - 4) * 32 + Int(nanoseconds >> UInt64(exponent - 5) & 31)
    }

    /// The highest number of nanoseconds in a bucket.
    private static func top(of bucket: Int) -> Int64 {
        guard bucket >= 32 else { return Int64(bucket) }
        let exponent = bucket / 32 + 4
        return (Int64(bucket % 32 + 32 + 1) << Int64(exponent - 5)) - 1
    }
}
