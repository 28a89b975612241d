"""Looks now and then, beside the modems' own work, for programs that have their ports open too or would open them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from edge.modem.port import strangers

log = logging.getLogger(__name__)

EVERY_S = 5.0


@dataclass(frozen=True)
class Sighting:
    """Who was seen: at each device, and who opens any."""

    others: Mapping[str, Sequence[str]] = field(default_factory=dict)  # by the path of the settings
    grabbers: Sequence[str] = ()


class Lookout:
    """Keeps the last sighting."""

    def __init__(self) -> None:
        self.last = Sighting()

    async def run(self, devices: Sequence[str]) -> None:
        """Look once, in a thread: /proc may be long."""
        seen = await asyncio.to_thread(_look, tuple(devices))
        if seen != self.last and (any(seen.others.values()) or seen.grabbers):
            log.warning("other programs at the modems' ports: %s %s", dict(seen.others), list(seen.grabbers))
        self.last = seen


def _look(devices: Sequence[str]) -> Sighting:
    others = {device: strangers.openers(device) for device in devices}
    return Sighting({device: names for device, names in others.items() if names}, strangers.grabbers())
