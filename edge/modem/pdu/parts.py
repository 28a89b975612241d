"""How a text becomes the parts of a message. Pure; edge.shared.sms_length says where it is cut."""

from __future__ import annotations

import re
from dataclasses import dataclass

from edge.shared.sms_length import Encoding, cut

UNSENDABLE = re.compile("[\0\ud800-\udfff]")
PARTS_MAX = 255  # the header counts parts in one octet


class UnsendableCharacter(Exception):
    """NUL, at which phones end a text, or half a surrogate pair, which is no character."""

    def __init__(self, character: str, place: int) -> None:
        super().__init__(f"U+{ord(character):04X} at {place}")
        self.code = f"U+{ord(character):04X}"
        self.place = place


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
    """Cut a text. Raises UnsendableCharacter, TooManyParts."""
    bad = UNSENDABLE.search(text)
    if bad:
        raise UnsendableCharacter(bad[0], bad.start() + 1)
    encoding, parts = cut(text)
    if len(parts) > PARTS_MAX:
        raise TooManyParts(len(parts))
    return Split(encoding, parts)
