"""The SIM (3GPP TS 27.007, 8.3; TS 27.005, 3.3.1)."""

from __future__ import annotations

from hil.rig.virtual.modem.commands.table import Commands, Requests, fixed

COMMANDS: Commands = (
    (r"AT\+CPIN\?", fixed("+CPIN: READY")),
    (r"AT\+CSCA\?", fixed('+CSCA: "+33609001390",145')),
)
REQUESTS: Requests = {}
