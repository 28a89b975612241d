"""What a technician's AT command would do to the sender. Pure. 3GPP TS 27.007 and 27.005, ITU-T V.250."""

from __future__ import annotations

import re
from enum import StrEnum


class Verdict(StrEnum):
    """What becomes of a command."""

    FINE = "fine"
    BREAKS = "breaks"  # takes away what sending stands on: asked for by a word of its own, then all is set up anew
    NEVER = "never"  # waits for a text, or leaves the command state: this port cannot be used for it


PART = re.compile(r'(?:[^;"]|"[^"]*"?)+')  # commands stand in one line with ; between them, but not in a text
EXTENDED = re.compile(r"([+^$*%#][A-Z0-9_]+)(=\?|\?|=.*)?", re.DOTALL)
ASKS = ("?", "=?")  # asks for values; changes nothing

NEVER = frozenset({"+CMGS", "+CMGW", "+CMGC", "+CNMA", "+CGDATA", "+CMUX", "+PPPD"})
BREAKS = frozenset(
    {
        # the network and the modem's own life
        *("+CFUN", "+COPS", "+CGATT", "+CGACT", "+CRESET", "+CPOF", "+QPOWD", "+QCFG", "+QUSBCFG", "+CUSBPIDSWITCH"),
        *("+QFOTADL", "+CFOTA", "+EGMR", "+CNMP", "+QICSGP"),
        # the SIM: three wrong PINs lock it, ten wrong PUKs end it
        *("+CPIN", "+CLCK", "+CPWD", "+CSIM", "+CRSM", "+CPINR"),
        # how messages and reports are sent, announced, kept and lost
        *("+CNMI", "+CPMS", "+CMGF", "+CMGD", "+CMGDA", "+QMGDA", "+CMSS", "+CSMS", "+CSCA", "+CSMP", "+CMMS", "+CRES"),
        *("+CSAS", "+CSCB", "+CSDH", "+CSCS", "+CGSMS"),
        # the line itself, and who else uses it
        *("+CMEE", "+IPR", "+IFC", "+ICF", "+CUSD", "+CHUP", "+VTS"),
    }
)
IDENTITY = re.compile(r"I\d?")


def judge(command: str) -> Verdict:
    """The worst of all commands in the line."""
    line = command.upper().replace(" ", "")  # which V.250 passes over
    if not line.startswith("AT"):
        return Verdict.NEVER
    verdicts = {_judge_one(part) for part in PART.findall(line[2:])}
    return next((worst for worst in (Verdict.NEVER, Verdict.BREAKS) if worst in verdicts), Verdict.FINE)


def names(command: str) -> str:
    """The commands without their values, which may be a PIN: for the log."""
    return re.sub(r"=(?!\?)[^;]*", "=...", command)


def _judge_one(part: str) -> Verdict:
    extended = EXTENDED.fullmatch(part)
    if extended is None:
        # Basic commands may follow each other without a separator: only those known to be harmless pass.
        return Verdict.FINE if not part or IDENTITY.fullmatch(part) else _judge_basic(part)
    if extended[2] in ASKS:
        return Verdict.FINE
    name = extended[1]
    return Verdict.NEVER if name in NEVER else Verdict.BREAKS if name in BREAKS else Verdict.FINE


def _judge_basic(part: str) -> Verdict:
    """ATD and ATO leave the command state, ATA may; the others change how the modem answers."""
    leaves = re.search(r"(?<!&)[DOA]", re.sub(r"[+^$*%#].*", "", part))
    hides = any(name in part for name in NEVER)
    return Verdict.NEVER if leaves or hides else Verdict.BREAKS
