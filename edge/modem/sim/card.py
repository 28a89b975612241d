"""What a SIM says: its lock, who it is, its SMS centre, its number, what is barred (3GPP TS 27.007, 27.005). Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from edge.modem.port.answers import readable

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
