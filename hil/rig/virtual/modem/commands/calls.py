"""Calls (3GPP TS 27.007, 6.3, 6.5, 7.11, 7.18; ITU-T V.250, 6.3)."""

from __future__ import annotations

from hil.rig.virtual.modem.commands.table import Commands, Requests

COMMANDS: Commands = ()
REQUESTS: Requests = {}
