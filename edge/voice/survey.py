"""Looks every few seconds at what changes slowly: phones, versions, how the cloud PBX treats calls. Nothing waits for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from edge.shared.model.voice import VoiceSection
from edge.voice import silence
from edge.voice.asking import Asking
from edge.voice.installed import LIBRARIES, missing
from edge.voice.inventory import Held, Inventory, elsewhere_of, unrouted_of, version_of
from edge.voice.kamailio_rpc import KamailioRpc, RpcRefused, RpcSilent
from edge.voice.kamailio_view import KamailioView, items_of
from edge.voice.trunk_view import TrunkView, settled, trunk_states, upstream_refusals
from edge.voice.vanishing import Presence, forgetful, step

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
        self.asking = Asking(settings, view.clock)
        self.run_id: str | None = None
        self.presence = Presence()
        self.past_us: Callable[[], dict[str, tuple[str, ...]]] = dict
        self.seen = Inventory()

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await self.look()
            await asyncio.sleep(PERIOD)

    async def look(self) -> None:
        """Look once; of a silent Kamailio only what it needs is looked for."""
        try:
            run_id = await self.view.run_id()
            held = await self.view.held()
            self._count(held, run_id)
            settings = self.settings()
            sight = await self.trunk_view.look(settings)
            self.seen = Inventory(
                phones=tuple(one.phone for one in held),
                version=version_of(str(await self.rpc.call("core.version"))),
                unrouted=unrouted_of(items_of(await self.rpc.call("htable.dump", "unrouted"))),
                elsewhere=self.past_us() | elsewhere_of(items_of(await self.rpc.call("htable.dump", "elsewhere"))),
                gone_together=self._gone(),
                trunks=settled(trunk_states(settings, sight), sight, self.seen.trunks),
                refused_upstream=upstream_refusals(settings, sight, self.seen.refused_upstream),
            )
        except (RpcSilent, RpcRefused) as error:
            log.debug("no survey: %s", error)
            missed = await asyncio.to_thread(missing, self.program, self.libraries)
            self.seen = Inventory(missing=missed, gone_together=self._gone())

    def _count(self, held: list[Held], run_id: str) -> None:
        self.asking.tell(held)
        seen = silence.seen(held, self.asking.ears)
        if run_id != self.run_id:
            self.presence = forgetful(self.presence, seen)
        self.run_id = run_id
        self.presence = step(self.presence, seen, self.clock.monotonic_ns() / 1e9)

    def _gone(self) -> tuple[str, ...]:
        return tuple(sorted(self.presence.together))
