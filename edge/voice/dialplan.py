"""What becomes of a call, with each reason. Pure.

Kamailio does the same from the tables that plan_tables.py makes of the same settings; tests/edge/voice/test_plan_calls.py
holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from edge.shared.messages.voice import VoiceMode
from edge.shared.model.numbering import CallClass
from edge.shared.model.voice import VoiceSection
from edge.voice.outside import emergency, outside, rights
from edge.voice.plans import Plan, Step, plan
from edge.voice.standing import ALWAYS_OPEN, Because, Calendar, standing


class Outcome(StrEnum):
    """Where a dialled number leads."""

    EMERGENCY = "emergency"
    CLOUD = "cloud"
    PICKUP = "pickup"
    INSIDE = "inside"
    OUTSIDE = "outside"
    REFUSED = "refused"


@dataclass(frozen=True)
class Decision:
    """What becomes of a call: how it was read, reason by reason, and the steps taken until somebody answers."""

    outcome: Outcome
    number: str  # as it is called in the end: E.164, an extension, a group
    because: tuple[Because, ...]
    steps: tuple[Step, ...] = ()
    ways: str = ""  # the list of ways out of an emergency or outside call
    code: int = 0  # SIP status of a refusal


def decide(
    voice: VoiceSection,
    caller: str,
    dialled: str,
    mode: VoiceMode,
    at: datetime,
    redirects: Mapping[str, str] | None = None,
    calendar: Calendar = ALWAYS_OPEN,
) -> Decision:
    """What becomes of a call that an extension makes at a moment. redirects: number -> where, those in force then."""
    urgent = emergency(dialled, voice)
    if urgent is not None:
        return Decision(Outcome.EMERGENCY, urgent, (Because("emergency", {"number": urgent}),), ways="emergency")
    elsewhere = standing(voice, at, redirects or {}, calendar)
    if mode is VoiceMode.CLOUD:
        return _cloud(dialled, plan(dialled, voice, elsewhere) if dialled in inside_numbers(voice) else None)
    if all(one.number != caller for one in voice.extensions):
        return _refused(dialled, 407, Because("caller_unknown", {"caller": caller}))
    taken = _pickup(voice, caller, dialled)
    if taken is not None:
        return taken
    reading: tuple[Because, ...] = ()
    number = next((one.to for one in voice.short_numbers if one.number == dialled), dialled)
    if number != dialled:
        reading = (Because("short_number", {"number": dialled, "to": number}),)
    if number in inside_numbers(voice):
        return _inside(voice, caller, plan(number, voice, elsewhere), reading)
    return _outside(voice, caller, number, reading)


def inside_numbers(voice: VoiceSection) -> list[str]:
    """Extensions and hunt groups."""
    return [*(one.number for one in voice.extensions), *(one.number for one in voice.groups)]


def unreachable(voice: VoiceSection) -> list[str]:
    """Extensions that dialling their number does not reach: emergency numbers come first."""
    return [one.number for one in voice.extensions if emergency(one.number, voice) is not None]


def _cloud(dialled: str, made: Plan | None) -> Decision:
    reading = (Because("cloud_decides", {"number": dialled}),)
    if made is None or not made.away:
        return Decision(Outcome.CLOUD, dialled, reading)
    # The cloud PBX knows nothing of it: the box forwards when the cloud rings the phone.
    more = Because("cloud_rings_away", {"number": dialled})
    return Decision(Outcome.CLOUD, dialled, (*reading, more, *made.notes), made.steps)


def _pickup(voice: VoiceSection, caller: str, dialled: str) -> Decision | None:
    if dialled == voice.pickup.group:
        mine = next(one.pickup_group for one in voice.extensions if one.number == caller)
        if mine is None:
            return _refused(dialled, 403, Because("no_pickup_group", {"caller": caller}))
        return Decision(Outcome.PICKUP, mine, (Because("pickup_group", {"group": mine}),))
    where = dialled.removeprefix(voice.pickup.directed)
    if where == dialled or all(one.number != where for one in voice.extensions):
        return None
    if CallClass.INTERNAL not in rights(caller, voice):
        return _refused(dialled, 403, _no_right(caller, CallClass.INTERNAL))
    return Decision(Outcome.PICKUP, where, (Because("pickup_directed", {"number": where}),))


def _inside(voice: VoiceSection, caller: str, made: Plan, reading: tuple[Because, ...]) -> Decision:
    if CallClass.INTERNAL not in rights(caller, voice):
        return _refused(made.number, 403, *reading, _no_right(caller, CallClass.INTERNAL))
    is_group = any(one.number == made.number for one in voice.groups)
    what = Because("group" if is_group else "extension", {"number": made.number})
    if not made.steps:
        return _refused(made.number, 480, *reading, what, *made.notes)
    return Decision(Outcome.INSIDE, made.number, (*reading, what, *made.notes), made.steps)


def _outside(voice: VoiceSection, caller: str, dialled: str, reading: tuple[Because, ...]) -> Decision:
    found = outside(dialled, voice)
    if found is None:
        return _refused(dialled, 404, *reading, Because("no_such_number", {"number": dialled}))
    read = Because("read_as", {"dialled": dialled, "number": found.number, "kind": found.kind.value})
    by = Because("by_prefix", {"prefix": found.prefix}) if found.prefix else Because("by_every_trunk")
    if found.kind not in rights(caller, voice):
        return _refused(found.number, 403, *reading, read, _no_right(caller, found.kind))
    return Decision(Outcome.OUTSIDE, found.number, (*reading, read, by), ways=found.ways)


def _no_right(caller: str, kind: CallClass) -> Because:
    return Because("no_right", {"caller": caller, "kind": kind.value})


def _refused(number: str, code: int, *because: Because) -> Decision:
    return Decision(Outcome.REFUSED, number, because, code=code)
