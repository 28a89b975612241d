"""Where a text may be cut so that what a reader takes for one character stays whole. Pure.

The part of Unicode's grapheme clusters (UAX 29) that short messages meet: accents set on letters, emoji put together
with joiners, skin tones, flags.
"""

from __future__ import annotations

import unicodedata

ZERO_WIDTH_JOINER = "\u200d"


def may_be_cut(text: str, place: int) -> bool:
    """Whether a cut before text[place] parts two characters; place is inside the text."""
    before, after = text[place - 1], text[place]
    if before == ZERO_WIDTH_JOINER or _clings(after):
        return False
    if _is_flag_half(before) and _is_flag_half(after):
        halves = 0
        while halves < place and _is_flag_half(text[place - 1 - halves]):
            halves += 1
        return halves % 2 == 0
    return True


def _clings(letter: str) -> bool:
    """Accents, variation selectors, joiners, skin tones, the letters of a regional flag's tag."""
    if letter == ZERO_WIDTH_JOINER or unicodedata.category(letter) in ("Mn", "Mc", "Me"):
        return True
    return 0x1F3FB <= ord(letter) <= 0x1F3FF or 0xE0020 <= ord(letter) <= 0xE007F


def _is_flag_half(letter: str) -> bool:
    return 0x1F1E6 <= ord(letter) <= 0x1F1FF
