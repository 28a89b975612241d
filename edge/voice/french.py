"""The French numbering plan as one dials it (ARCEP decision 2018-0881, ITU-T E.164). Pure; Kamailio has the same rows.

Two tables of leading digits, in which the longest one that fits counts: how a number becomes E.164, and what it costs.
Service numbers (3939, 118008, 1013) have no E.164 form and stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge.shared.model.numbering import CallClass, NumberForm


@dataclass(frozen=True)
class Rewriting:
    """For numbers of least to most characters: strip so many of them, then put something in front."""

    strip: int
    prepend: str
    least: int
    most: int

    def apply(self, number: str) -> str:
        """The number as it is then."""
        return self.prepend + number[self.strip :]


@dataclass(frozen=True)
class Cost:
    """What numbers of least to most characters cost."""

    kind: CallClass
    least: int
    most: int


# National numbers of France's overseas departments have country codes of their own.
OVERSEAS = {
    "262": ("0262", "0263", "0269", "0976", "0639", "0692", "0693"),
    "590": ("0590", "0690", "0691"),
    "594": ("0594", "0694"),
    "596": ("0596", "0696", "0697"),
}
OVERSEAS_MOBILE = ("+262639", "+262692", "+262693", "+590690", "+590691", "+594694", "+596696", "+596697")
SATELLITES = ("+870", "+881", "+882", "+883", "+979")

TO_E164: Mapping[str, Rewriting] = {
    "0": Rewriting(1, "+33", 10, 10),
    "0700": Rewriting(1, "+33", 10, 14),  # 14: SIMs of machines
    **{first: Rewriting(1, f"+{code}", 10, 10) for code, firsts in OVERSEAS.items() for first in firsts},
    "00": Rewriting(2, "+", 7, 17),
    "0033": Rewriting(2, "+", 13, 13),
    "0033700": Rewriting(2, "+", 13, 17),
    "+": Rewriting(0, "", 6, 16),
    "+33": Rewriting(0, "", 12, 12),
    "+33700": Rewriting(0, "", 12, 16),
}

# The way back, for trunks whose operator writes numbers as one dials them.
TO_NATIONAL: Mapping[str, Rewriting] = {
    "+": Rewriting(1, "00", 1, 16),
    "+33": Rewriting(3, "0", 12, 16),
    **{
        f"+{code}{first[1:]}": Rewriting(1 + len(code), "0", 13, 13)
        for code, firsts in OVERSEAS.items()
        for first in firsts
    },
}

COSTS: Mapping[str, Cost] = {
    "+": Cost(CallClass.INTERNATIONAL, 6, 16),
    "+0": Cost(CallClass.INTERNATIONAL, 99, 99),  # no country's code begins with 0
    **{satellite: Cost(CallClass.PREMIUM, 6, 16) for satellite in SATELLITES},
    "+33": Cost(CallClass.NATIONAL, 12, 12),
    "+336": Cost(CallClass.MOBILE, 12, 12),
    "+337": Cost(CallClass.MOBILE, 12, 12),
    "+33700": Cost(CallClass.MOBILE, 12, 16),
    "+338": Cost(CallClass.PREMIUM, 12, 12),
    "+3380": Cost(CallClass.NATIONAL, 12, 12),
    **{f"+{code}": Cost(CallClass.NATIONAL, 13, 13) for code in OVERSEAS},
    **{mobile: Cost(CallClass.MOBILE, 13, 13) for mobile in OVERSEAS_MOBILE},
    "10": Cost(CallClass.NATIONAL, 4, 4),  # operators' customer services
    "116": Cost(CallClass.NATIONAL, 6, 6),  # of social value, free in all of Europe
    "118": Cost(CallClass.PREMIUM, 6, 6),
    "30": Cost(CallClass.NATIONAL, 4, 4),
    "31": Cost(CallClass.NATIONAL, 4, 4),
    **{f"3{digit}": Cost(CallClass.PREMIUM, 4, 4) for digit in range(2, 10)},
}


def longest(number: str, table: Mapping[str, object]) -> str | None:
    """The longest entry the number begins with."""
    return next((number[:end] for end in range(len(number), 0, -1) if number[:end] in table), None)


def e164(number: str) -> str | None:
    """The number with its plus, or None for one that has no such form. What it gives, it takes as it is."""
    return _rewritten(number, TO_E164)


def written(number: str, form: NumberForm) -> str:
    """An E.164 number as an operator wants it; anything else as it is."""
    if form is NumberForm.E164:
        return number
    return _rewritten(number, TO_NATIONAL) or number


def cost(number: str) -> CallClass | None:
    """What a call to an E.164 or a service number costs; None: there is no such number."""
    first = longest(number, COSTS)
    if first is None or not COSTS[first].least <= len(number) <= COSTS[first].most:
        return None
    return COSTS[first].kind


def leading(first: str) -> str:
    """Leading digits as they stand in normalised numbers: 06 and 00336 are +336, 0 is +33, 00 is +."""
    if first.startswith("00"):
        return "+" + first[2:]
    found = longest(first, TO_E164)
    if found is None or found.startswith("+"):
        return first
    return TO_E164[found].apply(first)


def _rewritten(number: str, table: Mapping[str, Rewriting]) -> str | None:
    first = longest(number, table)
    if first is None or not table[first].least <= len(number) <= table[first].most:
        return None
    if not number.removeprefix("+").isdecimal():
        return None
    return table[first].apply(number)
