"""Sockets that use one device only, and the kernel's time of arrival of what they receive."""

from __future__ import annotations

import os
import socket
import struct
import time

# linux/icmp.h: a set bit keeps that ICMP type away from the socket.
_SOL_RAW, _ICMP_FILTER = 255, 1
_ALL_BUT_ECHO_REPLY = struct.pack("=I", 0xFFFFFFFF & ~1)

# asm-generic/socket.h; Python names neither. The kernel's time of arrival keeps this process's own delays, on a busy
# box larger than the link's, out of the round-trip time.
_SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@qq")
_AGE_MAX_NS = 1_000_000_000  # more than that is a step of the wall clock
_DATAGRAM_MAX = 4096  # of a larger one the rest is thrown away


def bind_to_device(opened: socket.socket, interface: str) -> None:
    """Have this socket use the device of this name only, and never block. Raises OSError."""
    opened.setblocking(False)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, os.fsencode(interface) + b"\0")


def open_datagrams(interface: str, *, icmp: bool) -> socket.socket:
    """A UDP socket, or a raw one that gets echo replies. Raises OSError."""
    if icmp:
        opened = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    else:
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        if icmp:
            opened.setsockopt(_SOL_RAW, _ICMP_FILTER, _ALL_BUT_ECHO_REPLY)
        opened.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        bind_to_device(opened, interface)
    except OSError:
        opened.close()
        raise
    return opened


def receive(opened: socket.socket) -> tuple[bytes, tuple[str, int], int]:
    """A datagram, its source, and how many nanoseconds ago it came. Raises BlockingIOError, OSError."""
    data, ancillary, _flags, source = opened.recvmsg(_DATAGRAM_MAX, socket.CMSG_SPACE(_TIMESPEC.size))
    return data, source, _age_ns(ancillary)


def _age_ns(ancillary: list[tuple[int, int, bytes]]) -> int:
    for level, kind, value in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS):
            seconds, nanoseconds = _TIMESPEC.unpack(value)
            age = time.time_ns() - (seconds * 1_000_000_000 + nanoseconds)
            return int(age) if 0 <= age <= _AGE_MAX_NS else 0
    return 0
