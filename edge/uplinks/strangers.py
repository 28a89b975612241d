"""Who in a zone does what only the box may: give addresses, or have the box's own address. Pure.

A stranger is asked for, not waited for: a DHCPDISCOVER that no client will follow up shows who offers (RFC 2131), an ARP
probe shows who else has an address (RFC 5227, 2.1.1).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address

ROUNDS_REMEMBERED = 2  # one lost answer is not an all-clear

_ARP = struct.Struct("!HHBBH6s4s6s4s")
_ETHERNET, _IPV4, _REQUEST = 1, 0x0800, 1


class Deed(StrEnum):
    """What a stranger does."""

    GIVES_ADDRESSES = "gives_addresses"
    HAS_OUR_ADDRESS = "has_our_address"


@dataclass(frozen=True, order=True)
class Stranger:
    """One device that does it."""

    zone: str
    deed: Deed
    mac: str
    address: str


def after_round(known: Mapping[Stranger, int], heard: Iterable[Stranger]) -> dict[Stranger, int]:
    """Strangers and the rounds each has been silent, after one more round."""
    silent = {stranger: rounds + 1 for stranger, rounds in known.items() if rounds + 1 < ROUNDS_REMEMBERED}
    return silent | dict.fromkeys(heard, 0)


def arp_probe(hardware: bytes, address: IPv4Address) -> bytes:
    """Does anybody have this address? From nobody, so that no cache learns anything."""
    nobody = IPv4Address(0).packed
    return _ARP.pack(_ETHERNET, _IPV4, 6, 4, _REQUEST, hardware, nobody, bytes(6), address.packed)


def claims(data: bytes, hardware: bytes, address: IPv4Address) -> str | None:
    """The hardware address of whoever says in an ARP packet that the address is its own, unless that is us."""
    if len(data) < _ARP.size:
        return None
    kind, protocol, _, _, _, sender, claimed, _, _ = _ARP.unpack_from(data)
    if (kind, protocol, claimed) != (_ETHERNET, _IPV4, address.packed) or sender == hardware:
        return None
    return mac_text(sender)


def mac_text(hardware: bytes) -> str:
    """A hardware address as people read it."""
    return hardware[:6].hex(":")


def by_zone(strangers: Iterable[Stranger], deed: Deed) -> dict[str, list[Stranger]]:
    """Those that do this, by zone."""
    found: dict[str, list[Stranger]] = {}
    for stranger in sorted(strangers):
        if stranger.deed is deed:
            found.setdefault(stranger.zone, []).append(stranger)
    return found
