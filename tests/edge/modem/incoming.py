"""DELIVER PDUs put together octet by octet, to be as wrong as the world's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hil.rig.virtual.modem import tpdu

STAMP = bytes.fromhex("62112221436580")
PERSON = bytes.fromhex("0B913316325476F8")  # +33612345678


def concatenation(reference: int, total: int, number: int, *, wide: bool = False) -> bytes:
    """The information element of a part."""
    if wide:
        return bytes([8, 4, reference >> 8, reference & 0xFF, total, number])
    return bytes([0, 3, reference, total, number])


def deliver(
    data: bytes,
    *,
    elements: Sequence[bytes] = (),
    dcs: int = 0x08,
    pid: int = 0,
    length: int | None = None,
    sender: bytes = PERSON,
    stamp: bytes = STAMP,
    smsc: bytes = b"\0",
    first: int = 0x04,
) -> str:
    """Hex of a DELIVER whose user data are octets (UCS-2 or data), behind these information elements."""
    header = b"".join(elements)
    header = bytes([len(header)]) + header if elements else b""
    flags = first | (0x40 if elements else 0)
    size = len(header) + len(data) if length is None else length
    return (smsc + bytes([flags]) + sender + bytes([pid, dcs]) + stamp + bytes([size]) + header + data).hex()


def deliver_septets(
    septets: bytes, *, elements: Sequence[bytes] = (), dcs: int = 0x00, length: int | None = None
) -> str:
    """The same for septets, packed by a string of bits."""
    size = sum(len(element) for element in elements) + 1 if elements else 0
    start = -(-size * 8 // 7)
    bits = "0" * (start * 7 - size * 8) + "".join(f"{septet:07b}"[::-1] for septet in septets)
    bits = bits.ljust(-(-len(bits) // 8) * 8, "0")
    data = bytes(int(bits[place : place + 8][::-1], 2) for place in range(0, len(bits), 8))
    total = start + len(septets) if length is None else length
    return deliver(data, elements=elements, dcs=dcs, length=total)


def stamp(moment: datetime) -> bytes:
    """TP-SCTS."""
    return bytes(tpdu.timestamp(moment))


def sender(number: str) -> bytes:
    """TP-OA of an international number."""
    digits = number.removeprefix("+")
    padded = digits + "F" * (len(digits) % 2)
    return bytes([len(digits), 0x91]) + bytes.fromhex(
        "".join(b + a for a, b in zip(padded[::2], padded[1::2], strict=True))
    )
