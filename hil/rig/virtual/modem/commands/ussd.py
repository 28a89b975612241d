"""Dialogues with the network (3GPP TS 27.007, 7.15)."""

from __future__ import annotations

from hil.rig.virtual.modem.commands.table import Commands, Requests

COMMANDS: Commands = ()
REQUESTS: Requests = {}
