"""Identity, echo, character set, reset (3GPP TS 27.007, 5 and 6; ITU-T V.250)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hil.rig.virtual.modem.commands.table import Commands, Requests, fixed

if TYPE_CHECKING:
    from hil.rig.virtual.modem.interpreter import Interpreter


def _reset(modem: Interpreter, _found: re.Match[str]) -> str:
    modem.forget_settings()
    return ""


def _set_echo(modem: Interpreter, found: re.Match[str]) -> str:
    modem.echo = found[1] != "0" or modem.traits.keeps_echo
    return ""


def _identity(modem: Interpreter, found: re.Match[str]) -> str:
    return modem.personality.identity[found[1]]


COMMANDS: Commands = (
    (r"AT", fixed()),
    (r"ATZ|AT&F", _reset),
    (r"ATE(\d)?", _set_echo),
    (r"AT\+CMEE=[0-2]", fixed()),
    (r"AT\+CSCS=\?", fixed('+CSCS: ("GSM","UCS2")')),
    (r"AT\+CSCS\?", fixed('+CSCS: "GSM"')),
    (r"AT\+CSCS=.*", fixed()),
    (r"AT(I|\+CGM[IMR])", _identity),
    (r"AT\+CGSN", fixed("490154203237518")),
)
REQUESTS: Requests = {}
