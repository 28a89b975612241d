"""Phone numbers as an SMS needs them. Pure."""

from __future__ import annotations

import re

# Also the dashes and invisible marks that come along when a number is copied from a page or a phone's contacts.
SEPARATORS = re.compile(r"[\s.\-/()\u00ad\u200b-\u200f\u2010-\u2015\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
TRUNK_ZERO = re.compile(r"(?<=\+33)0(?=[1-9])")  # "+33 (0)6 12 34 56 78", as letterheads have it
# At least 3 digits: 15, 17 and 18 take no SMS. TP-DA holds 20 digits (TS 23.040, 9.1.2.5).
DIALLABLE = re.compile(r"\+[1-9][0-9]{2,19}|[0-9]{3,20}")
CALLABLE = re.compile(r"\+[1-9][0-9]{1,19}|[0-9]{2,20}")
SHORT_NUMBER_MAX = 6  # digits; no number of a subscriber is as short
TELLING_DIGITS = 9  # national significant digits of France; longer prefixes may be dropped or added on the way


def dialled(number: str) -> str | None:
    """The number as it is sent, without separators; None when no SMS can go there."""
    bare = SEPARATORS.sub("", number)
    if bare.startswith("00"):
        bare = "+" + bare[2:]
    bare = TRUNK_ZERO.sub("", bare)
    return bare if DIALLABLE.fullmatch(bare) else None


def callable_number(number: str) -> str | None:
    """The number as it is dialled, without separators; None when it is none. A service code (*21*...#) is no number."""
    bare = SEPARATORS.sub("", number)
    return bare if CALLABLE.fullmatch(bare) else None


def international(number: str, country_code: str) -> str:
    """A gateway stands in any country: a number as dialled at home is made international; short ones stay."""
    if number.startswith("0") and len(number) > SHORT_NUMBER_MAX:
        return f"+{country_code}{number[1:]}"
    return number


def same_phone_key(number: str) -> str:
    """Equal for the forms one number comes back in: +33612345678, 0033612345678, 0612345678.

    Names of alphanumeric senders keep their letters.
    """
    bare = SEPARATORS.sub("", number).lower()
    digits = bare.removeprefix("+")
    if not digits.isascii() or not digits.isdigit():
        return bare
    return digits[-TELLING_DIGITS:] if len(digits) > TELLING_DIGITS else digits.lstrip("0") or digits
