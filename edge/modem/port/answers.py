"""What the information lines of AT commands mean (3GPP TS 27.005, 27.007). Pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

C = TypeVar("C")

STORED_NOTICE = re.compile(r'\+(?:CMTI|CDSI): ?"([A-Z]{2})", ?(\d+)')
LATIN_IN_HEX = re.compile(r"(?:00[0-9A-Fa-f]{2})+$")
# Storages that may hold what came in; MT is ME and SM together, BM holds broadcasts.
READABLE = ("ME", "SM", "SR")


@dataclass(frozen=True)
class Stored:
    """One entry of a storage. intact: the PDU is as long as the modem said."""

    place: int
    pdu: str
    intact: bool


def stored_notice(line: str) -> tuple[str, int] | None:
    """Storage and place out of +CMTI and +CDSI."""
    found = STORED_NOTICE.match(line)
    return (found[1], int(found[2])) if found else None


def parse_list(lines: Sequence[str]) -> list[Stored]:
    """Entries out of the answer to AT+CMGL in PDU mode: a header line, then the PDU."""
    entries = []
    for header, pdu in itertools.pairwise(lines):
        place = re.match(r"\+CMGL: ?(\d+),", header)
        if place:
            entries.append(Stored(int(place[1]), pdu, _intact(header, pdu)))
    return entries


def parse_one(place: int, lines: Sequence[str]) -> Stored | None:
    """The entry out of the answer to AT+CMGR in PDU mode; None when the place is empty."""
    if len(lines) < 2 or not lines[0].startswith("+CMGR:"):
        return None
    return Stored(place, lines[1], _intact(lines[0], lines[1]))


def _intact(header: str, pdu: str) -> bool:
    length = re.search(r",(\d+)$", header)
    try:
        octets = bytes.fromhex(pdu)
    except ValueError:
        return False
    return bool(octets) and (length is None or len(octets) - 1 - octets[0] == int(length[1]))


def storages(lines: Sequence[str]) -> list[frozenset[str]]:
    """The storages for each of <mem1>, <mem2>, <mem3> out of the answer to AT+CPMS=?."""
    groups = re.findall(r"\(([^)]*)\)", " ".join(lines))
    return [frozenset(re.findall(r'"([A-Z]{2})"', group)) for group in groups]


def receiving_capacity(lines: Sequence[str]) -> int | None:
    """How many places <mem3>, where what comes is stored, has; out of the answer to AT+CPMS?."""
    found = re.findall(r'"[A-Z]{2}", ?\d+, ?(\d+)', " ".join(lines))
    return int(found[-1]) if found else None


def capacity(lines: Sequence[str]) -> int | None:
    """How many places <mem1> has, out of the answer to AT+CPMS=..."""
    found = re.search(r"\+CPMS: ?\d+,(\d+)", " ".join(lines))
    return int(found[1]) if found else None


def readable(text: str) -> str:
    """Text as it is meant: it comes in hex digits while a USSD dialogue has the character set at UCS2."""
    return bytes.fromhex(text).decode("utf-16-be") if LATIN_IN_HEX.match(text) else text


def cause_in(text: str, words: Iterable[tuple[str, C]], values: Mapping[int, C]) -> C | None:
    """Why a call or a bearer ended, as AT+CEER says it (TS 27.007, 6.10): makers write words, a value, or both.

    words are patterns; the first that is found counts, then the last number.
    """
    for pattern, cause in words:
        if re.search(pattern, text, re.IGNORECASE):
            return cause
    numbers = re.findall(r"\b\d{1,3}\b", text)
    return values.get(int(numbers[-1])) if numbers else None


def plain(lines: Sequence[str]) -> str | None:
    """The text out of AT+CGMI and the like, which some modems open with the command's name."""
    text = re.sub(r"^\+[A-Z]+: ?", "", lines[0]).strip('" ') if lines else ""
    return text or None


def imsi(lines: Sequence[str]) -> str | None:
    """The SIM's IMSI (TS 23.003, 2.2) out of the answer to AT+CIMI."""
    found = re.search(r"\b\d{14,15}\b", " ".join(lines))
    return found[0] if found else None
