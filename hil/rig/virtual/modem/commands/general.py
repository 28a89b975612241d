"""Identity, echo, character set, errors, reset (3GPP TS 27.007, 5, 6, 8.2 and 9; ITU-T V.250)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hil.rig.virtual.modem.commands.table import Commands, Requests, cme, fixed

if TYPE_CHECKING:
    from hil.rig.virtual.modem.interpreter import Interpreter


@dataclass
class General:
    """Settings of this area; None: as the make has it at power-up."""

    cmee: int | None = None
    charset: str = "IRA"
    functionality: int = 1
    indications: dict[str, bool] = field(default_factory=dict)  # AT+QINDCFG


def cmee(modem: Interpreter) -> int:
    """How failures are worded."""
    chosen = modem.settings.of(General).cmee
    return modem.personality.cmee if chosen is None else chosen


def _forget(modem: Interpreter, _found: re.Match[str]) -> str:
    modem.forget_settings()
    return ""


def _set_echo(modem: Interpreter, found: re.Match[str]) -> str:
    modem.echo = found[1] != "0" or modem.traits.keeps_echo
    return ""


def _identity(modem: Interpreter, found: re.Match[str]) -> str:
    return modem.personality.identity[found[1].upper()]


def _set_cmee(modem: Interpreter, found: re.Match[str]) -> str:
    modem.settings.of(General).cmee = int(found[1])
    return ""


def _cmee(modem: Interpreter, _found: re.Match[str]) -> str:
    return f"+CMEE: {cmee(modem)}"


def _set_charset(modem: Interpreter, found: re.Match[str]) -> str:
    name = found[1].upper()
    if name not in ("IRA", "GSM", "UCS2"):
        raise cme(50)
    modem.settings.of(General).charset = name
    return ""


def _charset(modem: Interpreter, _found: re.Match[str]) -> str:
    return f'+CSCS: "{modem.settings.of(General).charset}"'


def _set_indication(modem: Interpreter, found: re.Match[str]) -> str:
    modem.settings.of(General).indications[found[1].lower()] = found[2] == "1"
    return ""


def _indication(modem: Interpreter, found: re.Match[str]) -> str:
    on = modem.settings.of(General).indications.get(found[1].lower(), False)
    return f'+QINDCFG: "{found[1]}",{int(on)}'


def _set_functionality(modem: Interpreter, found: re.Match[str]) -> str:
    modem.settings.of(General).functionality = int(found[1])
    return ""


def _functionality(modem: Interpreter, _found: re.Match[str]) -> str:
    return f"+CFUN: {modem.settings.of(General).functionality}"


def _restart(modem: Interpreter, _found: re.Match[str]) -> str:
    modem.later(0.05, modem.crash, modem.armed.vanish_s)
    return ""


COMMANDS: Commands = (
    (r"AT", fixed()),
    (r"AT(Z\d?|&F\d?)", _forget),
    (r"ATE(\d)?", _set_echo),
    (r"AT([VQXLM]|&[CDSW]|S\d+=)\d*", fixed()),
    (r"AT\+IPR=\d+|AT\+IFC=[\d,]+", fixed()),
    (r"AT\+CMEE=([0-2])", _set_cmee),
    (r"AT\+CMEE\?", _cmee),
    (r"AT\+CMEE=\?", fixed("+CMEE: (0-2)")),
    (r"AT\+CSCS=\?", fixed('+CSCS: ("IRA","GSM","UCS2")')),
    (r"AT\+CSCS\?", _charset),
    (r'AT\+CSCS="?(\w+)"?', _set_charset),
    (r"AT(I|\+CGM[IMR])", _identity),
    (r"AT\+C?GSN", fixed("490154203237518")),
    (r"AT\+GCAP", fixed("+GCAP: +CGSM,+FCLASS,+DS")),
    (r'AT\+QINDCFG="(\w+)",([01])(?:,[01])?', _set_indication),
    (r'AT\+QINDCFG="(\w+)"', _indication),
    (r"AT\+CFUN=([014])(?:,0)?", _set_functionality),
    (r"AT\+CFUN\?", _functionality),
    (r"AT\+CFUN=\?", fixed("+CFUN: (0,1,4),(0,1)")),
    (r"AT\+CFUN=1,1|AT\+CRESET", _restart),
)
REQUESTS: Requests = {}
