"""How long a campaign takes to leave the box while the modem daemon cannot say: as through one SIM. Pure."""

from __future__ import annotations

from edge.shared.model import ModemSection

SECONDS_PER_PART = 2.0  # a submit on 4G; measured 0.3 to 4 s on real modules
PACING = ModemSection()  # what a site gets that sets nothing


def minutes_to_send(parts: int) -> float:
    """Minutes until the last part is handed over: the first free_burst at the modem's speed, the rest at the pacing."""
    free = min(parts, PACING.free_burst)
    paced = (parts - free) / PACING.pacing_per_minute
    return round(free * SECONDS_PER_PART / 60 + max(paced, (parts - free) * SECONDS_PER_PART / 60), 1)
