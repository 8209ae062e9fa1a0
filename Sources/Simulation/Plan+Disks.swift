import ConsensusCore

extension ScheduleDraw {
    /// Draws disks that are full, hang or are damaged.
    ///
    /// - Parameters:
    ///   - storing: the hosts that have something on their disks.
    ///   - lasting: how many of the faults may leave a host broken for good.
    mutating func drawDisks(of storing: NodeSet, lasting: Int) {
        let hosts = storing.intersection(crashable)
        var lasting = lasting
        /// Whether a fault is to last, with one chance in so many.
        func lasts(_ chances: UInt64, _ random: inout RandomSource) -> Bool {
            guard random.below(chances) == 0, lasting > 0 else { return false }
            lasting -= 1
            return true
        }
        if mix.kinds.contains(.fullDisks) {
            for _ in 0..<random.number(in: 1...3) {
                guard let node = host(of: hosts) else { break }
                let isLasting = lasts(4, &random)
                let room = random.number(in: 0...(1 << random.number(in: 0...11)))
                let comeback = Comeback.withDisk(after: max(length(), .milliseconds(5)))
                let fullness = length()
                faults.append(
                    .fullDisk(
                        node, at: moment(), length: isLasting ? Plan.maximumTime : fullness,
                        room: room, comeback: isLasting ? .never : comeback))
            }
        }
        if mix.kinds.contains(.hungDisks) {
            for _ in 0..<random.number(in: 1...3) {
                guard let node = host(of: hosts) else { break }
                let isLasting = lasts(6, &random)
                let longest = random.logarithmic(from: .milliseconds(1), to: .seconds(4))
                // Writes are few, and most moments have none.
                let duration = random.below(2) == 0 || isLasting ? time : length()
                let buffer = random.number(in: 1...(1 << random.number(in: 1...8)))
                faults.append(
                    .hungDisk(
                        node, at: moment(), length: duration, longest: isLasting ? nil : longest,
                        buffer: buffer))
            }
        }
        if mix.kinds.contains(.bitRot) {
            for _ in 0..<random.number(in: 1...2) {
                guard let node = host(of: hosts), lasts(1, &random) else { break }
                let isReplaced = mix.kinds.contains(.amnesia) && random.below(2) == 0
                let pause = length()
                let comeback =
                    isReplaced ? Comeback.withoutDisk(after: pause) : .withDisk(after: pause)
                faults.append(
                    .bitRot(node, at: moment(), damage: damage(), comeback: comeback))
            }
        }
    }

    private mutating func damage() -> DiskDamage {
        let kind: DiskDamage.Kind =
            random.below(2) == 0
            ? .flippedBit(random.number(in: 0...7))
            : .lostBlock(random.number(in: 1...(1 << random.number(in: 0...12))))
        return DiskDamage(kind, place: random.number(in: 0...999_999))
    }
}
