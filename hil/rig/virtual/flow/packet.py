"""The numbered packet, and the clock of its arrival."""

from __future__ import annotations

import socket
import struct
import time
from dataclasses import dataclass

_HEADER = struct.Struct("!4sIIQ")  # magic, flow, sequence number, sent (CLOCK_MONOTONIC, ns)
_MAGIC = b"RPF1"
MIN_SIZE = _HEADER.size

# asm-generic/socket.h; Python's socket module names neither.
_SO_TIMESTAMPNS, _SO_RCVBUFFORCE = 35, 33
_BUFFER = 4 << 20  # bytes: seconds of packets; one that a reader who had no turn loses would count as the line's loss
_TIMESPEC = struct.Struct("@qq")


@dataclass(frozen=True)
class Packet:
    """What a numbered packet says."""

    flow: int
    seq: int
    sent_ns: int


def encode(packet: Packet, size: int) -> bytes:
    """The packet, padded to size bytes of UDP payload."""
    header = _HEADER.pack(_MAGIC, packet.flow, packet.seq, packet.sent_ns)
    return header + bytes(size - len(header))


def decode(data: bytes) -> Packet | None:
    """The packet, or None if it is none of ours (a health probe)."""
    if len(data) < MIN_SIZE or not data.startswith(_MAGIC):
        return None
    _, flow, seq, sent_ns = _HEADER.unpack_from(data)
    return Packet(flow, seq, sent_ns)


def bound(address: str, port: int = 0) -> socket.socket:
    """A UDP socket of the address's family, bound to it."""
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
    sock.bind((address, port))
    return sock


def stamp_arrivals(sock: socket.socket) -> None:
    """Have the kernel note when each packet came in, so that a late reader does not look like a late packet."""
    sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)


def receive(sock: socket.socket) -> tuple[bytes, tuple[str, int], int]:
    """One packet, its source, and when it came in (CLOCK_MONOTONIC, ns); the socket was given to stamp_arrivals()."""
    data, ancillary, _flags, source = sock.recvmsg(2048, socket.CMSG_SPACE(_TIMESPEC.size))
    arrived = time.monotonic_ns()
    for level, kind, value in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
            seconds, nanoseconds = _TIMESPEC.unpack(value)
            arrived -= max(0, time.time_ns() - (seconds * 1_000_000_000 + nanoseconds))
    return data, source, arrived
