"""Text in septets of the GSM 7-bit alphabet (3GPP TS 23.038, 6.2.1), and septets in octets (6.1.2.1)."""

from __future__ import annotations

from edge.modem.pdu import national
from edge.modem.pdu.national import DEFAULT, REPLACEMENT
from edge.shared.gsm7 import ESCAPE, SEPTETS


def encode(text: str) -> bytes:
    """One septet per byte. Raises KeyError for a character outside the alphabet."""
    return b"".join(SEPTETS[letter] for letter in text)


def decode(septets: bytes, locking: int = DEFAULT, single: int = DEFAULT) -> str:
    """Read septets, one in each octet, by the tables of these national languages. What is no septet is U+FFFD.

    An unknown extension shows the character of the main table (TS 23.038, 6.2.1.1, note); an escape of an escape, and
    one at the end, are a space.
    """
    main, extension = national.locking(locking), national.single(single)
    letters = []
    escaped = False
    for septet in septets:
        if septet == ESCAPE and not escaped:
            escaped = True
        elif escaped:
            letters.append(" " if septet == ESCAPE else extension.get(septet) or main.get(septet, REPLACEMENT))
            escaped = False
        else:
            letters.append(main.get(septet, REPLACEMENT))
    return "".join(letters) + (" " if escaped else "")


def pack(septets: bytes, fill_bits: int = 0) -> bytes:
    """Put septets into octets, low bits first, after fill_bits zero bits (they follow a user data header)."""
    octets = bytearray()
    pending = 0
    bits = fill_bits
    for septet in septets:
        pending |= septet << bits
        bits += 7
        while bits >= 8:
            octets.append(pending & 0xFF)
            pending >>= 8
            bits -= 8
    if bits:
        octets.append(pending & 0xFF)
    return bytes(octets)


def unpack(octets: bytes, count: int, fill_bits: int = 0) -> bytes:
    """Take count septets out of octets; fewer when the octets end before."""
    septets = bytearray()
    pending = 0
    bits = -fill_bits
    for octet in octets:
        if bits < 0:
            pending = octet >> fill_bits
            bits += 8
        else:
            pending |= octet << bits
            bits += 8
        while bits >= 7 and len(septets) < count:
            septets.append(pending & 0x7F)
            pending >>= 7
            bits -= 7
    return bytes(septets)
