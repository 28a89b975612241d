"""The AT commands, a file for each area. To add one: a row in the table COMMANDS of its area.

An area keeps what is lost at power-up in `modem.settings.of(ItsOwnType)`, what outlives it in `modem.kept.of(...)`, and
answers its own lines of the control socket in REQUESTS.
"""

from __future__ import annotations

import itertools

from hil.rig.virtual.modem.commands import announcing, bearer, calls, general, signal, sim, sms, storage, ussd

AREAS = (general, sms, storage, announcing, sim, signal, calls, ussd, bearer)
COMMANDS = tuple(itertools.chain.from_iterable(area.COMMANDS for area in AREAS))
REQUESTS = {name: request for area in AREAS for name, request in area.REQUESTS.items()}
