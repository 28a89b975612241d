"""What a person typed on a phone, as words that can be compared. Pure."""

from __future__ import annotations

import re
import unicodedata

LOOKED_AT = 200  # characters; whoever writes more writes to a person


def spoken_words(text: str) -> list[str]:
    """Lower-case words without accents; punctuation, symbols and spaces only separate."""
    folded = unicodedata.normalize("NFKD", text[:LOOKED_AT].casefold())
    letters = "".join(letter for letter in folded if not unicodedata.category(letter).startswith("M"))
    return re.findall(r"[^\W_]+", letters)
