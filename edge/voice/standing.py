"""Numbers whose calls go elsewhere for now: redirects by a person, then opening hours. Pure.

Who knows of redirects and hours says so here: Kamailio's tables and dialplan.decide() take what this makes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from edge.shared.model.voice import VoiceSection


@dataclass(frozen=True)
class Because:
    """A reason: a stable id and its data. Words are made at the edge."""

    id: str
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Instead:
    """Where the calls for a number go, and why."""

    to: str
    because: Because
    by_hours: bool = False  # not by a person: while the cloud PBX decides calls, its own hours count


Standing = Mapping[str, Instead]


class Calendar(Protocol):
    """Opening hours, holidays, night service."""

    def instead(self, number: str, at: datetime) -> Instead | None:
        """Where calls for an extension or a hunt group go at a moment; None: where they always go."""


class AlwaysOpen:
    """No opening hours."""

    def instead(self, number: str, at: datetime) -> Instead | None:  # noqa: ARG002 - the same always
        """Where they always go."""
        return None


ALWAYS_OPEN = AlwaysOpen()


def standing(voice: VoiceSection, at: datetime, redirects: Mapping[str, str], calendar: Calendar) -> dict[str, Instead]:
    """What goes elsewhere at a moment. redirects: number -> where, those in force; they come before the hours."""
    numbers = [*(one.number for one in voice.extensions), *(one.number for one in voice.groups)]
    found: dict[str, Instead] = {}
    for number in numbers:
        if number in redirects:
            data = {"number": number, "to": redirects[number]}
            found[number] = Instead(redirects[number], Because("redirected", data))
        elif (instead := calendar.instead(number, at)) is not None:
            found[number] = instead
    return found
