"""fr.repli.voice on its socket."""

from __future__ import annotations

from collections.abc import AsyncIterator

from edge.shared.broadcast import WatcherTooSlow
from edge.shared.messages.common import STATUS, DaemonStatus
from edge.shared.messages.voice import MODE, PHONES, VOICE, WATCH, ModeResult, PhonesResult
from edge.shared.paths import Paths
from edge.shared.rights import Caller
from edge.shared.varlink import Server
from edge.shared.varlink_idl import NoParams
from edge.voice.engine import Engine


class VoiceService:
    """Answers from the engine's memory, and from Kamailio for who is registered."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def server(self, paths: Paths) -> Server:
        """The server, not started yet."""
        server = Server(VOICE, paths.socket("voice"))
        server.on(STATUS, self.status)
        server.on(MODE, self.mode)
        server.on(PHONES, self.phones)
        server.on_stream(WATCH, self.watch)
        return server

    async def status(self, _: NoParams, _caller: Caller) -> DaemonStatus:
        """How the telephones are."""
        issues = self._engine.issues()
        mode = self._engine.mode()
        summary = {
            "mode": mode.mode.value,
            "kamailio": "yes" if mode.kamailio else "no",
            "phones": str(await self._engine.phone_count()),
            "extensions": str(len(self._engine.settings.extensions)),
        }
        return DaemonStatus(daemon="voice", state="degraded" if issues else "ok", summary=summary, issues=issues)

    async def mode(self, _: NoParams, _caller: Caller) -> ModeResult:
        """Who serves the phones."""
        return self._engine.mode()

    async def phones(self, _: NoParams, _caller: Caller) -> PhonesResult:
        """Every registered phone."""
        return PhonesResult(phones=await self._engine.phones())

    async def watch(self, _: NoParams, _caller: Caller) -> AsyncIterator[ModeResult]:
        """Who serves the phones, then each change; ends for a watcher that is too slow."""
        try:
            async for state in self._engine.broadcast.watch():
                yield state
        except WatcherTooSlow:
            return
