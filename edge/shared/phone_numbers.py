"""Phone numbers as people write them, made E.164. Pure. Numbering plans: ITU-T E.164, ARCEP decision 2018-0881.

An own table rather than the phonenumbers library: that one refuses the 14-digit numbers of M2M SIMs and most short numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

# Never in a list: a scenario must not ring or write to the emergency services.
EMERGENCY = frozenset({"15", "17", "18", "112", "114", "115", "119", "116000", "191", "196", "3114"})

# National prefixes of the French plan whose country code is not 33 (decision 2018-0881).
OVERSEAS = {
    "0639": "262", "0269": "262", "0262": "262", "0263": "262", "0692": "262", "0693": "262", "0976": "262",
    "0590": "590", "0690": "590", "0691": "590",
    "0594": "594", "0694": "594",
    "0596": "596", "0696": "596", "0697": "596",
}  # fmt: skip
FICTION = "063998"  # kept for films, manuals and rigs (ARCEP): nobody's overseas either
FRENCH_CODES = frozenset({"33", "262", "590", "594", "596"})
M2M = re.compile(r"0700\d{10}")  # 14 digits: SIMs of machines (decision 2018-0881)

SCIENTIFIC = re.compile(r"\d([.,]\d+)?E\+?\d+", re.IGNORECASE)
WRITTEN = re.compile(r"\(?\+?[0-9\s.\-_/()\u2010-\u2015]+")  # digits and what people put between them


class Refusal(StrEnum):
    """Why a number is of no use here."""

    EMPTY = "empty"
    EMERGENCY = "emergency"
    SHORT = "short"  # a service, not a person: billed, and nobody reads it
    LETTERS = "letters"
    SPREADSHEET = "spreadsheet"  # 6.12E+08: the last digits are gone
    LENGTH = "length"


class NumberKind(StrEnum):
    """What a number can do."""

    SMS = "sms"
    FIXED = "fixed"  # no SMS reaches it


@dataclass(frozen=True)
class Number:
    """A usable number in E.164 form, with its plus."""

    e164: str
    kind: NumberKind


@dataclass(frozen=True)
class NumberRefused:
    """A number of no use, and why."""

    reason: Refusal


def normalise(written: str, country_code: str) -> Number | NumberRefused:
    """Read a number in any usual form; national ones (0612345678) belong to country_code (no plus)."""
    text = re.sub(r"^\s*(?:t[eé]l\.?\s*:?)?\s*", "", written, flags=re.IGNORECASE).rstrip()
    text = re.sub(r"^(\+\d+\s*)\(0\)", r"\1", text)  # +33 (0)6 12 34 56 78
    digits = "".join(letter for letter in text if letter in "0123456789")
    if not text:
        return NumberRefused(Refusal.EMPTY)
    if SCIENTIFIC.fullmatch(text):
        return NumberRefused(Refusal.SPREADSHEET)
    if not digits or not WRITTEN.fullmatch(text):
        return NumberRefused(Refusal.LETTERS)
    if text.startswith(("+", "(+")):
        return _international(digits)
    return _international(digits[2:]) if digits.startswith("00") else _national(digits, country_code)


def _national(digits: str, country_code: str) -> Number | NumberRefused:
    if digits in EMERGENCY:
        return NumberRefused(Refusal.EMERGENCY)
    if len(digits) <= 6:
        return NumberRefused(Refusal.SHORT)
    if country_code in FRENCH_CODES:
        return _french(digits)
    if digits.startswith(country_code) and len(digits) > 9:
        return _international(digits)
    return _international(country_code + digits.removeprefix("0"))


def _french(digits: str) -> Number | NumberRefused:
    if M2M.fullmatch(digits):
        return Number("+33" + digits[1:], NumberKind.SMS)
    if len(digits) == 9 and not digits.startswith("0"):
        digits = "0" + digits  # a spreadsheet took 0612345678 for a figure
    if len(digits) == 10 and digits.startswith("0"):
        return Number(f"+{_code_of(digits, '33')}{digits[1:]}", _french_kind(digits))
    for code in FRENCH_CODES:
        if digits.startswith(code) and len(digits) >= len(code) + 9:
            return _international(digits)  # a spreadsheet took the plus of +33612345678
    return NumberRefused(Refusal.LENGTH)


def _international(digits: str) -> Number | NumberRefused:
    code = next((code for code in FRENCH_CODES if digits.startswith(code)), None)
    if code is not None:
        return _french_international(code, digits.removeprefix(code).removeprefix("0"))
    if not 8 <= len(digits) <= 15 or digits.startswith("0"):
        return NumberRefused(Refusal.LENGTH)
    return Number("+" + digits, NumberKind.SMS)


def _french_international(code: str, rest: str) -> Number | NumberRefused:
    if rest in EMERGENCY:
        return NumberRefused(Refusal.EMERGENCY)
    national = "0" + rest
    if code == "33" and M2M.fullmatch(national):
        return Number("+33" + rest, NumberKind.SMS)
    if len(rest) != 9 or rest.startswith("0"):
        return NumberRefused(Refusal.SHORT if len(rest) <= 6 else Refusal.LENGTH)
    # +33690123456 is written for a number of Guadeloupe: its own country code makes replies match.
    return Number(f"+{_code_of(national, code)}{rest}", _french_kind(national))


def _code_of(national: str, otherwise: str) -> str:
    return otherwise if national.startswith(FICTION) else OVERSEAS.get(national[:4], otherwise)


def _french_kind(national: str) -> NumberKind:
    return NumberKind.SMS if national[:2] in ("06", "07") else NumberKind.FIXED
