"""The GSM 7-bit default alphabet and its extension (3GPP TS 23.038, 6.2.1): which letters there are, and how wide. Pure."""

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

SEPTETS: dict[str, bytes] = {letter: bytes([septet]) for septet, letter in enumerate(ALPHABET) if septet != ESCAPE} | {
    letter: bytes([ESCAPE, septet]) for septet, letter in EXTENSION.items()
}


def fits(text: str) -> bool:
    """Whether every character is in the alphabet or its extension."""
    return all(letter in SEPTETS for letter in text)


def width(letter: str) -> int:
    """How many septets a character takes: 1, or 2 in the extension. Raises KeyError for any other."""
    return len(SEPTETS[letter])
