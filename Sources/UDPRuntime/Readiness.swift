/// Which of the three descriptors a wait was for can be read.
struct Readiness: OptionSet {
    let rawValue: UInt8

    static let first = Readiness(rawValue: 1)
    static let second = Readiness(rawValue: 2)
    static let third = Readiness(rawValue: 4)
}
