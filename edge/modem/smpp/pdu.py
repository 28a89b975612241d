"""PDUs of SMPP 3.4 (Issue 1.2), those that a sender of SMS gives and gets. Pure: octets in, octets out."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

HEADER = struct.Struct(">IIII")
TLV = struct.Struct(">HH")
PDU_MAX = 65_536  # octets; a message_payload alone may take 64 K, nothing else comes near
RESPONSE = 0x8000_0000
SEQUENCE_MAX = 0x7FFF_FFFF  # 3.2, "sequence_number"
INTERFACE_3_4 = 0x34


class Command(IntEnum):
    """command_id (5.1.2.1)."""

    GENERIC_NACK = 0x8000_0000
    BIND_TRANSCEIVER = 0x09
    BIND_TRANSCEIVER_RESP = 0x8000_0009
    SUBMIT_SM = 0x04
    SUBMIT_SM_RESP = 0x8000_0004
    DELIVER_SM = 0x05
    DELIVER_SM_RESP = 0x8000_0005
    UNBIND = 0x06
    UNBIND_RESP = 0x8000_0006
    ENQUIRE_LINK = 0x15
    ENQUIRE_LINK_RESP = 0x8000_0015


class Tag(IntEnum):
    """Optional parameters (5.3.2)."""

    RECEIPTED_MESSAGE_ID = 0x001E
    USER_MESSAGE_REFERENCE = 0x0204
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427


class Malformed(Exception):
    """Octets that are no PDU, or a body that ends too soon."""


@dataclass(frozen=True)
class Pdu:
    """One PDU; command is a number, for peers send what no specification has."""

    command: int
    sequence: int
    body: bytes = b""
    status: int = 0

    def encode(self) -> bytes:
        """As it goes on the wire."""
        return HEADER.pack(HEADER.size + len(self.body), self.command, self.status, self.sequence) + self.body

    def answer(self, body: bytes = b"", status: int = 0) -> Pdu:
        """The response to this request."""
        return Pdu(self.command | RESPONSE, self.sequence, body, status)


class Stream:
    """Cuts what a peer sends into PDUs, whatever pieces it comes in."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, octets: bytes) -> Iterator[Pdu]:
        """Take what was read; give each PDU that became whole. Raises Malformed: nothing after it can be trusted."""
        self._pending += octets
        while len(self._pending) >= HEADER.size:
            length, command, status, sequence = HEADER.unpack_from(self._pending)
            if not HEADER.size <= length <= PDU_MAX:
                raise Malformed(f"a PDU of {length} octets")
            if len(self._pending) < length:
                return
            body = bytes(self._pending[HEADER.size : length])
            del self._pending[:length]
            yield Pdu(command, sequence, body, status)


@dataclass(frozen=True)
class Address:
    """A phone or a sender, with its type and plan of numbers (5.2.5, 5.2.6)."""

    ton: int
    npi: int
    digits: str


@dataclass(frozen=True)
class Message:
    """The body that submit_sm (4.4.1) and deliver_sm (4.6.1) share."""

    source: Address
    destination: Address
    esm_class: int = 0
    validity: str = ""
    registered_delivery: int = 0
    data_coding: int = 0
    short_message: bytes = b""
    tlvs: dict[int, bytes] = field(default_factory=dict)
    service_type: str = ""
    protocol_id: int = 0
    priority: int = 0
    schedule: str = ""
    replace: int = 0
    default_message: int = 0

    def encode(self) -> bytes:
        """As a body. Raises ValueError for more than 254 octets of short_message."""
        if len(self.short_message) > 254:
            raise ValueError(f"{len(self.short_message)} octets of short_message, 254 at most")
        return b"".join(
            (
                c_string(self.service_type),
                _address(self.source),
                _address(self.destination),
                bytes([self.esm_class, self.protocol_id, self.priority]),
                c_string(self.schedule),
                c_string(self.validity),
                bytes([self.registered_delivery, self.replace, self.data_coding, self.default_message]),
                bytes([len(self.short_message)]),
                self.short_message,
                *(TLV.pack(tag, len(value)) + value for tag, value in self.tlvs.items()),
            )
        )


def decode_message(body: bytes) -> Message:
    """Read the body of a submit_sm or deliver_sm. Raises Malformed."""
    reader = _Reader(body)
    service_type = reader.c_string()
    source, destination = reader.address(), reader.address()
    esm_class, protocol_id, priority = reader.octet(), reader.octet(), reader.octet()
    schedule, validity = reader.c_string(), reader.c_string()
    registered, replace, coding, default = reader.octet(), reader.octet(), reader.octet(), reader.octet()
    short_message = reader.octets(reader.octet())
    return Message(
        source=source,
        destination=destination,
        esm_class=esm_class,
        validity=validity,
        registered_delivery=registered,
        data_coding=coding,
        short_message=short_message,
        tlvs=reader.tlvs(),
        service_type=service_type,
        protocol_id=protocol_id,
        priority=priority,
        schedule=schedule,
        replace=replace,
        default_message=default,
    )


def bind(account: str, password: str) -> bytes:
    """The body of a bind_transceiver (4.1.5): sends and gets receipts on one connection, for any address."""
    return c_string(account) + c_string(password) + c_string("") + bytes([INTERFACE_3_4, 0, 0]) + c_string("")


def message_id(body: bytes) -> str | None:
    """The id in a submit_sm_resp (4.4.2); None where a gateway gives none. Raises Malformed."""
    return (_Reader(body).c_string() or None) if body else None


def c_string(text: str) -> bytes:
    """A C-octet string. What ASCII does not have becomes a question mark; a NUL would end it early."""
    return text.replace("\0", "?").encode("ascii", errors="replace") + b"\0"


def _address(address: Address) -> bytes:
    return bytes([address.ton, address.npi]) + c_string(address.digits)


class _Reader:
    """Takes a body apart from its beginning."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def octets(self, count: int) -> bytes:
        taken = self._body[self._at : self._at + count]
        if len(taken) < count:
            raise Malformed(f"the body ends after {len(self._body)} octets")
        self._at += count
        return taken

    def octet(self) -> int:
        return self.octets(1)[0]

    def c_string(self) -> str:
        end = self._body.find(b"\0", self._at)
        if end < 0:
            raise Malformed("a text without an end")
        taken = self._body[self._at : end]
        self._at = end + 1
        return taken.decode("latin-1")

    def address(self) -> Address:
        return Address(self.octet(), self.octet(), self.c_string())

    def tlvs(self) -> dict[int, bytes]:
        found = {}
        while self._at < len(self._body):
            tag, length = TLV.unpack(self.octets(TLV.size))
            found[tag] = self.octets(length)
        return found
