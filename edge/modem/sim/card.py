"""What a SIM says before it may be used, and whether its PIN may be tried. Pure.

Three wrong PINs block a SIM until its PUK is typed, so one wrong try is all that is ever made with a PIN: each try is on
disk before the modem gets it, and a PIN that was refused, or whose answer was lost, is not tried again on that SIM.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from edge.modem.port.answers import readable

TRIES_OF_A_SIM = 3
# The last try before the PUK is a person's.
LEAST_TRIES = 2
TRIES_QUESTIONS = ("AT+SPIC", 'AT+QPINC="SC"', "AT+CPINC?")
# +CMS ERROR that may mean that the SIM is gone or locked (TS 27.005, 3.2.5).
GONE = frozenset({310, 311, 312, 313, 315, 316})
NUMBER_QUESTIONS = ("AT+CICCID", "AT+QCCID", "AT+CCID", "AT+ICCID")


class Lock(StrEnum):
    """What +CPIN? says."""

    READY = "ready"
    PIN = "pin"
    PUK = "puk"
    BUSY = "busy"  # being read, or pulled out just now
    OTHER = "other"  # PH-SIM PIN and the like: a lock of the telephone


class Try(StrEnum):
    """What became of a PIN on one SIM."""

    NEVER = "never"
    BEGUN = "begun"  # on disk; the answer is not: it may have been wrong
    REFUSED = "refused"
    ACCEPTED = "accepted"


class Move(StrEnum):
    """What to do about the lock; the names are those of the checks where it is not USE or TRY."""

    USE = "use"
    TRY = "try"
    SIM_LOCKED = "sim_locked"  # it asks for a PIN and the settings have none
    SIM_PIN_WRONG = "sim_pin_wrong"  # the PIN of the settings was refused, or may have been
    SIM_LAST_TRY = "sim_last_try"
    SIM_PUK = "sim_puk"
    SIM_OTHER_LOCK = "sim_other_lock"


@dataclass(frozen=True)
class Identity:
    """Which SIM it is; the IMSI can only be read once it is unlocked."""

    iccid: str | None = None
    imsi: str | None = None


def lock(lines: Sequence[str]) -> Lock | None:
    """The lock out of the answer to AT+CPIN?; None when it says nothing of the kind."""
    found = re.search(r"\+CPIN: ?(.+)", "\n".join(lines))
    if found is None:
        return None
    code = found[1].strip().upper()
    # PIN2 and PUK2 keep fixed dialling and charges, nothing that an SMS or a call needs.
    if code in ("READY", "SIM PIN2", "SIM PUK2"):
        return Lock.READY
    if code in ("NOT READY", "NOT INSERTED", "SIM REMOVED"):
        return Lock.BUSY
    return {"SIM PIN": Lock.PIN, "SIM PUK": Lock.PUK}.get(code, Lock.OTHER)


def tries_left(lines: Sequence[str]) -> int | None:
    """How many wrong PINs are left, out of +SPIC (SIMCom), +QPINC (Quectel) or +CPINC."""
    text = "\n".join(lines)
    found = re.search(r'\+(?:SPIC|CPINC): ?(\d+)|\+QPINC: ?"SC",(\d+)', text)
    return int(found[1] or found[2]) if found else None


def iccid(lines: Sequence[str]) -> str | None:
    """The SIM's own number (ITU-T E.118: 18 to 20 digits, with a filler F at the end in some answers)."""
    found = re.search(r"(?<!\d)(\d{18,20})F*(?![0-9A-Za-z])", "\n".join(lines))
    return found[1] if found else None


def decide(locked: Lock, *, pin_given: bool, before: Try, left: int | None) -> Move:  # noqa: PLR0911 - one line a rule
    """What to do. before: what became of this PIN on this SIM; left: tries left, where the modem tells."""
    if locked is not Lock.PIN:
        return {Lock.READY: Move.USE, Lock.PUK: Move.SIM_PUK}.get(locked, Move.SIM_OTHER_LOCK)
    if not pin_given:
        return Move.SIM_LOCKED
    if before is Try.REFUSED:
        return Move.SIM_PIN_WRONG
    if left == TRIES_OF_A_SIM:
        # Nothing was wrong yet: a try that was begun either did not reach the SIM or was right.
        return Move.TRY
    if before is Try.BEGUN:
        return Move.SIM_PIN_WRONG
    if left is None:
        return Move.TRY
    if left < LEAST_TRIES:
        return Move.SIM_LAST_TRY
    # Somebody typed a wrong one since this one was right: it may have been changed.
    return Move.TRY if before is Try.NEVER else Move.SIM_PIN_WRONG


def removed(line: str) -> bool:
    """Whether a line told unasked says that there is no SIM any more."""
    return bool(
        re.match(r"\+CPIN: ?(?:NOT READY|NOT INSERTED|SIM REMOVED)|\+SIMCARD: ?NOT AVAILABLE|\+QSIMSTAT: ?\d,0", line)
    )


def service_centre(lines: Sequence[str]) -> str | None:
    """The SMSC out of +CSCA: "+33609001390",145; an empty text when none is set, None when it is not said."""
    found = re.search(r'\+CSCA: ?"([^"]*)"', "\n".join(lines))
    return readable(found[1]).strip() if found else None


def own_number(lines: Sequence[str]) -> str | None:
    """The first number out of +CNUM: ,"+33700...",145; many SIMs do not know theirs."""
    found = re.search(r'\+CNUM: ?(?:"[^"]*")?,"(\+?\d{3,20})",(\d+)', "\n".join(lines))
    if found is None:
        return None
    # Type 145: international, with or without the plus (TS 24.008, 10.5.4.7).
    return found[1] if found[1].startswith("+") or found[2] != "145" else "+" + found[1]


def barred(lines: Sequence[str]) -> bool | None:
    """Whether outgoing SMS are barred, out of +CLCK: <status>[,<class>] for the facility AO; class 8 is SMS."""
    found = re.findall(r'\+CLCK: ?(?:"AO",)?(\d)(?:,(\d+))?', "\n".join(lines))
    if not found:
        return None
    return any(status == "1" and (not service or int(service) & 8) for status, service in found)


def hidden(number: str | None) -> str:
    """A number of a SIM with its middle hidden, for issues and logs."""
    return "" if not number else f"{number[:6]}…{number[-3:]}" if len(number) > 9 else "…"
