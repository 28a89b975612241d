"""How long a text is as SMS: its alphabet and its number of parts. Pure; the modem's codec cuts by the same rule.

3GPP TS 23.038, 6.2.1 (default alphabet) and TS 23.040, 9.2.3.24.1 (concatenation, 8-bit reference).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

GSM7_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_ESCAPED = frozenset("\f^{}\\[~]|€")  # two septets: escape and letter


class Encoding(StrEnum):
    """Alphabet of a message."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


# Units (septets, or 16-bit code units) in a message alone, and in each part of a long one.
ALONE = {Encoding.GSM7: 160, Encoding.UCS2: 70}
PART = {Encoding.GSM7: 153, Encoding.UCS2: 67}


@dataclass(frozen=True)
class SmsLength:
    """Length of a text: units are septets (gsm7) or 16-bit code units (ucs2)."""

    encoding: Encoding
    units: int
    segments: int


def measure(text: str) -> SmsLength:
    """Alphabet, units and parts of a text. The empty text is one part, as it is on the air."""
    encoding = encoding_of(text)
    widths = [_width(letter, encoding) for letter in text]
    units = sum(widths)
    segments = 1 if units <= ALONE[encoding] else _parts(widths, PART[encoding])
    return SmsLength(encoding, units, segments)


def encoding_of(text: str) -> Encoding:
    """GSM7 when every letter is in the default alphabet or its extension, else UCS2."""
    return Encoding.GSM7 if all(letter in GSM7_BASIC or letter in GSM7_ESCAPED for letter in text) else Encoding.UCS2


def foreign_letters(text: str) -> str:
    """The letters that force UCS2, each once, in order."""
    return "".join(dict.fromkeys(x for x in text if x not in GSM7_BASIC and x not in GSM7_ESCAPED))


def _width(letter: str, encoding: Encoding) -> int:
    if encoding is Encoding.UCS2:
        return 2 if ord(letter) > 0xFFFF else 1
    return 2 if letter in GSM7_ESCAPED else 1


def _parts(widths: Iterable[int], room: int) -> int:
    """Pack letters in order; a letter of two units is never cut, so a part may stay one unit short."""
    parts, used = 1, 0
    for width in widths:
        if used + width > room:
            parts, used = parts + 1, 0
        used += width
    return parts
