"""The text of a message as it came, and what it reads as. Pure.

Parts are put together before they are read: careless senders cut through an escape or a surrogate pair, and either
half alone is garbage.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

from edge.modem.pdu import gsm0338
from edge.modem.pdu.coding import Alphabet
from edge.modem.pdu.national import DEFAULT

BYTE_ORDER_MARK = "\ufeff"
REPLACEMENT_UNIT = b"\xff\xfd"


@dataclass(frozen=True)
class Writing:
    """How it is written: the alphabet, and the national languages of its tables."""

    alphabet: Alphabet
    locking: int = DEFAULT
    single: int = DEFAULT


@dataclass(frozen=True)
class Body:
    """octets: one septet each (gsm7), UTF-16 big endian (ucs2), or any (data)."""

    writing: Writing
    octets: bytes


def text_of(bodies: Iterable[Body]) -> str:
    """What the parts of one text, in order, read as. Nothing raises: what means nothing is U+FFFD."""
    runs = itertools.groupby(bodies, key=lambda body: body.writing)
    return "".join(_read(writing, [body.octets for body in run]) for writing, run in runs)


def _read(writing: Writing, pieces: list[bytes]) -> str:
    match writing.alphabet:
        case Alphabet.GSM7:
            return gsm0338.decode(b"".join(pieces), writing.locking, writing.single)
        case Alphabet.UCS2:
            whole = b"".join(piece[:-1] + REPLACEMENT_UNIT if len(piece) % 2 else piece for piece in pieces)
            return whole.decode("utf-16-be", errors="replace").removeprefix(BYTE_ORDER_MARK)
        case Alphabet.DATA:
            return b"".join(pieces).decode("ascii", errors="replace")
