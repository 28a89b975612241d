"""Bytes of probes: ours come back, everything else is nothing."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from edge.uplinks.packets import (
    EchoReply,
    checksum,
    datagram,
    icmp_request,
    parse_datagram,
    parse_icmp_reply,
)

TOKEN = b"twelve bytes"
ADDRESS = bytes([192, 0, 2, 31])


def reply_to(request: bytes, *, options: bytes = b"") -> bytes:
    """What a host that answers would send: type 0, checksum anew, behind an IPv4 header."""
    body = b"\0\0\0\0" + request[4:]
    body = body[:2] + struct.pack("!H", checksum(body)) + body[4:]
    first = 0x40 | (20 + len(options)) // 4
    header = bytes([first, 0]) + b"\0\0" * 3 + bytes([64, 1, 0, 0]) + ADDRESS + bytes([10, 0, 0, 1])
    return header + options + body


def test_our_own_reply_is_recognised() -> None:
    packet = reply_to(icmp_request(0x1234, 70_000, TOKEN))
    assert parse_icmp_reply(packet, 0x1234, TOKEN) == EchoReply("192.0.2.31", 70_000)


def test_ip_options_are_skipped() -> None:
    packet = reply_to(icmp_request(7, 1, TOKEN), options=b"\x01" * 8)
    assert parse_icmp_reply(packet, 7, TOKEN) == EchoReply("192.0.2.31", 1)


def test_a_reply_to_somebody_else_is_nothing() -> None:
    assert parse_icmp_reply(reply_to(icmp_request(8, 1, TOKEN)), 7, TOKEN) is None
    assert parse_icmp_reply(reply_to(icmp_request(7, 1, b"other token!")), 7, TOKEN) is None


def test_our_own_request_seen_again_is_nothing() -> None:
    request = icmp_request(7, 1, TOKEN)
    header = reply_to(request)[:20]
    assert parse_icmp_reply(header + request, 7, TOKEN) is None


@given(st.integers(0, 47), st.integers(1, 255))
def test_a_damaged_reply_never_counts_for_another_round(place: int, change: int) -> None:
    packet = bytearray(reply_to(icmp_request(7, 9, TOKEN)))
    place %= len(packet)
    packet[place] ^= change
    reply = parse_icmp_reply(bytes(packet), 7, TOKEN)
    assert reply is None or reply.number == 9


@given(st.binary(max_size=120))
def test_garbage_is_nothing(garbage: bytes) -> None:
    assert parse_icmp_reply(garbage, 7, TOKEN) is None
    assert parse_datagram(garbage, TOKEN) is None


@given(st.integers(0, 2**32 - 1))
def test_a_datagram_comes_back_as_its_number(number: int) -> None:
    assert parse_datagram(datagram(number, TOKEN), TOKEN) == number
    assert parse_datagram(datagram(number, TOKEN), b"other token!") is None
    assert parse_datagram(datagram(number, TOKEN) + b"\0", TOKEN) is None


@given(st.binary(min_size=2, max_size=80).filter(lambda data: len(data) % 2 == 0))
def test_a_checksum_put_in_makes_the_sum_zero(data: bytes) -> None:
    assert checksum(data + struct.pack("!H", checksum(data))) == 0
