"""Whom to ask the cloud PBX about, for phones registered there wholly past us: they are dead when it is. Pure.

Where a phone of the same extension registers through us the cloud's answer lists the others (registrations.cfg). Of an extension
with none through us nothing is heard: it is asked for, with the secret the box holds, seldom, and never again with a
secret that was refused: it would count as an attempt to break in.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum, auto

AGAIN_S = 4 * 3600.0  # between two questions about one extension
FOUND_AGAIN_S = 900.0  # where one was found: the technician waits for it to be gone
REFUSED_MAX = (
    3  # extensions; so many, and it is the box that is refused: nobody is asked about until the settings change
)

OURS = re.compile(r";rp=[0-9a-f]{32}(;|$)")  # a contact that we gave the cloud PBX, whatever became of its host


class Outcome(StrEnum):
    """What a question came to."""

    ANSWERED = auto()
    REFUSED = auto()  # the secret, or the box
    NOTHING = auto()  # nobody answered, or with a fault of its own


@dataclass(frozen=True)
class Asked:
    """The last question about one extension. at: seconds, monotonic."""

    at: float
    secret: str
    outcome: Outcome
    past_us: tuple[str, ...] = ()  # contacts


def whose_turn(
    secrets: Mapping[str, str], present: Collection[str], asked: Mapping[str, Asked], now: float
) -> str | None:
    """The extension to ask about now; None: nobody. secrets: HA1 by extension; present: those with a phone through us."""
    if sum(one.outcome == Outcome.REFUSED for one in asked.values()) >= REFUSED_MAX:
        return None
    waiting = [
        (asked[extension].at if extension in asked else float("-inf"), extension)
        for extension, secret in secrets.items()
        if extension not in present and _due(asked.get(extension), secret, now)
    ]
    return min(waiting)[1] if waiting else None


def still_meant(asked: Mapping[str, Asked], secrets: Mapping[str, str]) -> dict[str, Asked]:
    """What is remembered after the settings changed: a refusal only of the secret that was refused."""
    return {extension: one for extension, one in asked.items() if secrets.get(extension) == one.secret}


def past_us(contacts: Collection[str], cloud_contact: str) -> tuple[str, ...]:
    """Those of a registrar's answer that are not ours. cloud_contact: ADDRESS:PORT that it is given for our phones."""
    return tuple(one for one in contacts if f"@{cloud_contact}" not in one and not OURS.search(one))


def found(asked: Mapping[str, Asked], present: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Contacts by extension. What registers through us now is heard of there."""
    return {who: one.past_us for who, one in sorted(asked.items()) if one.past_us and who not in present}


def _due(last: Asked | None, secret: str, now: float) -> bool:
    if last is None or last.secret != secret:
        return True
    if last.outcome == Outcome.REFUSED:
        return False
    return now - last.at >= (FOUND_AGAIN_S if last.past_us else AGAIN_S)
