"""A call as its lines tell it. Pure, and in whatever order they come: each worker of Kamailio has a file of its own.

The same line twice changes nothing, so a file may be read again from its beginning.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from edge.voice.records.line import Line

SECOND = 1_000_000  # microseconds
TALK_MAX = 4 * 3600 * SECOND  # a conversation whose end nobody saw for so long
RING_MAX = 900 * SECOND

BEGUN, ANSWERED, REFUSED = 100, 200, 300
CHALLENGES = (401, 407)


class State(StrEnum):
    """What became of a call."""

    RINGING = "ringing"
    TALKING = "talking"
    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    GAVE_UP = "gave_up"  # the caller hung up before anybody answered
    UNPROVED = "unproved"  # the phone did not prove whose it is
    REFUSED = "refused"
    END_UNKNOWN = "end_unknown"  # Kamailio was killed, or no BYE was ever seen


LIVE = (State.RINGING, State.TALKING)
MISSED = (State.BUSY, State.NO_ANSWER, State.GAVE_UP, State.REFUSED)
_CODES = {487: State.GAVE_UP, 486: State.BUSY, 600: State.BUSY, 603: State.BUSY, 408: State.NO_ANSWER}
_CODES |= {480: State.NO_ANSWER} | dict.fromkeys(CHALLENGES, State.UNPROVED)


@dataclass(frozen=True)
class Call:
    """One call; moments in microseconds of unix time."""

    call_id: str
    from_tag: str
    leg: str
    run: str
    begun: int
    caller: str = ""
    dialled: str = ""
    source: str = ""
    emergency: bool = False
    mode: str = ""
    trail: str = ""
    way: str = ""
    by: str = ""
    direction: str = ""  # in, out, inside, again (the cloud PBX's half of a call that is counted already)
    cseq: int = 0  # of the newest INVITE: one with the proof follows one without
    answered: int | None = None
    ended: int | None = None
    refused: int | None = None
    refused_cseq: int = 0
    code: int = 0  # of the refusal
    told: int = 0  # how late the line was in the life of the call that told its texts
    told_at: int = 0

    @property
    def key(self) -> str:
        """What makes it this call: through a cloud PBX that is a proxy, one call passes twice."""
        return key_of(self.call_id, self.from_tag, self.leg)


def key_of(call_id: str, from_tag: str, leg: str) -> str:
    """The key of a call."""
    return f"{call_id}|{from_tag}|{leg}"


def merge(known: Call | None, line: Line) -> Call:
    """The call after one more line of its INVITEs."""
    call = known or Call(line.call_id, line.from_tag, line.leg, line.run, line.at)
    call = replace(call, begun=min(call.begun, line.at), cseq=max(call.cseq, line.cseq))
    if line.emergency:
        call = replace(call, emergency=True)
    call = _with_texts(call, line)
    if line.code >= REFUSED:
        if (line.cseq, line.at) >= (call.refused_cseq, call.refused or 0):
            call = replace(call, refused=line.at, refused_cseq=line.cseq, code=line.code)
    elif line.code >= ANSWERED:
        call = replace(call, answered=min(call.answered or line.at, line.at))
    return call


def _with_texts(call: Call, line: Line) -> Call:
    told = line.cseq * 2 + (line.code > BEGUN)
    if (told, line.at) < (call.told, call.told_at):
        return call
    return replace(
        call,
        told=told,
        told_at=line.at,
        run=line.run,
        caller=line.caller,
        dialled=line.dialled,
        source=line.source,
        mode=line.mode,
        trail=line.trail,
        way=line.way,
        by=line.by or call.by,
    )


def hang_up(call: Call, line: Line) -> Call:
    """The call after a BYE."""
    return replace(call, ended=min(call.ended or line.at, line.at))


def state(call: Call, now: int, run: str) -> State:
    """What became of it. run: the start of Kamailio that serves now."""
    if call.answered is not None:
        if call.ended is not None:
            return State.ANSWERED
        return State.TALKING if now - call.answered <= TALK_MAX else State.END_UNKNOWN
    if call.refused is not None and call.refused_cseq >= call.cseq:
        return _CODES.get(call.code, State.REFUSED)
    # Nobody but the Kamailio that began it can end what only rings.
    return State.RINGING if call.run == run and now - call.begun <= RING_MAX else State.END_UNKNOWN


def direction(call: Call, inside: frozenset[str]) -> str:
    """Which way it goes. inside: the numbers of the building."""
    if call.leg == "trunk":
        return "in"
    if call.leg == "cloud":
        return "again" if call.caller in inside else "in"
    return "inside" if call.dialled in inside and not call.emergency else "out"


def answer_s(call: Call) -> float | None:
    """How long it rang before it was answered; None: it was not, or the clock was set in between."""
    if call.answered is None or call.answered < call.begun:
        return None
    return (call.answered - call.begun) / SECOND


def talk_s(call: Call) -> float | None:
    """How long the conversation lasted; None: nobody knows (yet)."""
    if call.answered is None or call.ended is None or call.ended < call.answered:
        return None
    return (call.ended - call.answered) / SECOND
