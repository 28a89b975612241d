"""Bytes of probes: ICMP echo (RFC 792) and the datagrams for UDP echo services (RFC 862). Pure.

Every probe carries a token only this process knows, so that neither a stranger's answer nor one meant for another
link can count.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

TOKEN_BYTES = 12
_BODY = struct.Struct(f"!{TOKEN_BYTES}sI")  # token, round number
_ICMP = struct.Struct("!BBHHH")  # type, code, checksum, identifier, sequence
_ECHO_REPLY, _ECHO_REQUEST = 0, 8
_IP_HEADER_MIN = 20
_PROTOCOL_ICMP = 1


@dataclass(frozen=True)
class EchoReply:
    """An answer that is ours."""

    source: str  # dotted address of who answered
    number: int  # of the round


def icmp_request(identifier: int, number: int, token: bytes) -> bytes:
    """An ICMP echo request for round number."""
    body = _BODY.pack(token, number)
    header = _ICMP.pack(_ECHO_REQUEST, 0, 0, identifier, number & 0xFFFF)
    return _ICMP.pack(_ECHO_REQUEST, 0, checksum(header + body), identifier, number & 0xFFFF) + body


def parse_icmp_reply(packet: bytes, identifier: int, token: bytes) -> EchoReply | None:
    """The reply in a packet of a raw socket (with its IP header), or None if it is anything else."""
    if len(packet) < _IP_HEADER_MIN or packet[0] >> 4 != 4 or packet[9] != _PROTOCOL_ICMP:
        return None
    start = (packet[0] & 0x0F) * 4
    if start < _IP_HEADER_MIN or len(packet) < start + _ICMP.size:
        return None
    kind, code, _, found, sequence = _ICMP.unpack_from(packet, start)
    if (kind, code, found) != (_ECHO_REPLY, 0, identifier):
        return None
    number = parse_datagram(packet[start + _ICMP.size :], token)
    if number is None or number & 0xFFFF != sequence or checksum(packet[start:]) != 0:
        return None
    return EchoReply(".".join(str(part) for part in packet[12:16]), number)


def datagram(number: int, token: bytes) -> bytes:
    """What an echo service is sent for round number."""
    return _BODY.pack(token, number)


def parse_datagram(payload: bytes, token: bytes) -> int | None:
    """The round number in what an echo service sent back, or None if it is anything else."""
    if len(payload) != _BODY.size:
        return None
    found, number = _BODY.unpack(payload)
    return int(number) if found == token else None


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071); 0 over data that holds its own valid checksum."""
    padded = data + b"\0" if len(data) % 2 else data
    total = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    total = (total >> 16) + (total & 0xFFFF)
    return int(~(total + (total >> 16)) & 0xFFFF)
