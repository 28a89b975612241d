"""How long a campaign takes to leave the box. Pure. An estimate for people: one SIM sends slowly, they must know."""

from __future__ import annotations

from edge.shared.messages.modem import Modem
from edge.shared.model import ModemSection

SECONDS_PER_PART = 2.0  # a submit on 4G; measured 0.3 to 4 s on real modules
PACING = ModemSection()  # what a site gets that sets nothing; alerts does not see the section of the modem daemon


def minutes_to_send(messages: int, parts_each: int, modems: list[Modem]) -> float:
    """Minutes until the last part is handed to the network, over the modems that are ready (one, when none is known).

    The first free_burst parts of each SIM go at the modem's speed, the rest at the pacing of the SIM.
    """
    sims = max(1, len(modems))
    queued = max((modem.queued for modem in modems), default=0)
    parts = (messages * parts_each + queued) / sims
    free = min(parts, float(PACING.free_burst))
    paced = (parts - free) / PACING.pacing_per_minute
    return round(free * SECONDS_PER_PART / 60 + max(paced, (parts - free) * SECONDS_PER_PART / 60), 1)
