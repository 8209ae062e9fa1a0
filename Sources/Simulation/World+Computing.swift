public import ConsensusCore

/// What computing costs on a machine of speed 1, in nanoseconds: stated, never measured.
///
/// The orders of magnitude are those of a small server. They need not be right: the simulator draws
/// machines up to hundreds of times as slow, so that a protocol that leans on being fast is found out.
public enum ComputingCost {
    /// Of each event, whatever it is.
    public static let step: Int64 = 2_000
    /// Of each byte of a datagram that arrives.
    public static let receivedByte: Int64 = 2
    /// Of each byte that is sent, for each that it is sent to.
    public static let sentByte: Int64 = 2
    /// Of each byte that is recorded, or found again.
    public static let recordByte: Int64 = 4
    /// Of each byte of a checkpoint: it stands for hundreds, as simulated states are that much smaller
    /// than real ones.
    public static let checkpointByte: Int64 = 500
}

extension World {
    /// Has a host compute for as long as so many of something cost.
    @inlinable
    mutating func charge(_ host: Int, _ count: Int, at cost: Int64) {
        let slowness = hosts[host].slowness
        guard slowness > 0 else { return }
        let length = Interval(nanoseconds: Int64(count) * cost * slowness)
        hosts[host].busyUntil = max(hosts[host].busyUntil, now) + length
    }

    mutating func slowDown(_ host: Int, times: Int, buffer: Int) {
        hosts[host].slowness = Int64(max(times, 0))
        hosts[host].receiveBuffer = min(hosts[host].receiveBuffer, buffer)
        line(.computes, host, text: "\(times) times as long as others")
    }

    /// Has an event wait until its host has computed what came before; returns whether it does.
    @usableFromInline
    mutating func postpones(_ event: WorldEvent, on host: Int) -> Bool {
        guard hosts[host].status == .running,
            hosts[host].busyUntil > now || !backlogs[host].isEmpty
        else { return false }
        switch event.kind {
        case .delivery:
            if overflow(event, on: host) { return true }
        case .input: break
        case .sync:
            guard hosts[host].busyUntil > now else { return false }
            queue.push(event, at: hosts[host].busyUntil)
            return true
        default: return false
        }
        statistics.waits += 1
        backlogs[host].append(event)
        scheduleIdle(host)
        return true
    }

    /// Sees to it that the host goes on with what waits for it once it is done.
    private mutating func scheduleIdle(_ host: Int) {
        guard !backlogs[host].isEmpty, hosts[host].status == .running else { return }
        let time = max(now, hosts[host].busyUntil)
        guard time != hosts[host].idleTime else { return }
        hosts[host].idleTime = time
        queue.push(WorldEvent(.idle, host: host), at: time)
    }

    /// The host is done: it acts on its deadline, if that has come, and takes what waits, in order.
    @usableFromInline
    mutating func takeIdle(_ host: Int) {
        guard hosts[host].idleTime == now else { return }
        hosts[host].idleTime = .never
        while hosts[host].status == .running, hosts[host].busyUntil <= now,
            !backlogs[host].isEmpty
        {
            let event = backlogs[host].removeFirst()
            wakeIfDue(host)
            if hosts[host].status == .running {
                process(event)
            } else if hosts[host].status == .paused {
                backlogs[host].insert(event, at: 0)
            } else if event.kind == .delivery {
                pool.release(Int(event.index))
            }
        }
        scheduleIdle(host)
    }

    /// Computing takes no time any more; what waited is taken at once.
    mutating func speedUp(_ host: Int) {
        hosts[host].slowness = 0
        hosts[host].receiveBuffer = .max
        hosts[host].busyUntil = now
        guard hosts[host].status == .running else { return }
        for event in backlogs[host] { queue.push(event, at: now) }
        backlogs[host].removeAll(keepingCapacity: true)
    }
}
