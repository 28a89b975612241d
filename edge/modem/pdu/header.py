"""The user data header: what stands before the text of a message (3GPP TS 23.040, 9.2.3.24). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge.modem.pdu.national import DEFAULT

# Information element identifiers.
CONCATENATION_8_BIT, CONCATENATION_16_BIT = 0x00, 0x08
SPECIAL_MESSAGE, ENHANCED_VOICE_MAIL = 0x01, 0x23  # voice mail, fax or mail waits
PORTS_8_BIT, PORTS_16_BIT = 0x04, 0x05
SINGLE_SHIFT, LOCKING_SHIFT = 0x24, 0x25


@dataclass(frozen=True)
class Concatenation:
    """Which part of which long message (9.2.3.24.1, 9.2.3.24.8). wide: the reference has 16 bits."""

    reference: int
    total: int
    number: int
    wide: bool = False


@dataclass(frozen=True)
class Header:
    """size: octets, its length octet included. to_program: addressed to a port, so to a program and not to a person."""

    size: int = 0
    concatenation: Concatenation | None = None
    to_program: bool = False
    waiting: bool = False
    locking: int = DEFAULT
    single: int = DEFAULT


def write(concatenation: Concatenation | None) -> bytes:
    """The header of one part; 16-bit only where it is asked for or needed."""
    if concatenation is None:
        return b""
    reference = concatenation.reference
    if concatenation.wide or reference > 0xFF:
        element = bytes([CONCATENATION_16_BIT, 4, reference >> 8, reference & 0xFF])
    else:
        element = bytes([CONCATENATION_8_BIT, 3, reference])
    element += bytes([concatenation.total, concatenation.number])
    return bytes([len(element)]) + element


def read(user_data: bytes) -> Header:
    """Read the header that user data begins with. Raises ValueError when it is longer than they are.

    A header whose last element does not end with it is void; where an element is repeated the last one counts.
    """
    size = user_data[0] + 1 if user_data else 1
    if size > len(user_data):
        raise ValueError(f"a header of {size} octets in {len(user_data)} of user data")
    try:
        elements = dict(_elements(user_data[1:size]))
    except ValueError:
        return Header(size)
    concatenation = None
    for element, data in elements.items():
        concatenation = _concatenation(element, data) or concatenation
    return Header(
        size,
        concatenation,
        to_program=not elements.keys().isdisjoint({PORTS_8_BIT, PORTS_16_BIT}),
        waiting=not elements.keys().isdisjoint({SPECIAL_MESSAGE, ENHANCED_VOICE_MAIL}),
        locking=_language(elements.get(LOCKING_SHIFT)),
        single=_language(elements.get(SINGLE_SHIFT)),
    )


def _elements(octets: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place < len(octets):
        if place + 2 > len(octets) or place + 2 + octets[place + 1] > len(octets):
            raise ValueError(f"the element at {place} ends after the header")
        end = place + 2 + octets[place + 1]
        yield octets[place], octets[place + 2 : end]
        place = end


def _concatenation(element: int, data: bytes) -> Concatenation | None:
    if (element, len(data)) == (CONCATENATION_8_BIT, 3):
        found = Concatenation(data[0], data[1], data[2])
    elif (element, len(data)) == (CONCATENATION_16_BIT, 4):
        found = Concatenation(data[0] << 8 | data[1], data[2], data[3], wide=True)
    else:
        return None
    return found if 1 <= found.number <= found.total else None  # else void (9.2.3.24.1)


def _language(data: bytes | None) -> int:
    return data[0] if data is not None and len(data) == 1 else DEFAULT
