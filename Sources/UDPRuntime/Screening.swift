public import ConsensusCore

/// What is to become of a received datagram.
@usableFromInline
enum Screening {
    /// It is dropped.
    case refused(DropReason)
    /// It comes from the address of a hosts line.
    case peer(DatagramHeader)
    /// It comes from a guest that has shown its cookie.
    case guest(DatagramHeader)
    /// It comes from one that has not, and is to be told the cookie.
    case challenged(DatagramHeader, cookie: UInt64)
    /// A node wants to see a cookie.
    case challenge(DatagramHeader)
}
