"""Calls as others are shown them. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from edge.shared.clock import utc_text
from edge.shared.messages.voice_calls import CallRecord
from edge.shared.model.voice import VoiceSection
from edge.voice.kamailio_alarms import UrgentCall
from edge.voice.records.call import LIVE, SECOND, Call, State, answer_s, state, talk_s


def inside_numbers(voice: VoiceSection) -> frozenset[str]:
    """Every number that rings in the building."""
    ring = {*(one.number for one in voice.extensions), *(one.number for one in voice.groups)}
    return frozenset({*ring, *(short.number for short in voice.short_numbers if short.to in ring)})


def shown(number: int, call: Call, now: int, run: str) -> CallRecord:
    """One call. run: the start of Kamailio that serves now."""
    found = state(call, now, run)
    return CallRecord(
        id=number,
        begun=moment(call.begun),
        answered=None if call.answered is None else moment(call.answered),
        ended=_ended(call, found),
        state=found.value,
        live=found in LIVE,
        direction="inside" if call.direction == "again" else call.direction,
        caller=call.caller,
        dialled=call.dialled,
        source=call.source,
        emergency=call.emergency,
        mode=call.mode,
        way=call.way,
        answered_by=call.by,
        answer_s=answer_s(call),
        talk_s=talk_s(call),
        code=call.code if call.answered is None else 0,
        trail=call.trail.split(),
    )


def urgent(call: Call, now: int, run: str) -> UrgentCall:
    """An emergency call as Kamailio tells those of its present start."""
    return UrgentCall(
        call_id=call.call_id,
        state=_URGENT.get(state(call, now, run), "failed" if call.answered is None else "answered"),
        at=call.begun // SECOND,
        caller=call.caller,
        address=call.source,
        number=call.dialled,
    )


_URGENT = {State.RINGING: "calling", State.GAVE_UP: "given_up"}


def moment(micros: int) -> str:
    """RFC 3339, UTC."""
    return utc_text(datetime.fromtimestamp(micros / SECOND, UTC))


def _ended(call: Call, found: State) -> str | None:
    end = call.ended if call.answered is not None else call.refused
    return None if end is None or found in LIVE else moment(end)
