"""Text in septets of the GSM 7-bit alphabet (3GPP TS 23.038, 6.2.1), and septets in octets (6.1.2.1)."""

from __future__ import annotations

from edge.shared.gsm7 import ALPHABET, ESCAPE, EXTENSION, SEPTETS


def encode(text: str) -> bytes:
    """One septet per byte. Raises KeyError for a character outside the alphabet."""
    return b"".join(SEPTETS[letter] for letter in text)


def decode(septets: bytes) -> str:
    """Read septets; an unknown extension shows the character of the main table (TS 23.038, 6.2.1.1, note)."""
    letters = []
    escaped = False
    for septet in septets:
        if escaped:
            letters.append(EXTENSION.get(septet) or (" " if septet == ESCAPE else ALPHABET[septet & 0x7F]))
            escaped = False
        elif septet == ESCAPE:
            escaped = True
        else:
            letters.append(ALPHABET[septet & 0x7F])
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
