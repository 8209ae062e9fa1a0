#!/usr/bin/env python3
"""What endure.sh throws at a cluster on this machine. Needs root, to record and to forge datagrams.

    hostile.py record FILE PORT...   keeps the datagrams between these ports until SIGTERM
    hostile.py replay FILE PORT...   sends them again, at the pace and from the ports of their senders
    hostile.py spray PORT...         records too, and sends to every port, until SIGTERM: garbage, and
                                     what it records cut short, with bits flipped, longer, or empty
    hostile.py forge PORT...         as spray, but with checksums made to fit: a liar in the cluster,
                                     under whom Paxos need not agree, but no process may trap

A line on standard output says "begun", another "plenty" after some thousand, and the last, at the
end, how many were sent or kept.
"""
import random
import select
import signal
import socket
import struct
import sys
import time

PLENTY = 3_000
CHECKSUM, CHECKED = 5, 9  # where the checksum stands, and where what it covers begins
FORGED_LIFETIME = 63  # the hops that forged packets may take, by which the tap knows them


def crc32c_table():
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        yield byte


TABLE = list(crc32c_table())


def sealed(data):
    """The datagram with the checksum that its bytes need."""
    remainder = 0xFFFFFFFF
    for byte in data[CHECKED:]:
        remainder = TABLE[(remainder ^ byte) & 0xFF] ^ remainder >> 8
    return data[:CHECKSUM] + struct.pack("<I", remainder ^ 0xFFFFFFFF) + data[CHECKED:]


class Tap:
    """Every UDP datagram of the loopback interface between some ports."""

    def __init__(self, ports):
        self.ports = set(ports)
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.bind(("lo", 0x0800))
        self.socket.setblocking(False)

    def take(self, wait):
        """The next (source port, destination port, bytes), or None after so many seconds."""
        deadline = time.monotonic() + wait
        while select.select([self.socket], [], [], max(0, deadline - time.monotonic()))[0]:
            packet, address = self.socket.recvfrom(65_600)
            # Loopback shows each packet twice, on its way out and on its way in.
            if address[2] == socket.PACKET_OUTGOING or packet[9] != socket.IPPROTO_UDP:
                continue
            if packet[8] == FORGED_LIFETIME:
                continue
            header = (packet[0] & 15) * 4
            source, destination = struct.unpack_from("!HH", packet, header)
            if source in self.ports and destination in self.ports:
                return source, destination, packet[header + 8 :]
        return None


class Forger:
    """Sends as if from any port of this machine."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self.count = 0

    def send(self, source, destination, data):
        localhost = socket.inet_aton("127.0.0.1")
        header = struct.pack(
            "!BBHHHBBH4s4s", 0x45, 0, 28 + len(data), 0, 0, FORGED_LIFETIME,
            socket.IPPROTO_UDP, 0, localhost, localhost)
        header += struct.pack("!HHHH", source, destination, 8 + len(data), 0)
        try:
            self.socket.sendto(header + data, ("127.0.0.1", 0))
            self.count += 1
        except OSError:
            pass  # a full queue


def harmed(data, kept):
    """One way in which a datagram goes wrong."""
    kind = random.randrange(6)
    if kind == 0:
        return random.randbytes(random.choice([0, 1, 8, 53, 54, 200, 1400, 20_000]))
    if kind == 1:
        return data[: random.randrange(len(data) + 1)]
    if kind == 2:
        return data + random.randbytes(random.randrange(1, 40))
    if kind == 3 and kept:
        return data[: random.randrange(len(data))] + random.choice(kept)[2]
    changed = bytearray(data)
    for _ in range(random.choice([1, 1, 1, 2, 30])):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def altered(data):
    """A datagram changed anywhere behind the header's fixed part, of which the checksum fits."""
    changed = bytearray(data)
    for _ in range(random.choice([1, 1, 2, 4])):
        # The cluster's ID stays; else the datagram would be dropped as a stranger's.
        place = random.randrange(17, len(changed))
        changed[place] = random.choice([0, 1, 0x7F, 0xFF, random.randrange(256)])
    if random.random() < 0.2:
        changed = changed[: random.randrange(17, len(changed) + 1)]
    if random.random() < 0.1:
        changed += random.randbytes(random.randrange(1, 9))
    return sealed(bytes(changed))


def record(path, ports):
    tap = Tap(ports)
    print("begun", flush=True)
    kept, began = [], time.monotonic()
    while not stopped:
        if found := tap.take(0.1):
            kept.append((time.monotonic() - began, *found))
    with open(path, "wb") as file:
        for moment, source, destination, data in kept:
            file.write(struct.pack("<dHHI", moment, source, destination, len(data)) + data)
    print(len(kept), flush=True)


def replay(path, ports):
    forger, began = Forger(), time.monotonic()
    with open(path, "rb") as file:
        content = file.read()
    print("begun", flush=True)
    offset, first = 0, None
    while offset < len(content) and not stopped:
        moment, source, destination, size = struct.unpack_from("<dHHI", content, offset)
        first = moment if first is None else first
        time.sleep(max(0, moment - first - (time.monotonic() - began)))
        if destination in ports:
            forger.send(source, destination, content[offset + 16 : offset + 16 + size])
        offset += 16 + size
    print(forger.count, flush=True)


def spray(ports, change):
    tap, forger, kept = Tap(ports), Forger(), []
    print("begun", flush=True)
    told = False
    while not stopped:
        if not told and forger.count > PLENTY:
            told = True
            print("plenty", flush=True)
        if (found := tap.take(0.001)) and len(found[2]) > 53:
            kept.append(found)
            del kept[:-2_000]
        for _ in range(3):
            source, _, data = random.choice(kept) if kept else (random.choice(ports), 0, bytes(60))
            forger.send(source, random.choice(ports), change(data, kept))
    print(forger.count, flush=True)


def stop(*_):
    global stopped
    stopped = True


stopped = False
signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, stop)
verb, *words = sys.argv[1:] or ["help"]
if verb in ("record", "replay"):
    {"record": record, "replay": replay}[verb](words[0], [int(word) for word in words[1:]])
elif verb == "spray":
    spray([int(word) for word in words], harmed)
elif verb == "forge":
    spray([int(word) for word in words], lambda data, kept: altered(data))
else:
    sys.exit(__doc__)
