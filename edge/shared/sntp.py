"""What a time server says of itself: one question as any client asks it (RFC 5905, SNTP)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address

REQUEST = bytes([0x23]) + bytes(47)  # version 4, mode 3: client
UNIX_EPOCH = 2_208_988_800  # seconds from 1900, where NTP counts from, to 1970
_REPLY = struct.Struct("!BBbb 2I 4s 8s 8s 8s 8s")
_SERVER, _UNSYNCHRONISED, _STRATUM_MAX = 4, 3, 15
_OWN_CLOCK = bytes([127, 127, 1, 1])  # the reference of chrony's `local`, and of ntpd's before it


@dataclass(frozen=True)
class TimeReply:
    """The time and where the server has it from. Times are Unix seconds."""

    stratum: int  # 1: a reference clock of its own; 0: not synchronised
    reference: str  # stratum 1: its name, e.g. NITZ; else the address of the server asked
    own_clock: bool  # nobody confirms it
    updated: float  # when it last heard
    now: float


def parse(data: bytes) -> TimeReply | None:
    """The reply, or None for anything else."""
    if len(data) < _REPLY.size:
        return None
    flags, stratum, _, _, _, _, reference, updated, _, _, now = _REPLY.unpack_from(data)
    if flags & 7 != _SERVER:
        return None
    if flags >> 6 == _UNSYNCHRONISED or not 1 <= stratum <= _STRATUM_MAX:
        return TimeReply(0, "", False, 0.0, _seconds(now))
    own = reference == _OWN_CLOCK
    shown = reference.rstrip(b"\0").decode("ascii", "replace") if stratum == 1 else str(IPv4Address(reference))
    return TimeReply(stratum, shown, own, _seconds(updated), _seconds(now))


def _seconds(stamp: bytes) -> float:
    """RFC 5905, 6: era 0 ends in 2036, when the count begins anew."""
    whole, fraction = struct.unpack("!2I", stamp)
    era = 0 if whole >= 1 << 31 else 1 << 32
    return float(whole + era - UNIX_EPOCH + fraction / (1 << 32))
