"""A name asked of a name server (RFC 1035). What is matched is what RFC 5452, 9.1 asks for: identifier, question, and
by the socket address and port. Without a list of expected addresses, one that is not private must be in the answer: a
captive portal or the provider's own box answers every name with itself.
"""

from __future__ import annotations

import secrets
import struct
from collections import OrderedDict
from ipaddress import IPv4Address, IPv4Network

from edge.uplinks.probes.answers import Heard

_HEADER = struct.Struct("!6H")  # identifier, flags, counts of questions, answers, authorities, additional records
_RECORD = struct.Struct("!HHIH")  # type, class, time to live, length of the data
_RESPONSE, _OPCODE, _RECURSION_DESIRED, _CODE = 0x8000, 0x7800, 0x0100, 0x000F
_A, _IN = 1, 1
_POINTER = 0xC0
_RECORDS_MAX = 64
_REMEMBERED = 64  # questions whose answers are still known
_CODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}
_ADDRESSES_SHOWN = 4

_NOT_OF_THE_INTERNET = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
        "224.0.0.0/3",
    )
)  # fmt: skip


class DnsQuestion:
    """The A records of one name."""

    def __init__(self, name: str, expect: tuple[IPv4Address, ...]) -> None:
        self._question = encode_name(name) + struct.pack("!HH", _A, _IN)
        self._expect = frozenset(expect)
        self._asked: OrderedDict[int, int] = OrderedDict()  # identifier -> round number

    def ask(self, number: int) -> bytes:
        """A query with an identifier that nobody can guess."""
        identifier = secrets.randbelow(0x10000)
        self._asked.pop(identifier, None)
        self._asked[identifier] = number
        if len(self._asked) > _REMEMBERED:
            self._asked.popitem(last=False)
        return _HEADER.pack(identifier, _RECURSION_DESIRED, 1, 0, 0, 0) + self._question

    def understand(self, payload: bytes) -> Heard | None:
        """Whether one of the wanted addresses is in the answer to a question of ours."""
        if len(payload) < _HEADER.size:
            return None
        identifier, flags, questions, answers, *_ = _HEADER.unpack_from(payload)
        number = self._asked.get(identifier)
        end = _HEADER.size + len(self._question)
        asked = payload[_HEADER.size : end].lower() == self._question.lower()
        if number is None or not flags & _RESPONSE or flags & _OPCODE or questions != 1 or not asked:
            return None
        code = flags & _CODE
        if code:
            return Heard(number, _CODES.get(code, f"code {code}"))
        addresses = addresses_in(payload, end, answers)
        if any(self._wanted(address) for address in addresses):
            return Heard(number)
        return Heard(number, ", ".join(str(address) for address in addresses[:_ADDRESSES_SHOWN]) or "no address")

    def _wanted(self, address: IPv4Address) -> bool:
        if self._expect:
            return address in self._expect
        return not any(address in network for network in _NOT_OF_THE_INTERNET)


def encode_name(name: str) -> bytes:
    """A name as the wire has it. Labels are at most 63 bytes: the settings see to it."""
    return b"".join(bytes([len(label)]) + label.encode("ascii") for label in name.split(".")) + b"\0"


def addresses_in(payload: bytes, start: int, count: int) -> list[IPv4Address]:
    """The addresses in the first records from start, as far as they are whole."""
    addresses = []
    at = start
    try:
        for _ in range(min(count, _RECORDS_MAX)):
            at = _after_name(payload, at)
            kind, group, _ttl, length = _RECORD.unpack_from(payload, at)
            at += _RECORD.size
            if (kind, group, length) == (_A, _IN, 4) and at + 4 <= len(payload):
                addresses.append(IPv4Address(payload[at : at + 4]))
            at += length
    except (IndexError, struct.error):
        pass  # cut short or garbage: what came before it counts
    return addresses


def _after_name(payload: bytes, at: int) -> int:
    """Where the name that begins here ends. Pointers are not followed: whose record it is does not matter."""
    while payload[at]:
        if payload[at] >= _POINTER:
            return at + 2
        at += 1 + payload[at]
    return at + 1
