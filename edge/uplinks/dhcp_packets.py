"""Bytes of DHCP (RFC 2131, 2132) in UDP in IPv4, as an AF_PACKET socket sends and gets them. Pure.

An answer is read with distrust: whatever is not exactly an answer to this client's own question is None.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address, IPv4Interface

from edge.uplinks.packets import checksum

SERVER_PORT, CLIENT_PORT = 67, 68
ANYBODY = IPv4Address(0)
EVERYBODY = IPv4Address("255.255.255.255")
INFINITE_S = 0xFFFFFFFF
LEASE_MIN_S = 4  # below it the box would do nothing but renew
PREFIX_MIN = 8  # no provider's network is wider; a mask of 0 would make the whole internet a neighbour
NAMESERVERS_MAX = 4

_COOKIE = b"\x63\x82\x53\x63"
_FIXED = struct.Struct("!BBBBIHH4s4s4s4s16s64s128s4s")
_IPV4 = struct.Struct("!BBHHHBBH4s4s")
_UDP = struct.Struct("!HHHH")
_REQUEST, _REPLY = 1, 2
_ETHERNET = 1
_PAD, _MASK, _ROUTER, _DNS, _WANTED, _LEASE, _OVERLOAD, _TYPE = 0, 1, 3, 6, 50, 51, 52, 53
_SERVER, _PARAMETERS, _MAX_SIZE, _RENEW, _REBIND, _CLIENT, _ROUTES, _END = 54, 55, 57, 58, 59, 61, 121, 255
_ASKED_FOR = bytes([_ROUTES, _MASK, _ROUTER, _DNS, _LEASE, _SERVER, _RENEW, _REBIND])
_MESSAGE_MAX = 1472  # one Ethernet frame
_MESSAGE_MIN = 300  # BOOTP's; some relays drop what is shorter


class Kind(IntEnum):
    """Option 53."""

    DISCOVER = 1
    OFFER = 2
    REQUEST = 3
    ACK = 5
    NAK = 6


@dataclass(frozen=True)
class Question:
    """What the client says."""

    kind: Kind
    xid: int
    seconds: int  # since it began to ask
    from_address: IPv4Address = ANYBODY  # its own, where it has one
    to: IPv4Address = EVERYBODY
    wanted: IPv4Address | None = None
    server: IPv4Address | None = None  # whose offer it takes


@dataclass(frozen=True)
class Terms:
    """What a server gives, in its own words; seconds count from the question."""

    address: IPv4Interface
    gateway: IPv4Address | None
    dns: tuple[IPv4Address, ...]
    lease_s: int | None  # None: for ever
    renew_s: float
    rebind_s: float


@dataclass(frozen=True)
class Reply:
    """What a server says; a NAK has no terms."""

    kind: Kind
    xid: int
    server: IPv4Address
    terms: Terms | None


def message(question: Question, hardware: bytes) -> bytes:
    """The DHCP message alone; hardware is the interface's address."""
    fixed = _FIXED.pack(
        _REQUEST, _ETHERNET, 6, 0, question.xid, min(question.seconds, 0xFFFF), 0, question.from_address.packed,
        ANYBODY.packed, ANYBODY.packed, ANYBODY.packed, hardware, b"", b"", _COOKIE,
    )  # fmt: skip
    options = [
        (_TYPE, bytes([question.kind])),
        (_CLIENT, bytes([_ETHERNET]) + hardware),
        (_MAX_SIZE, struct.pack("!H", _MESSAGE_MAX)),
        (_PARAMETERS, _ASKED_FOR),
    ]
    if question.wanted is not None:
        options.append((_WANTED, question.wanted.packed))
    if question.server is not None:
        options.append((_SERVER, question.server.packed))
    whole = fixed + b"".join(bytes([code, len(value)]) + value for code, value in options) + bytes([_END])
    return whole.ljust(_MESSAGE_MIN, b"\0")


def packet(question: Question, hardware: bytes) -> bytes:
    """The whole IPv4 packet. The UDP checksum is left out, as IPv4 allows (RFC 768)."""
    payload = message(question, hardware)
    udp = _UDP.pack(CLIENT_PORT, SERVER_PORT, _UDP.size + len(payload), 0)
    length = _IPV4.size + len(udp) + len(payload)
    addresses = (question.from_address.packed, question.to.packed)
    head = _IPV4.pack(0x45, 0xC0, length, 0, 0, 64, 17, 0, *addresses)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + udp + payload


def parse_packet(data: bytes, hardware: bytes) -> Reply | None:
    """A server's answer to this interface, or None. The UDP checksum is not looked at: a packet of this machine or of a
    card that computes it later has none yet."""
    if len(data) < _IPV4.size or data[0] >> 4 != 4 or data[9] != 17:
        return None
    start = (data[0] & 15) * 4
    if len(data) < start + _UDP.size or struct.unpack_from("!H", data, 6)[0] & 0x3FFF:
        return None  # a fragment is no whole answer
    source, target, length, _ = _UDP.unpack_from(data, start)
    if (source, target) != (SERVER_PORT, CLIENT_PORT) or length < _UDP.size:
        return None
    return parse_message(data[start + _UDP.size : start + length], hardware)


