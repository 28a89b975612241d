"""Takes what a netlink socket received apart into messages (netlink(7)). Pure."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port


class Message(NamedTuple):
    """One message of the kernel."""

    kind: int
    sequence: int  # of the question that it answers; 0 when nobody asked
    body: memoryview


def messages(data: bytes) -> Iterator[Message]:
    """Every whole message."""
    view, place = memoryview(data), 0
    while place + HEADER.size <= len(view):
        length, kind, _flags, sequence, _port = HEADER.unpack_from(view, place)
        if length < HEADER.size or place + length > len(view):
            return
        yield Message(kind, sequence, view[place + HEADER.size : place + length])
        place += (length + 3) & ~3
