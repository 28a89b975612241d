"""How long a text is as SMS: its alphabet, and where it is cut. Pure; the preview counts the very parts the modem sends.

3GPP TS 23.038, 6.2.1 (default alphabet) and TS 23.040, 9.2.3.24.1 (concatenation).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from edge.shared import gsm7
from edge.shared.clusters import may_be_cut


class Encoding(StrEnum):
    """Alphabet of a message; all its parts have the same one."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


# 140 octets of user data, less 6 of header in each part of a long message: septets (gsm7), or 16-bit code units (ucs2).
ALONE = {Encoding.GSM7: 160, Encoding.UCS2: 70}
PART = {Encoding.GSM7: 153, Encoding.UCS2: 67}
PART_WIDE = {Encoding.GSM7: 152, Encoding.UCS2: 66}  # behind a reference of 16 bits


@dataclass(frozen=True)
class SmsLength:
    """Length of a text: units are septets (gsm7) or 16-bit code units (ucs2)."""

    encoding: Encoding
    units: int
    segments: int


def measure(text: str) -> SmsLength:
    """Alphabet, units and parts of a text. The empty text is one part, as it is on the air."""
    encoding, parts = cut(text)
    return SmsLength(encoding, sum(_widths(text, encoding)), len(parts))


def cut(text: str, room: Mapping[Encoding, int] = PART) -> tuple[Encoding, tuple[str, ...]]:
    """The parts of a text, in order; GSM-7 whenever every character fits.

    Never cuts an escape or a surrogate pair; a letter with its accents, or an emoji put together of several, only where
    keeping it whole would cost a part more.
    """
    encoding = Encoding.GSM7 if gsm7.fits(text) else Encoding.UCS2
    widths = _widths(text, encoding)
    if sum(widths) <= ALONE[encoding]:
        return encoding, (text,)
    parts = _pack(text, widths, room[encoding])
    if encoding is Encoding.UCS2:
        whole = _pack(text, widths, room[encoding], keep_clusters=True)
        parts = whole if len(whole) == len(parts) else parts
    return encoding, parts


def _widths(text: str, encoding: Encoding) -> list[int]:
    width = gsm7.width if encoding is Encoding.GSM7 else _utf16_units
    return [width(letter) for letter in text]


def _utf16_units(letter: str) -> int:
    return 2 if ord(letter) > 0xFFFF else 1


def _pack(text: str, widths: Sequence[int], room: int, *, keep_clusters: bool = False) -> tuple[str, ...]:
    """Fill parts in order; a letter of two units is never cut, so a part may stay one unit short."""
    parts = []
    start = used = 0
    for place, units in enumerate(widths):
        if used + units > room:
            end = _cluster_begin(text, start, place) if keep_clusters else place
            parts.append(text[start:end])
            start, used = end, sum(widths[end:place])
        used += units
    parts.append(text[start:])
    return tuple(parts)


def _cluster_begin(text: str, start: int, place: int) -> int:
    """The nearest place to cut, at or before this one, in the part that begins at start; this one when there is none."""
    for end in range(place, start, -1):
        if may_be_cut(text, end):
            return end
    return place
