"""The data bearer (3GPP TS 27.007, 10)."""

from __future__ import annotations

from hil.rig.virtual.modem.commands.table import Commands, Requests

COMMANDS: Commands = ()
REQUESTS: Requests = {}
