#if defined(__linux__)

#define _GNU_SOURCE
#include "CLinux.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>

union any_address {
    struct sockaddr generic;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
};

static socklen_t to_system(const struct clinux_address *from, union any_address *to) {
    memset(to, 0, sizeof *to);
    if (from->family == 4) {
        to->ipv4.sin_family = AF_INET;
        to->ipv4.sin_port = htons(from->port);
        to->ipv4.sin_addr.s_addr = htonl((uint32_t)from->low);
        return sizeof to->ipv4;
    }
    uint64_t words[2] = {htobe64(from->high), htobe64(from->low)};
    to->ipv6.sin6_family = AF_INET6;
    to->ipv6.sin6_port = htons(from->port);
    to->ipv6.sin6_scope_id = from->scope;
    memcpy(&to->ipv6.sin6_addr, words, sizeof words);
    return sizeof to->ipv6;
}

static void from_system(const union any_address *from, struct clinux_address *to) {
    memset(to, 0, sizeof *to);
    if (from->generic.sa_family == AF_INET) {
        to->family = 4;
        to->port = ntohs(from->ipv4.sin_port);
        to->low = ntohl(from->ipv4.sin_addr.s_addr);
    } else if (from->generic.sa_family == AF_INET6) {
        uint64_t words[2];
        memcpy(words, &from->ipv6.sin6_addr, sizeof words);
        to->family = 6;
        to->port = ntohs(from->ipv6.sin6_port);
        to->scope = from->ipv6.sin6_scope_id;
        to->high = be64toh(words[0]);
        to->low = be64toh(words[1]);
    }
}

int clinux_recvmmsg(int socket, uint8_t *arena, struct clinux_slot *slots, int count) {
    struct mmsghdr messages[clinux_batch_limit];
    struct iovec vectors[clinux_batch_limit];
    union any_address addresses[clinux_batch_limit];
    if (count > clinux_batch_limit) count = clinux_batch_limit;
    for (int index = 0; index < count; index++) {
        vectors[index].iov_base = arena + slots[index].offset;
        vectors[index].iov_len = slots[index].length;
        memset(&messages[index], 0, sizeof messages[index]);
        messages[index].msg_hdr.msg_name = &addresses[index];
        messages[index].msg_hdr.msg_namelen = sizeof addresses[index];
        messages[index].msg_hdr.msg_iov = &vectors[index];
        messages[index].msg_hdr.msg_iovlen = 1;
    }
    int received = recvmmsg(socket, messages, (unsigned)count, MSG_DONTWAIT, NULL);
    if (received < 0) return -errno;
    for (int index = 0; index < received; index++) {
        if (messages[index].msg_hdr.msg_namelen == 0) {
            memset(&slots[index].address, 0, sizeof slots[index].address);
        } else {
            from_system(&addresses[index], &slots[index].address);
        }
        slots[index].length = messages[index].msg_len;
    }
    return received;
}

int clinux_sendmmsg(int socket, const uint8_t *arena, const struct clinux_slot *slots, int count) {
    struct mmsghdr messages[clinux_batch_limit];
    struct iovec vectors[clinux_batch_limit];
    union any_address addresses[clinux_batch_limit];
    if (count > clinux_batch_limit) count = clinux_batch_limit;
    for (int index = 0; index < count; index++) {
        vectors[index].iov_base = (uint8_t *)arena + slots[index].offset;
        vectors[index].iov_len = slots[index].length;
        memset(&messages[index], 0, sizeof messages[index]);
        messages[index].msg_hdr.msg_namelen =
            to_system(&slots[index].address, &addresses[index]);
        messages[index].msg_hdr.msg_name = &addresses[index];
        messages[index].msg_hdr.msg_iov = &vectors[index];
        messages[index].msg_hdr.msg_iovlen = 1;
    }
    int sent = sendmmsg(socket, messages, (unsigned)count, MSG_DONTWAIT);
    return sent < 0 ? -errno : sent;
}

int clinux_ppoll(int first, int second, int third, int64_t nanoseconds) {
    struct pollfd descriptors[3] = {
        {first, POLLIN, 0}, {second, POLLIN, 0}, {third, POLLIN, 0}};
    struct timespec time = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    int ready = ppoll(descriptors, 3, nanoseconds < 0 ? NULL : &time, NULL);
    if (ready < 0) return -errno;
    int result = 0;
    for (int index = 0; index < 3; index++) {
        if (descriptors[index].revents != 0) result |= 1 << index;
    }
    return result;
}

int clinux_eventfd(void) {
    int descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

int clinux_signalfd(void) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    int error = pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (error != 0) return -error;
    int descriptor = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

int clinux_force_buffers(int socket, int bytes) {
    if (setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0) return -errno;
    if (setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) < 0) return -errno;
    return 0;
}

#endif
