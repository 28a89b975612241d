"""The panel daemon as modem sees it: it can take a modem's power away. Nothing here waits for it."""

from __future__ import annotations

import logging
import uuid
from pathlib import Path

from edge.shared.messages.panel import PANEL, POWER_CYCLE, PowerCycleParams
from edge.shared.varlink import CallFailed, Unreachable, call_once

log = logging.getLogger(__name__)

TIMEOUT_S = 3.0


class PanelLink:
    """Asks panel."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def power_cycle(self, device: str, reason: str) -> bool:
        """Ask for a power cycle of this modem. Returns whether panel does it; there may be no board."""
        params = PowerCycleParams(device=device, reason=reason[:200], request_id=f"modem-{uuid.uuid4()}")
        try:
            await call_once(PANEL, self._path, POWER_CYCLE, params, timeout=TIMEOUT_S)
        except (Unreachable, CallFailed) as error:
            log.warning("%s: no power cycle: %s", device, error)
            return False
        log.warning("%s: panel takes its power away: %s", device, reason)
        return True
