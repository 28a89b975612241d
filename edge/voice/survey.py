"""Looks every few seconds at what changes slowly: phones, versions, how the cloud PBX treats calls. Nothing waits for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from edge.shared.messages.voice_trunks import TrunkState
from edge.shared.model.voice import VoiceSection
from edge.voice.installed import LIBRARIES, missing
from edge.voice.inventory import Inventory, elsewhere_of, unrouted_of, version_of
from edge.voice.kamailio_rpc import KamailioRpc, RpcRefused, RpcSilent
from edge.voice.kamailio_view import KamailioView, items_of
from edge.voice.trunk_view import TrunkView, settled, trunk_states
from edge.voice.vanishing import Presence, step

log = logging.getLogger(__name__)

PERIOD = 5.0  # seconds between two surveys: 200 phones are 200 questions


class Survey:
    """Asks one Kamailio, by the settings in force."""

    def __init__(
        self,
        view: KamailioView,
        trunks: TrunkView,
        settings: Callable[[], VoiceSection],
        program: str = "kamailio",
        libraries: Path = LIBRARIES,
    ) -> None:
        self.view = view
        self.trunk_view = trunks
        self.settings = settings
        self.rpc: KamailioRpc = view.rpc
        self.program = program
        self.libraries = libraries
        self.clock = view.clock
        self.presence = Presence()
        self.seen = Inventory()

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self.look()
            await asyncio.sleep(PERIOD)

    async def look(self) -> None:
        """Look once; of a silent Kamailio only what it needs is looked for."""
        try:
            phones = tuple(await self.view.phones())
            present = frozenset(phone.extension for phone in phones)
            self.presence = step(self.presence, present, self.clock.monotonic_ns() / 1e9)
            self.seen = Inventory(
                phones=phones,
                version=version_of(str(await self.rpc.call("core.version"))),
                unrouted=unrouted_of(items_of(await self.rpc.call("htable.dump", "unrouted"))),
                elsewhere=elsewhere_of(items_of(await self.rpc.call("htable.dump", "elsewhere"))),
                gone_together=tuple(sorted(self.presence.together)),
                trunks=await self._trunks(),
            )
        except (RpcSilent, RpcRefused) as error:
            log.debug("no survey: %s", error)
            self.seen = Inventory(missing=await asyncio.to_thread(missing, self.program, self.libraries))

    async def _trunks(self) -> tuple[TrunkState, ...]:
        settings = self.settings()
        sight = await self.trunk_view.look(settings)
        return settled(trunk_states(settings, sight), sight, self.seen.trunks)
