"""What modems say about calls, in lines (3GPP TS 27.007; makers' manuals: SIMCom SIM7600, Quectel EC25). Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from edge.modem.port.answers import cause_in, readable
from edge.shared.messages.modem_calls import CallCause

VOICE = 0  # <mode>; a data bearer in use stands in the list of calls too, with another mode


class Stat(IntEnum):
    """<stat> of +CLCC (7.18); 6 and -1 are SIMCom's and Quectel's for a call that ended."""

    ACTIVE = 0
    HELD = 1
    DIALLING = 2
    ALERTING = 3
    INCOMING = 4
    WAITING = 5
    RELEASED = 6


@dataclass(frozen=True)
class Entry:
    """One call as the modem lists it."""

    place: int
    incoming: bool
    stat: Stat
    number: str | None


@dataclass(frozen=True)
class Ring:
    """It rings here; waiting: while another call is up."""

    waiting: bool = False


@dataclass(frozen=True)
class Caller:
    """Who calls; None when the number is withheld."""

    number: str | None


@dataclass(frozen=True)
class Begun:
    """Somebody answered, here or there."""


@dataclass(frozen=True)
class Over:
    """A call ended, or never came to be."""

    cause: CallCause | None


@dataclass(frozen=True)
class Key:
    """Pressed at the other end."""

    key: str


Meaning = Entry | Ring | Caller | Begun | Over | Key

ENTRY = re.compile(r'(?:\+CLCC: ?|\+QIND: ?"ccinfo",)(\d+),(\d),(-?\d),(\d+),\d(?:,"([^"]*)",(\d+))?')
CLIP = re.compile(r'\+CLIP: ?"([^"]*)",(\d+)')
KEY = re.compile(r"\+(?:RX)?DTMF: ?([0-9A-D*#])\b|\+(?:RX)?DTMF: ?([*#])")
TONE = re.compile(r"\+QTONEDET: ?(\d{2,3})\b")
RING = re.compile(r"RING$|\+CRING: ?VOICE")
OVER = {
    "NO CARRIER": None,
    "BUSY": CallCause.BUSY,
    "NO ANSWER": CallCause.NO_ANSWER,
    "NO DIALTONE": CallCause.NO_NETWORK,
    "NO DIAL TONE": CallCause.NO_NETWORK,
}
BEGUN = re.compile(r"VOICE CALL: ?BEGIN")
ENDED = re.compile(r"VOICE CALL: ?END|MISSED_CALL:")
INTERNATIONAL = 145


def read(line: str) -> Meaning | None:  # noqa: PLR0911 - one return a kind of line
    """What a line says of calls; None when nothing."""
    if line in OVER:
        return Over(OVER[line])
    if BEGUN.match(line):
        return Begun()
    if ENDED.match(line):
        return Over(None)
    if RING.match(line):
        return Ring()
    if line.startswith("+CCWA: ") and not re.match(r"\+CCWA: \d,", line):
        return Ring(waiting=True)
    if found := CLIP.match(line):
        return Caller(_number(found[1], found[2]))
    if found := TONE.match(line):
        key = chr(int(found[1]))
        return Key(key) if key in "0123456789ABCD*#" else None
    if found := KEY.match(line):
        return Key(found[1] or found[2])
    return entry(line)


def entry(line: str) -> Entry | None:
    """A line of +CLCC or +QIND: "ccinfo"; None when it is none, or no voice call."""
    found = ENTRY.match(line)
    if found is None or int(found[4]) != VOICE:
        return None
    stat = int(found[3])
    if stat not in (*Stat, -1):
        return None
    return Entry(
        int(found[1]),
        found[2] == "1",
        Stat.RELEASED if stat == -1 else Stat(stat),
        _number(found[5] or "", found[6] or "129"),
    )


def entries(lines: Sequence[str]) -> tuple[Entry, ...]:
    """The calls in the answer to AT+CLCC."""
    found = (entry(line) for line in lines)
    return tuple(one for one in found if one is not None and one.stat is not Stat.RELEASED)


def _number(text: str, kind: str) -> str | None:
    bare = readable(text).strip()
    if not bare:
        return None
    return f"+{bare}" if int(kind) == INTERNATIONAL and not bare.startswith("+") else bare


# Words of +CEER and of what a refused dial says.
WORDS = (
    (r"user busy|\bbusy\b", CallCause.BUSY),
    (r"no user responding|no answer|not answer|alerting", CallCause.NO_ANSWER),
    (r"unassigned|unallocated|unobtainable|number changed|invalid number|number format", CallCause.BAD_NUMBER),
    (r"barr|\bfdn\b|fixed dial|not allowed|not subscribed|call restricted|acm", CallCause.BARRED),
    (r"reject|declin", CallCause.REJECTED),
    (r"congest|no circuit|channel unav|switching equip|resource", CallCause.CONGESTED),
    (r"no service|no network|out of service|not registered|network out|radio|no cell|offline", CallCause.NO_NETWORK),
    (r"normal", CallCause.OTHER_END),
)
# Cause values of TS 24.008, 10.5.123, which are those of ITU-T Q.850.
VALUES = {
    1: CallCause.BAD_NUMBER,
    3: CallCause.BAD_NUMBER,
    8: CallCause.BARRED,
    16: CallCause.OTHER_END,
    17: CallCause.BUSY,
    18: CallCause.NO_ANSWER,
    19: CallCause.NO_ANSWER,
    21: CallCause.REJECTED,
    22: CallCause.BAD_NUMBER,
    28: CallCause.BAD_NUMBER,
    31: CallCause.OTHER_END,
    34: CallCause.CONGESTED,
    38: CallCause.NO_NETWORK,
    41: CallCause.CONGESTED,
    42: CallCause.CONGESTED,
    44: CallCause.CONGESTED,
    47: CallCause.CONGESTED,
    50: CallCause.BARRED,
}


def cause_of(text: str) -> CallCause:
    """What +CEER says."""
    return cause_in(text, WORDS, VALUES) or CallCause.UNKNOWN


# +CME ERROR of a dial (TS 27.007, 9.2): no network, emergency calls only, roaming; SIM trouble bars too.
NO_NETWORK = frozenset({30, 31, 111, 112, 113})


def cause_of_refusal(code: int | None) -> CallCause:
    """What a refused dial means by its number."""
    if code in NO_NETWORK:
        return CallCause.NO_NETWORK
    return CallCause.BARRED if code == 32 else CallCause.REFUSED
