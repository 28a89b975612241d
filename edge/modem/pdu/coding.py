"""TP-DCS, the data coding scheme: how the text of a message is written, and what kind it is (3GPP TS 23.038, 4). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

COMPRESSED = 0x20


class Alphabet(StrEnum):
    """What the octets of a message are."""

    GSM7 = "gsm7"
    DATA = "data"
    UCS2 = "ucs2"


@dataclass(frozen=True)
class Coding:
    """waiting: it tells of voice mail, fax or mail waiting. The class is nobody's business here: a flash is a message, too."""

    alphabet: Alphabet
    compressed: bool = False
    waiting: bool = False


def read(value: int) -> Coding:
    """Any value has a meaning: a reserved one is the default alphabet (TS 23.038, 4)."""
    if value < 0x80:  # general, and marked for automatic deletion
        alphabet = (Alphabet.GSM7, Alphabet.DATA, Alphabet.UCS2, Alphabet.GSM7)[value >> 2 & 0x03]
        return Coding(alphabet, bool(value & COMPRESSED))
    match value >> 4:
        case 0xC | 0xD:
            return Coding(Alphabet.GSM7, waiting=True)
        case 0xE:
            return Coding(Alphabet.UCS2, waiting=True)
        case 0xF:
            return Coding(Alphabet.DATA if value & 0x04 else Alphabet.GSM7)
    return Coding(Alphabet.GSM7)
