"""How a text becomes the parts of a message. Pure; edge.shared.sms_length says where it is cut."""

from __future__ import annotations

from dataclasses import dataclass

from edge.shared.sms_length import Encoding, cut

PARTS_MAX = 255  # the header counts parts in one octet


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
    """Cut a text. Raises TooManyParts."""
    encoding, parts = cut(text)
    if len(parts) > PARTS_MAX:
        raise TooManyParts(len(parts))
    return Split(encoding, parts)
