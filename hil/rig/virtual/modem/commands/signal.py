"""Signal, registration, operator (3GPP TS 27.007, 7.2, 7.3, 8.5)."""

from __future__ import annotations

from hil.rig.virtual.modem.commands.table import Commands, Requests, fixed

COMMANDS: Commands = (
    (r"AT\+CSQ", fixed("+CSQ: 21,99")),
    (r"AT\+CREG\?", fixed("+CREG: 0,1")),
    (r"AT\+COPS\?", fixed('+COPS: 0,0,"Virtuel",7')),
)
REQUESTS: Requests = {}
