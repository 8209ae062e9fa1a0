#ifndef CLINUX_H
#define CLINUX_H

// The few Linux calls that Swift's Glibc module hides, each behind a plain function. The structs are
// our own: a header that defined _GNU_SOURCE for the system's would clash with the Glibc module.
// Every function returns a number from 0 up, or -errno; none retries.

#include <stdint.h>

#if defined(__linux__)

/// An IPv4 or IPv6 address and port, all fields in host byte order.
struct clinux_address {
    /// The upper 64 bits of an IPv6 address; 0 for IPv4.
    uint64_t high;
    /// The lower 64 bits of an IPv6 address, or the 32 bits of an IPv4 one.
    uint64_t low;
    /// The interface an IPv6 link-local address belongs to; else 0.
    uint32_t scope;
    uint16_t port;
    /// 4 or 6; 0 for any other family.
    uint16_t family;
};

/// One datagram in an arena of bytes that many share.
struct clinux_slot {
    struct clinux_address address;
    /// Where in the arena it begins.
    uint32_t offset;
    /// How many bytes it has; before receiving, how many there is room for.
    uint32_t length;
};

/// The most slots one call takes.
enum { clinux_batch_limit = 64 };

/// Receives up to `count` datagrams without waiting and fills in their addresses and lengths.
int clinux_recvmmsg(int socket, uint8_t *arena, struct clinux_slot *slots, int count);

/// Sends up to `count` datagrams without waiting; returns how many went before the first that failed.
int clinux_sendmmsg(int socket, const uint8_t *arena, const struct clinux_slot *slots, int count);

/// Waits until a descriptor can be read or the time is over.
///
/// A negative descriptor is not waited for; a negative time never ends.
/// Returns a sum of 1 (the first can be read), 2 (the second can) and 4 (the third can).
int clinux_ppoll(int first, int second, int third, int64_t nanoseconds);

/// Makes a descriptor that can be read once something has been written to it.
int clinux_eventfd(void);

/// Blocks SIGINT and SIGTERM in the calling thread; returns a descriptor that tells of them.
int clinux_signalfd(void);

/// Sets the receive and send buffers' sizes past the system's limits, where the process may.
int clinux_force_buffers(int socket, int bytes);

#endif
#endif
