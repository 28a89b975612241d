"""How a text becomes the parts of a message: the alphabet it needs, and where it may be cut. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from edge.modem import gsm0338

# 140 octets of user data, less 6 of header (8-bit concatenation) in each part of a long message (TS 23.040, 9.2.3.24.1).
GSM7_SINGLE, GSM7_PART = 160, 153  # septets
UCS2_SINGLE, UCS2_PART = 70, 67  # 16-bit units
PARTS_MAX = 255  # the header counts parts in one octet


class Encoding(StrEnum):
    """The alphabet of a message; all its parts have the same one."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


class TooManyParts(Exception):
    """The text needs more parts than a long message can have."""

    def __init__(self, parts: int) -> None:
        super().__init__(f"{parts} parts, {PARTS_MAX} at most")
        self.parts = parts


@dataclass(frozen=True)
class Split:
    """A text cut into parts, in order."""

    encoding: Encoding
    parts: tuple[str, ...]


def split(text: str) -> Split:
    """Cut a text; GSM-7 whenever every character fits. Never cuts an escape or a surrogate pair. Raises TooManyParts."""
    if gsm0338.fits(text):
        encoding, parts = Encoding.GSM7, _cut(text, gsm0338.width, GSM7_SINGLE, GSM7_PART)
    else:
        encoding, parts = Encoding.UCS2, _cut(text, _utf16_units, UCS2_SINGLE, UCS2_PART)
    if len(parts) > PARTS_MAX:
        raise TooManyParts(len(parts))
    return Split(encoding, parts)


def _utf16_units(letter: str) -> int:
    return 2 if ord(letter) > 0xFFFF else 1


def _cut(text: str, width: Callable[[str], int], single: int, part: int) -> tuple[str, ...]:
    widths = [width(letter) for letter in text]
    if sum(widths) <= single:
        return (text,)
    parts = []
    start = used = 0
    for place, units in enumerate(widths):
        if used + units > part:
            parts.append(text[start:place])
            start, used = place, 0
        used += units
    parts.append(text[start:])
    return tuple(parts)
