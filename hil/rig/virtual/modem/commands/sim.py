"""The SIM (3GPP TS 27.007, 8.3)."""

from __future__ import annotations

from hil.rig.virtual.modem.commands.table import Commands, Requests, fixed

COMMANDS: Commands = ((r"AT\+CPIN\?", fixed("+CPIN: READY")),)
REQUESTS: Requests = {}
