"""Questions to a name server and its answers (RFC 1035, RFC 2782). Pure."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address

_HEADER = struct.Struct("!6H")  # identifier, flags, counts of questions, answers, authorities, additional records
_RECORD = struct.Struct("!HHIH")  # type, class, time to live, length of the data
_SRV = struct.Struct("!3H")  # priority, weight, port
_RESPONSE, _RECURSION_DESIRED, _CODE = 0x8000, 0x0100, 0x000F
_IN = 1
_POINTER = 0xC0
_RECORDS_MAX = 64
_POINTERS_MAX = 16
A, SRV = 1, 33
NO_ERROR, NO_SUCH_NAME = 0, 3


class NotAnAnswer(Exception):
    """The datagram does not answer the question."""


@dataclass(frozen=True)
class Address:
    """An A record."""

    ttl_s: int
    address: IPv4Address


@dataclass(frozen=True)
class Service:
    """An SRV record."""

    ttl_s: int
    priority: int
    weight: int
    port: int
    target: str


@dataclass(frozen=True)
class Answer:
    """What a name server said."""

    code: int
    addresses: tuple[Address, ...] = ()
    services: tuple[Service, ...] = ()


def question(identifier: int, name: str, kind: int) -> bytes:
    """One question. name: labels of at most 63 bytes, as the settings see to."""
    labels = b"".join(bytes([len(label)]) + label.encode("ascii") for label in name.split("."))
    return _HEADER.pack(identifier, _RECURSION_DESIRED, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", kind, _IN)


def answer(data: bytes, asked: bytes) -> Answer:
    """The answer to a question, as far as its records are whole. Raises NotAnAnswer.

    Compared are identifier and question, as RFC 5452, 9.1 asks for; address and port are the socket's affair.
    """
    if len(data) < len(asked):
        raise NotAnAnswer
    identifier, flags, questions, count, *_ = _HEADER.unpack_from(data)
    end = len(asked)
    if identifier != _HEADER.unpack_from(asked)[0] or not flags & _RESPONSE or questions != 1:
        raise NotAnAnswer
    if data[_HEADER.size : end].lower() != asked[_HEADER.size :].lower():
        raise NotAnAnswer
    addresses: list[Address] = []
    services: list[Service] = []
    at = end
    try:
        for _ in range(min(count, _RECORDS_MAX)):
            _name, at = _name_at(data, at)
            kind, group, ttl, length = _RECORD.unpack_from(data, at)
            at += _RECORD.size
            body = data[at : at + length]
            if len(body) < length:
                break
            if (kind, group, length) == (A, _IN, 4):
                addresses.append(Address(ttl, IPv4Address(body)))
            elif (kind, group) == (SRV, _IN):
                priority, weight, port = _SRV.unpack_from(body)
                services.append(Service(ttl, priority, weight, port, _name_at(data, at + _SRV.size)[0]))
            at += length
    except (IndexError, struct.error, UnicodeDecodeError):
        pass  # cut short, or garbage: what came before it counts
    return Answer(flags & _CODE, tuple(addresses), tuple(services))


def _name_at(data: bytes, at: int) -> tuple[str, int]:
    """The name that begins here, in lower case, and where what follows it begins. Raises IndexError, UnicodeDecodeError."""
    labels: list[str] = []
    after: int | None = None
    pointers = 0
    while length := data[at]:
        if length >= _POINTER:
            after = at + 2 if after is None else after
            pointers += 1
            if pointers > _POINTERS_MAX:
                raise IndexError("pointers without end")
            at = (length & 0x3F) << 8 | data[at + 1]
            continue
        label = data[at + 1 : at + 1 + length]
        labels.append(label.decode("ascii").lower())
        at += 1 + length
    return ".".join(labels), at + 1 if after is None else after
