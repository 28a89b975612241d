"""Telephone numbers in the settings: how they are written, what they cost, and where prefixes of them go."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from edge.shared.model.base import Section, Slug

Number = Annotated[str, StringConstraints(pattern=r"^[0-9+*#]{1,20}$")]
SIP_USER = r"^[A-Za-z0-9._+*#-]{1,40}$"  # more than phones can dial, less than could disturb a terminal or a table
SipUser = Annotated[str, StringConstraints(pattern=SIP_USER)]
E164 = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{3,14}$")]
CallerPattern = Annotated[
    str, StringConstraints(pattern=r"^\+[0-9]{0,15}\*?$")
]  # +3312345* is every number that begins so
Leading = Annotated[str, StringConstraints(pattern=r"^(\+[0-9]{0,15}|[0-9*#]{1,16})$")]

FRENCH_EMERGENCY = ["112", "15", "17", "18", "114", "115", "119", "116000", "191", "196", "3114"]


class CallClass(StrEnum):
    """What a call costs, from the cheapest."""

    INTERNAL = "internal"
    NATIONAL = "national"  # fixed numbers of France and its overseas departments, free and ordinary service numbers
    MOBILE = "mobile"
    INTERNATIONAL = "international"
    PREMIUM = "premium"  # 081, 082, 089, 118, 32 to 39, satellites


class NumberForm(StrEnum):
    """How a trunk's operator writes numbers."""

    NATIONAL = "national"  # 0123456789, 0044...
    E164 = "e164"  # +33123456789, +44...


class ShortNumber(Section):
    """A short number of the site that stands for another one."""

    number: Number = Field(description="What people dial, e.g. 8001")
    to: SipUser = Field(description="An extension, a hunt group, or a number outside as one would dial it")
    name: str = Field("", max_length=60, description="Who or what it is, e.g. Astreinte voirie")


class Prefix(Section):
    """Outside numbers that begin alike: their trunks, and what to change in them. The longest one that fits counts."""

    prefix: Leading = Field(
        description="First digits, e.g. 06, 0033, + or 3939; 06 also means +336 and 00336, 00 every other country"
    )
    trunks: list[Slug] = Field([], description="Trunks in order; absent: every trunk")
    strip: int = Field(
        0, ge=0, le=16, description="Characters taken off the front; of +336... where a number has that form"
    )
    prepend: str = Field("", max_length=16, pattern=r"^\+?[0-9*#]*$", description="What is put in front, after strip")
    kind: CallClass | None = Field(None, description="What these calls cost; absent: what the French plan says")


class Pickup(Section):
    """What people dial to take a call that rings elsewhere."""

    group: Number = Field("*8", description="Takes a call that rings in one's own pickup group")
    directed: Number = Field("**", description="Followed by an extension: takes the call that rings there")
