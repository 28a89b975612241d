"""The GSM 7-bit default alphabet and its extension (3GPP TS 23.038, 6.2.1), and septets in octets (6.1.2.1)."""

from __future__ import annotations

ESCAPE = 0x1B

# The character at place n has the septet n. Place 0x1B is the escape itself, which no text may use.
ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}

_SEPTETS: dict[str, bytes] = {letter: bytes([septet]) for septet, letter in enumerate(ALPHABET) if septet != ESCAPE} | {
    letter: bytes([ESCAPE, septet]) for septet, letter in EXTENSION.items()
}


def fits(text: str) -> bool:
    """Whether every character is in the alphabet or its extension."""
    return all(letter in _SEPTETS for letter in text)


def width(letter: str) -> int:
    """How many septets a character takes: 1, or 2 in the extension. Raises KeyError for any other."""
    return len(_SEPTETS[letter])


def encode(text: str) -> bytes:
    """One septet per byte. Raises KeyError for a character outside the alphabet."""
    return b"".join(_SEPTETS[letter] for letter in text)


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