def parse_message(data: bytes, hardware: bytes) -> Reply | None:
    """A server's DHCP message to this interface, or None."""
    if len(data) < _FIXED.size:
        return None
    op, _, _, _, xid, _, _, _, yours, _, _, client, sname, file, cookie = _FIXED.unpack_from(data)
    if op != _REPLY or cookie != _COOKIE or client[: len(hardware)] != hardware:
        return None
    options = _options(data[_FIXED.size :])
    overload = options.get(_OVERLOAD, b"\0")[:1]
    for bit, field in ((b"\1", file), (b"\2", sname)):
        if overload in (bit, b"\3"):
            options = {**_options(field), **options}
    server = _address(options.get(_SERVER))
    try:
        kind = Kind(options.get(_TYPE, b"\0")[0])
    except (ValueError, IndexError):
        return None
    if server is None or kind not in (Kind.OFFER, Kind.ACK, Kind.NAK):
        return None
    if kind is Kind.NAK:
        return Reply(kind, xid, server, None)
    terms = _terms(IPv4Address(yours), options)
    return Reply(kind, xid, server, terms) if terms is not None else None


def _options(data: bytes) -> dict[int, bytes]:
    """Options by code; the parts of one that stands several times are one (RFC 3396)."""
    found: dict[int, bytes] = {}
    place = 0
    while place < len(data) and data[place] != _END:
        if data[place] == _PAD:
            place += 1
            continue
        if place + 2 > len(data) or place + 2 + data[place + 1] > len(data):
            break
        value = data[place + 2 : place + 2 + data[place + 1]]
        found[data[place]] = found.get(data[place], b"") + value
        place += 2 + len(value)
    return found


def _terms(address: IPv4Address, options: dict[int, bytes]) -> Terms | None:
    length = _prefix_length(options.get(_MASK))
    lease_s = _seconds(options.get(_LEASE))
    if not _is_a_host(address) or length is None or lease_s is None or lease_s < LEASE_MIN_S:
        return None
    interface = IPv4Interface((address, length))
    if length < 31 and address in (interface.network.network_address, interface.network.broadcast_address):
        return None
    gateway = _gateway(options)
    if gateway is not None and (gateway == address or not _is_a_host(gateway)):
        return None
    renew_s, rebind_s = _seconds(options.get(_RENEW)), _seconds(options.get(_REBIND))
    if renew_s is None or rebind_s is None or not 0 < renew_s < rebind_s < lease_s:
        renew_s, rebind_s = lease_s // 2, lease_s * 7 // 8  # RFC 2131, 4.4.5
    dns = tuple(found for found in _addresses(options.get(_DNS, b"")) if _is_a_host(found))[:NAMESERVERS_MAX]
    return Terms(interface, gateway, dns, None if lease_s == INFINITE_S else lease_s, renew_s, rebind_s)


def _gateway(options: dict[int, bytes]) -> IPv4Address | None:
    """The next hop. Of classless routes only the default one is taken, and it replaces the router (RFC 3442).

    The others are not: an ISP has no say in where the building's traffic goes besides (CVE-2024-3661).
    """
    if _ROUTES in options:
        return _classless_default(options[_ROUTES])
    routers = _addresses(options.get(_ROUTER, b""))
    return routers[0] if routers else None


def _classless_default(data: bytes) -> IPv4Address | None:
    place = 0
    while place < len(data) and data[place] <= 32:
        significant = (data[place] + 7) // 8
        router = data[place + 1 + significant : place + 5 + significant]
        if data[place] == 0 and len(router) == 4:
            return IPv4Address(router)
        place += 5 + significant
    return None


def _prefix_length(mask: bytes | None) -> int | None:
    """A server that sends no mask means a host of its own: the gateway is reached on link all the same."""
    if mask is None:
        return 32
    if len(mask) != 4:
        return None
    host_bits = ~int.from_bytes(mask) & 0xFFFFFFFF
    length = 32 - host_bits.bit_length()
    return length if host_bits & (host_bits + 1) == 0 and length >= PREFIX_MIN else None


def _is_a_host(address: IPv4Address) -> bool:
    return not (
        address.is_multicast or address.is_loopback or address.is_unspecified or address.is_link_local
    ) and address < IPv4Address("240.0.0.0")


def _address(value: bytes | None) -> IPv4Address | None:
    return IPv4Address(value) if value is not None and len(value) == 4 else None


def _addresses(value: bytes) -> list[IPv4Address]:
    return [IPv4Address(value[place : place + 4]) for place in range(0, len(value) - 3, 4)]


def _seconds(value: bytes | None) -> int | None:
    return int.from_bytes(value) if value is not None and len(value) == 4 else None
